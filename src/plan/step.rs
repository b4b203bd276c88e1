//! The steps of a run, each with its undo, every path and version already fixed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::manifest::Release;
pub use crate::plan::leg::{Bridge, Comparable, Leg, Means};
use crate::plan::loss::Loss;
use crate::plan::observed::{Observed, Service};
use crate::version::{SchemaVersion, Version};

/// A run, fixed before its first change and never changed after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub run: String,
    /// What was asked for.
    pub operation: Operation,
    /// Where the machine stands.
    pub from: Point,
    /// Where it goes.
    pub to: Point,
    /// How a rollback goes back.
    pub strategy: Option<Strategy>,
    /// The database file, symlinks resolved.
    pub database: PathBuf,
    /// Units that would start the service by themselves, such as its socket: stopped before and started after it.
    #[serde(default)]
    pub triggers: Vec<String>,
    /// Whether the service ran before, and is to run again after an undo.
    pub was_running: bool,
    /// How long the service's own stop and start took in the last run, for the prediction.
    pub restart_ms: Option<u64>,
    /// The longest downtime that is allowed, from the stop to the first healthy answer, in milliseconds.
    #[serde(default)]
    pub max_downtime_ms: Option<u64>,
    /// How long the release stays on probation once the run is committed, in milliseconds.
    #[serde(default)]
    pub probation_ms: Option<u64>,
    /// The loss that was shown and agreed to.
    pub agreed: Option<Loss>,
    /// What is done, in this order; undone in the reverse one.
    pub steps: Vec<Step>,
}

impl Plan {
    /// What every plan has, from what was seen of the machine; nothing that only some have.
    pub(super) fn new(
        run: &str,
        operation: Operation,
        from: Point,
        to: Point,
        seen: &Observed,
        steps: Vec<Step>,
    ) -> Self {
        Self {
            run: run.to_owned(),
            operation,
            from,
            to,
            strategy: None,
            database: seen.database.path.clone(),
            triggers: seen.triggers.clone(),
            was_running: matches!(seen.service, Service::Running { .. }),
            restart_ms: None,
            max_downtime_ms: None,
            probation_ms: None,
            agreed: None,
            steps,
        }
    }
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A first installation.
    Install,
    /// To a higher release.
    Upgrade,
    /// To a lower release, or an older database.
    Rollback,
    /// Another schema under the same release.
    Migrate,
}

/// A release and a schema that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// The release; none before an installation.
    pub version: Option<Version>,
    /// The schema; none without a ledger.
    pub schema: Option<SchemaVersion>,
}

/// How a rollback goes back, least loss first in a tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The older program on the database as it is.
    Binary,
    /// The older program, and the newer release's down migrations.
    Down,
    /// The older program and a backup.
    Restore,
}

impl Strategy {
    /// The word in commands and listings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Down => "down",
            Self::Restore => "restore",
        }
    }
}

/// A release that is brought in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incoming {
    /// What the manifest says of it; kept with the version as what was trusted.
    pub release: Release,
    /// Where its artifact is, absolute, as it may be shown: without a user and a password.
    pub url: String,
    /// The size of the artifact.
    pub size: u64,
    /// The digest of the artifact.
    pub sha256: Sha256,
}

/// What the database of a run is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Source {
    /// The live database.
    Live,
    /// A backup.
    Backup {
        /// Its name.
        id: String,
        /// Its file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
        /// Its digest.
        sha256: Sha256,
        /// What makes it comparable with the live database, to count what is lost.
        #[serde(default)]
        comparison: Comparable,
    },
}

/// One unit of doing and undoing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Downloads, verifies and unpacks releases.
    Fetch {
        /// Those that are not on disk yet.
        releases: Vec<Incoming>,
    },
    /// Makes the database that the run will change.
    Copy {
        /// From what.
        source: Source,
    },
    /// Runs the migrations on the copy and takes them back.
    Rehearse {
        /// Those of this run, and of the hops that follow it.
        legs: Vec<Leg>,
        /// How many of them are this run's.
        own: usize,
    },
    /// Looks whether the database that is there is one that the release runs on.
    Adopt {
        /// The release.
        version: Version,
    },
    /// Stops the service; from here on nothing may start but what the run expects.
    Stop,
    /// Brings the copy up to the last commit.
    CatchUp,
    /// Runs the migrations on the copy.
    Migrate {
        /// Which.
        leg: Leg,
    },
    /// Builds a database where there is none.
    Create {
        /// From which migrations.
        leg: Leg,
        /// `user:group`, where it is not that of the directory.
        owner: Option<String>,
    },
    /// Puts the new database in the place of the live one.
    Exchange {
        /// Whether there is a live one.
        replaces: bool,
    },
    /// Points `current` at the new release.
    Switch {
        /// The release before.
        from: Option<Version>,
        /// The release after.
        to: Version,
    },
    /// Starts the service of the new release.
    Start,
    /// Waits until the new service is healthy, and provably the new one.
    Prove,
    /// The run is NEW; from here on recovery goes forward only.
    Commit,
    /// Lists the backup, prunes versions and backups.
    Tidy,
}

/// What takes a step back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// It changed nothing that is kept.
    Nothing,
    /// Remove the releases that were brought in.
    Discard,
    /// Remove the copy.
    RemoveCopy,
    /// Start the old service again.
    StartAgain,
    /// Put the old database back.
    ExchangeBack,
    /// Point `current` at the old release.
    SwitchBack,
    /// Stop the new service.
    StopNew,
}

impl Step {
    /// The name in reports and events.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fetch { .. } => "fetch",
            Self::Copy { .. } => "copy",
            Self::Rehearse { .. } => "rehearse",
            Self::Adopt { .. } => "observe",
            Self::Stop => "stop",
            Self::CatchUp => "catch-up",
            Self::Migrate { .. } | Self::Create { .. } => "migrate",
            Self::Exchange { .. } => "exchange",
            Self::Switch { .. } => "switch",
            Self::Start => "start",
            Self::Prove => "prove",
            Self::Commit => "commit",
            Self::Tidy => "tidy",
        }
    }

    /// What takes it back.
    pub fn undo(&self) -> Undo {
        match self {
            Self::Fetch { .. } => Undo::Discard,
            Self::Copy { .. } | Self::Create { .. } => Undo::RemoveCopy,
            Self::Stop => Undo::StartAgain,
            Self::Exchange { .. } => Undo::ExchangeBack,
            Self::Switch { .. } => Undo::SwitchBack,
            Self::Start => Undo::StopNew,
            // The copy that they change is removed with the step that made it.
            Self::Rehearse { .. } | Self::CatchUp | Self::Migrate { .. } => Undo::Nothing,
            // After the commit nothing is undone, and looking changes nothing.
            Self::Adopt { .. } | Self::Prove | Self::Commit | Self::Tidy => Undo::Nothing,
        }
    }
}

impl Plan {
    /// The position of the commit, after which recovery goes forward.
    pub fn commit(&self) -> Option<usize> {
        self.steps.iter().position(|step| matches!(step, Step::Commit))
    }

    /// The import that this run makes, if it is one: its copy of the live database is what the new one is filled from.
    pub fn import(&self) -> Option<&Leg> {
        let own = self.steps.iter().find_map(|step| if let Step::Migrate { leg } = step { Some(leg) } else { None });
        own.filter(|leg| leg.is_import())
    }

    /// Whether the run exchanges the database file.
    pub fn exchanges(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Exchange { .. }))
    }
}
