//! The record that the start-up gate reads: what may run on what, and which start a run expects.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Format;
use crate::migration::ledger::Stand;
use crate::migration::{LedgerState, SchemaPrint, recognise};
use crate::plan::verdict::{Standing, Verdict, compare};
use crate::version::{SchemaVersion, Version};

/// World-readable, written at each commit and before each start that a run makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRecord {
    /// The product.
    pub product: String,
    /// The database, symlinks resolved.
    pub database: PathBuf,
    /// Whose ledger the database has.
    #[serde(default)]
    pub engine: Format,
    /// The ledger's table.
    pub ledger: String,
    /// Releases that may run here, by version: the committed one and those that a run goes to or comes from.
    pub releases: BTreeMap<String, Runs>,
    /// The release that the last run committed.
    pub committed: Option<Version>,
    /// All schema versions that the newest release on disk knows of the major that the database is of, oldest first.
    pub order: Vec<SchemaVersion>,
    /// What each schema of that major looks like, by its version as text.
    pub schemas: BTreeMap<String, SchemaPrint>,
    /// The major that the database is of. Each counts its own schemas: schema 1 of one is not schema 1 of another.
    #[serde(default)]
    pub major: Option<u64>,
    /// Releases of other majors, which never run on it. Not among `releases`, where a program that was built with an older
    /// library would compare numbers.
    #[serde(default)]
    pub others: BTreeMap<String, Runs>,
    /// The run that is under way; nothing may start but what it expects.
    pub run: Option<Unfinished>,
}

/// On which schemas a release runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// The schema that it writes.
    pub schema: SchemaVersion,
    /// All that it reads.
    pub reads: Vec<SchemaVersion>,
}

/// A run that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// Its name.
    pub id: String,
    /// The one start that is allowed, and only while its owner lives.
    pub expect: Option<Expect>,
}

/// A start that a run makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// The release that is started.
    pub version: Version,
    /// The schema that it will find.
    pub schema: Option<SchemaVersion>,
    /// The process that starts it.
    pub pid: u32,
    /// When that process was started, in clock ticks since boot.
    pub started: u64,
    /// Which boot that was.
    pub boot: String,
    /// Whether the release ran on this very database before the run, which takes itself back: then it runs on it again,
    /// whatever is wrong with it.
    #[serde(default)]
    pub again: bool,
}

impl GateRecord {
    /// Where a database stands that looks like this: by its ledger, or, where it has none that can be read, by its look.
    /// `own` is the schema of the release in question.
    pub fn stand(&self, ledger: &LedgerState, print: &SchemaPrint, own: Option<&SchemaVersion>) -> Stand {
        if self.engine != Format::Command {
            return ledger.stand(&self.order);
        }
        Stand { schema: recognise(print, &self.schemas, &self.order, own), ..Stand::default() }
    }

    /// Whether a release may run on a database that looks like this, runs that are under way left aside.
    pub fn judge(&self, version: &Version, ledger: &LedgerState, print: &SchemaPrint) -> Verdict {
        let name = version.to_string();
        let Some(runs) = self.releases.get(&name) else {
            let Some(runs) = self.others.get(&name) else {
                return Verdict::Unknown { reason: format!("nothing is known of release {version}") };
            };
            return self.across(version, runs, ledger);
        };
        let stand = self.stand(ledger, print, Some(&runs.schema));
        let schema = stand.schema.as_ref();

        let expected = schema.and_then(|schema| self.schemas.get(&schema.to_string()));
        let drift = expected.map(|expected| stand.drift().chain(print.drift_from(expected)).collect::<Vec<_>>());
        let standing = Standing { schema, dirty: stand.dirty, drift: drift.as_deref() };
        compare(&runs.schema, &runs.reads, &self.order, &standing)
    }

    fn across(&self, version: &Version, runs: &Runs, ledger: &LedgerState) -> Verdict {
        let (schema, reads, major) = (ledger.stand(&self.order).schema, runs.reads.clone(), self.major);
        if self.major.is_some_and(|major| version.major() < major) {
            Verdict::Ahead { schema, reads, major }
        } else {
            Verdict::Behind { schema, reads, major }
        }
    }
}
