//! Why migrations failed.

use std::path::PathBuf;

use thiserror::Error;

use crate::db::foreign::ForeignPart;
use crate::db::ledger::LedgerError;
use crate::db::open::OpenError;
use crate::db::orphans::OrphansError;
use crate::migration::MigrationError;
use crate::sys::fs::PathError;
use crate::version::SchemaVersion;

/// Why migrations failed. The copy is to be thrown away.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The copy could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The migrations do not lead there.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A migration failed half-way before this run.
    #[error("the ledger is dirty at {}: a migration failed half-way", name(schema))]
    Dirty {
        /// What it says.
        schema: Option<SchemaVersion>,
    },
    /// The database is not where the migrations start.
    #[error("`{file}` starts from schema {}, and the ledger says {}", name(expected), name(found))]
    StartsElsewhere {
        /// The first migration.
        file: String,
        /// Where it starts.
        expected: Option<SchemaVersion>,
        /// Where the database is.
        found: Option<SchemaVersion>,
    },
    /// A migration was left out, and later ones were not.
    #[error("migration {hole} is not applied, and would be left out by `{above}`, which comes after it")]
    Hole {
        /// What is missing.
        hole: SchemaVersion,
        /// The first of those that were to be run.
        above: String,
    },
    /// A statement failed.
    #[error("cannot run statement {statement} of `{file}` at line {line}")]
    Statement {
        /// The migration's file.
        file: String,
        /// Which of its statements, counted from 1.
        statement: usize,
        /// The line that it begins on.
        line: usize,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// A statement needs what programs add to SQLite themselves.
    #[error(transparent)]
    Foreign(#[from] ForeignPart),
    /// A statement does what no migration may: reach out of its database.
    #[error(
        "`{file}` uses {what} at line {line}, which no migration may: what lies outside of its database is neither copied nor \
         taken back; let the program do that itself"
    )]
    Denied {
        /// The migration's file.
        file: String,
        /// The line of the statement.
        line: usize,
        /// What it uses.
        what: String,
    },
    /// A file began a transaction and did not end it.
    #[error("`{file}` leaves its transaction open")]
    LeftOpen {
        /// The migration's file.
        file: String,
    },
    /// A file ended the transaction that its engine had begun for it.
    #[error("`{file}` ends the transaction around it and begins no other: what it did stays, and its engine fails")]
    LeftClosed {
        /// The migration's file.
        file: String,
    },
    /// A file was run in part, and that part is another one now.
    #[error("`{file}` was broken off after its statement {statement} had run, and that statement was changed since")]
    HistoryChanged {
        /// The migration's file.
        file: String,
        /// Which of its statements, counted from 1.
        statement: usize,
    },
    /// References lead nowhere that did not before.
    #[error("the migrations leave references that lead nowhere: {}", violations.join("; "))]
    Dangling {
        /// The first of them.
        violations: Vec<String>,
    },
    /// A file leaves rows without their parent where its engine takes back the transaction of such a file.
    #[error(
        "`{file}` leaves rows without their parent, and Atlas takes back a transaction that does so once an earlier file of \
         the command has switched `foreign_keys` on: {}",
        orphans.join("; ")
    )]
    Orphaned {
        /// The migration's file.
        file: String,
        /// The first of them.
        orphans: Vec<String>,
    },
    /// The rows without their parent cannot be counted as the engine counts them around a transaction.
    #[error(
        "cannot count the rows without their parent around `{file}`, as Atlas does since an earlier file of this command \
         switched `foreign_keys` on"
    )]
    Uncounted {
        /// The migration's file.
        file: String,
        /// Why not.
        source: OrphansError,
    },
    /// The caller's connection is in the midst of something.
    #[error("a transaction is open on the connection")]
    Occupied,
    /// It was asked to stop.
    #[error("stopped before the migrations were done")]
    Stopped,
    /// Something around the migrations failed.
    #[error("cannot {tried}")]
    Sqlite {
        /// What was tried.
        tried: &'static str,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The copy cannot be moved alone.
    #[error("`{}` is still there after the copy was closed", path.display())]
    SideFile {
        /// A log, an index of one, or a journal.
        path: PathBuf,
    },
    /// A file could not be accessed.
    #[error(transparent)]
    Path(#[from] PathError),
}

pub(crate) fn name(schema: &Option<SchemaVersion>) -> String {
    schema.as_ref().map_or_else(|| "no schema".to_owned(), ToString::to_string)
}
