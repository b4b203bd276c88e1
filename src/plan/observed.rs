//! What was seen of the machine, as values. Nothing here looks at anything.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Format;
use crate::digest::{Fingerprint, Sha256};
use crate::manifest::Release;
use crate::migration::Drift;
use crate::version::{SchemaVersion, Version};

/// The machine, as seen at one moment.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The release that `current` points to, as it was trusted when it was brought in.
    pub installed: Option<Release>,
    /// All releases on disk, lowest first, the installed one included.
    pub on_disk: Vec<Release>,
    /// All schema versions that the newest release on disk knows of the installed one's major, oldest first: each major
    /// counts its own, and a number of one says nothing in another.
    pub order: Vec<SchemaVersion>,
    /// The database.
    pub database: Database,
    /// The service.
    pub service: Service,
    /// Active units that would start the service by themselves.
    pub triggers: Vec<String>,
    /// Processes that hold the database and are not the service's.
    pub foreign: Vec<Process>,
    /// Whether some processes could not be looked at.
    pub blind: bool,
    /// The file systems that a run writes to.
    pub spaces: Vec<Space>,
    /// Backups, oldest first.
    pub backups: Vec<Backup>,
    /// Releases that failed here or were gone back from.
    pub held: Vec<Held>,
}

impl Observed {
    /// The releases on disk that share the installed one's migrations, lowest first; all where none is installed.
    pub fn of_its_major(&self) -> impl DoubleEndedIterator<Item = &Release> {
        let major = self.installed.as_ref().map(|installed| installed.version.major());
        self.on_disk.iter().filter(move |release| major.is_none_or(|major| release.version.major() == major))
    }
}

/// The database file.
#[derive(Clone, Debug)]
pub struct Database {
    /// Symlinks resolved, as far as it exists.
    pub path: PathBuf,
    /// What it is.
    pub content: Content,
    /// What forbids to exchange the file.
    pub obstacles: Vec<Obstacle>,
}

/// What the database file is.
#[derive(Clone, Debug)]
pub enum Content {
    /// There is no such file.
    Missing,
    /// It has no bytes.
    Empty,
    /// It is something else, or it cannot be read, and why.
    Unusable(String),
    /// A database whose ledger is that of another format than the configured one.
    OtherFormat(Format),
    /// A database.
    Readable(Readable),
}

/// A database that could be read.
#[derive(Clone, Debug)]
pub struct Readable {
    /// The schema that its ledger names; none where there is no ledger or it has no row.
    pub schema: Option<SchemaVersion>,
    /// Whether it is told from what the database looks like, as no ledger can be read: of a database that no release on
    /// disk knows it is none.
    pub by_look: bool,
    /// Whether the ledger says that a migration was broken off.
    pub dirty: bool,
    /// Where the schema of a dirty database really stands, if it could be told.
    pub stands_at: Option<SchemaVersion>,
    /// Of the schema as it is.
    pub fingerprint: Fingerprint,
    /// How it differs from what the ledger says; empty where that is not known.
    pub drift: Vec<Drift>,
    /// Whether the file was read without a lock, so that what somebody was writing may be missing.
    pub unlocked: bool,
    /// Whether what the ledger says could be compared with the schema.
    pub compared: bool,
    /// The size of the file and of its log.
    pub bytes: u64,
    /// Whether it is in WAL mode.
    pub wal: bool,
}

/// What forbids to exchange the database file, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// A word for scripts.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// The service, as its manager sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// It runs.
    Running {
        /// Its main process, where the manager knows it.
        pid: Option<u32>,
    },
    /// It does not.
    Stopped,
    /// Nobody manages it.
    Unmanaged,
}

/// A process that holds the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub command: String,
}

/// A file system that a run writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// What of ours lies there.
    pub holds: Holds,
    /// Where.
    pub path: PathBuf,
    /// Paths with one device share their space.
    pub device: u64,
    /// Bytes that are free.
    pub available: u64,
    /// Whether it is mounted read-only.
    pub read_only: bool,
    /// Whether this process may write there.
    pub writable: bool,
}

/// What of ours lies on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// The database and its copies.
    Database,
    /// The versions of the program.
    Versions,
    /// Downloads, runs and the reserve.
    State,
    /// Backups.
    Backups,
}

impl Holds {
    /// The words in messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Database => "the database and its copies",
            Self::Versions => "the versions of the program",
            Self::State => "the installer's state",
            Self::Backups => "the backups",
        }
    }
}

/// A backup that is listed: its file restores to exactly what it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Its name; names sort by age.
    pub id: String,
    /// What it was made for.
    pub kind: BackupKind,
    /// The release that wrote the database.
    pub version: Option<Version>,
    /// The schema of the database.
    pub schema: Option<SchemaVersion>,
    /// The size of the file.
    pub bytes: u64,
    /// The digest of the file.
    pub sha256: Sha256,
    /// When it was taken, by the wall clock.
    pub created: Timestamp,
}

/// What a backup was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupKind {
    /// The database as a run found it.
    Before,
    /// Made by hand.
    Manual,
    /// The database that a run gave up.
    Abandoned,
}

impl BackupKind {
    /// The word in listings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Manual => "manual",
            Self::Abandoned => "abandoned",
        }
    }
}

/// A release that is not taken again by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which one.
    pub version: Version,
    /// The artifact that failed: another artifact of that version is another attempt.
    pub sha256: Option<Sha256>,
    /// Why.
    pub cause: Cause,
    /// In one line.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// In which run.
    pub run: String,
}

impl Held {
    /// Whether it holds what is offered as this release: another artifact of a version that failed here is another attempt.
    pub fn holds(&self, offered: &Release) -> bool {
        self.version == offered.version
            && self.sha256.is_none_or(|failed| offered.artifacts.iter().any(|artifact| artifact.sha256 == failed))
    }
}

/// What holds a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It failed here: only `--retry` takes it again.
    Failed,
    /// An operator rolled back from it: only asking for it by name takes it again.
    RolledBack,
}
