//! Why there is no new database.

use std::path::PathBuf;

use thiserror::Error;

use crate::db::build::Culprit;
use crate::db::ledger::LedgerError;
use crate::db::migrate::{MigrateError, name};
use crate::db::open::OpenError;
use crate::digest::{Fingerprint, Sha256};
use crate::migration::MigrationError;
use crate::sys::fs::PathError;
use crate::transfer::value::RowError;
use crate::version::SchemaVersion;

/// Why there is no new database. What was begun of it is to be thrown away.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The old database has more than its main file.
    #[error("`{}` is beside the old database and not empty: somebody uses it, or a crash left it", path.display())]
    Busy {
        /// The log or journal.
        path: PathBuf,
    },
    /// The mapping does not read such a database.
    #[error("the mapping reads {known}, and the old database has schema {} with the fingerprint {found}", name(schema))]
    Source {
        /// What its ledger says.
        schema: Option<SchemaVersion>,
        /// What it looks like.
        found: Fingerprint,
        /// What the mapping reads.
        known: String,
    },
    /// The old file is not the one that was copied, or it changed meanwhile.
    #[error("the old database has the SHA-256 {found} {when} the import, and not {expected}")]
    Changed {
        /// Before or after.
        when: &'static str,
        /// What it has.
        found: Sha256,
        /// What it should have.
        expected: Sha256,
    },
    /// The migrations make another schema.
    #[error("the new migrations make a schema with the fingerprint {found}, and not {expected}")]
    Schema {
        /// What they make.
        found: Fingerprint,
        /// What the release says.
        expected: Fingerprint,
    },
    /// The mapping does not account for everything, or names what is not there.
    #[error("the mapping does not fit: {}", findings.join("; "))]
    Mapping {
        /// Everything that is wrong with it.
        findings: Vec<String>,
    },
    /// A statement of the mapping failed on these rows.
    #[error("cannot run the statement at line {line} of `{file}`")]
    Statement {
        /// The file.
        file: String,
        /// The line that it begins on.
        line: usize,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// A condition, count or check of the mapping failed on these rows.
    #[error("cannot answer `{sql}`, which the mapping asks")]
    Question {
        /// The query.
        sql: String,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// Rows do not fit into the new schema.
    #[error("{} not fit:{}", counted(.0.total, "row does", "rows do"), .0.words())]
    Rows(Box<Culprits>),
    /// Old rows went nowhere.
    #[error(
        "{} of the old table `{table}` {} not carried, and the mapping gives no reason for any",
        counted(*rows, "row", "rows"),
        if *rows == 1 { "is" } else { "are" }
    )]
    Left {
        /// The old table.
        table: String,
        /// How many.
        rows: u64,
    },
    /// A new table has another number of rows.
    #[error("the new table `{table}` has {found} rows, and not {expected} ({words})")]
    Count {
        /// The new table.
        table: String,
        /// What it has.
        found: u64,
        /// What it should have.
        expected: u64,
        /// How that was computed.
        words: String,
    },
    /// What was to be carried unchanged is not the same.
    #[error("`{}` ({}) is not the same as in `{}`: {}, and not {}{}", .0.table, .0.columns, .0.from, .0.found, .0.expected, .0.such_as())]
    Content(Box<Unequal>),
    /// A check of the mapping found rows.
    #[error("a check of the mapping failed: {words}: {}", rows.join("; "))]
    Check {
        /// What the check says.
        words: String,
        /// The first rows that it found.
        rows: Vec<String>,
    },
    /// The ledger does not say what the migrations lead to.
    #[error("the new ledger is at {}, and not at {expected}", name(found))]
    LedgerAt {
        /// What it says.
        found: Option<SchemaVersion>,
        /// What it should say.
        expected: SchemaVersion,
    },
    /// The new database is damaged.
    #[error("the new database is damaged: {0}")]
    Damaged(String),
    /// The migrations failed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The migrations do not lead there.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file could not be accessed.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A row could not be said.
    #[error(transparent)]
    Said(#[from] RowError),
    /// SQLite failed.
    #[error("cannot {tried}")]
    Sqlite {
        /// What was tried.
        tried: &'static str,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// Whoever watched called it off.
    #[error("the import was called off")]
    Cancelled,
}

/// Rows that do not fit.
#[derive(Debug)]
pub struct Culprits {
    /// The first of them.
    pub rows: Vec<Culprit>,
    /// How many there are; at least so many where they were not all counted.
    pub total: u64,
}

/// Values that were to be carried unchanged, and are not the same.
#[derive(Debug)]
pub struct Unequal {
    /// The new table.
    pub table: String,
    /// The old tables.
    pub from: String,
    /// The new columns.
    pub columns: String,
    /// Rows and digest of the new side.
    pub found: String,
    /// Of the old side.
    pub expected: String,
    /// The first rows that only one side has.
    pub examples: Vec<String>,
}

impl Unequal {
    fn such_as(&self) -> String {
        if self.examples.is_empty() { String::new() } else { format!("; such as {}", self.examples.join(", ")) }
    }
}

impl Culprits {
    /// A line for each, where there are several.
    fn words(&self) -> String {
        if let ([only], 1) = (self.rows.as_slice(), self.total) {
            return format!(" {only}");
        }
        let more = self.total.saturating_sub(self.rows.len() as u64);
        let more = (more > 0).then(|| format!("and {more} more"));
        self.rows.iter().map(ToString::to_string).chain(more).map(|row| format!("\n    {row}")).collect()
    }
}

impl BuildError {
    /// Whether what was given is to blame, the data or the mapping, and not the machine.
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Open(_)
                | Self::Path(_)
                | Self::Sqlite { .. }
                | Self::Damaged(_)
                | Self::Changed { .. }
                | Self::Cancelled
        )
    }

    /// Whether other rows or another schema in the old database would have passed: whoever owns them can mend that, and
    /// the same release may be taken then. What was compiled before fails on rows alone.
    pub fn is_of_the_data(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::Source { .. }
                | Self::Statement { .. }
                | Self::Question { .. }
                | Self::Rows(_)
                | Self::Left { .. }
                | Self::Count { .. }
                | Self::Content(_)
                | Self::Check { .. }
        )
    }
}

pub(super) fn sqlite(tried: &'static str) -> impl Fn(rusqlite::Error) -> BuildError {
    move |source| BuildError::Sqlite { tried, source }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
