//! Runs migrations on the database itself, as the engines do: for a database of no installed product, whose caller has
//! asked [`crate::journal::owned`].
//!
//! All that can be in one transaction is in one, with the ledger and the checks. A file that cannot runs alone, between
//! two transactions. While it runs the ledger says what its engine lets it say: golang-migrate's and Atlas's that it is
//! under way, so that a kill there is never taken for success; those of the others have no word for it.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

use crate::config::ForeignKeys;
use crate::db::execute::{Execution, fits, in_order};
use crate::db::ledger::{self, Entry};
use crate::db::migrate::{Look, MigrateError, Settings, name, sqlite};
use crate::db::open::{OpenError, set_foreign_keys, told};
use crate::db::receipt::Receipt;
use crate::db::watch::{Stop, Watch};
use crate::migration::ledger::{Model, Stand};
use crate::migration::{Direction, Ledger, Place, Script, Work};
use crate::sys::clock::{self, Stopwatch};
use crate::sys::seam;
use crate::version::SchemaVersion;

/// How long a lock of somebody else is waited for, as golang-migrate's usual driver does.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Why migrations failed in place.
#[derive(Debug, Error)]
pub enum InPlaceError {
    /// Nothing was changed.
    #[error(transparent)]
    Unchanged(#[from] MigrateError),
    /// Files that cannot be in a transaction had run before; what they did stays.
    #[error(
        "what was committed before stays: the ledger is {} at {}{}",
        if *dirty { "dirty" } else { "clean" },
        name(schema),
        within.as_ref().filter(|_| !dirty).map_or(String::new(), |file| format!(", and some of `{file}` may be done"))
    )]
    Partly {
        /// What the ledger says now.
        schema: Option<SchemaVersion>,
        /// Whether it says that a migration was broken off.
        dirty: bool,
        /// The file that was broken off outside a transaction, if it was one; most ledgers have no word for that.
        within: Option<String>,
        /// Why it did not go on.
        source: Box<MigrateError>,
    },
    /// They failed, and SQLite could not take them back at once.
    #[error("{failed}; the rollback failed as well, and whoever opens the database next finishes it")]
    Rollback {
        /// Why they failed.
        failed: Box<MigrateError>,
        /// Why they could not be taken back.
        source: rusqlite::Error,
    },
}

/// Runs `works`, which start where the ledger stands, on `database`, whose path has its symlinks resolved. It makes the
/// file where there is none and the works start from nothing. When it returns, what it did survives a power cut.
///
/// Foreign keys are not enforced, as SQLite has it by default; references are checked before the commit. `stop` acts
/// wherever everything can be rolled back, and not inside a file that runs alone.
///
/// # Errors
/// Whatever fails, with what stays. A file that was made stays, empty: somebody else may have opened it by then.
pub fn run(
    database: &Path,
    works: &[Work],
    ledger: &Ledger,
    stop: Stop,
    progress: &dyn Fn(&Work),
) -> Result<Receipt, InPlaceError> {
    let alone = Arc::new(AtomicBool::new(false));
    let shield = Arc::clone(&alone);
    let stop: Stop = Arc::new(move || !shield.load(Ordering::Relaxed) && stop());
    let mut connection = open(database, works, stop.clone()).map_err(MigrateError::from)?;
    let mode = journal_mode(&connection).map_err(|error| told(database, error)).map_err(MigrateError::from)?;
    let watch = Watch::over(&mut connection, stop.clone()).map_err(sqlite("watch the migrations"))?;
    let settings = Settings { stop, progress, ..Settings::of(ledger) };
    let execution = Execution::new(&connection, &settings, &watch);
    let run = Run { database, execution, alone: &alone, kept: RefCell::new(None) };
    let outcome = run.all(works);
    let kept = run.kept.take();
    drop(run);
    Watch::end(&mut connection).map_err(sqlite("end the watch"))?;
    match outcome {
        Ok(mut receipt) => {
            receipt.warnings.extend(keep_mode(&connection, &mode).err());
            Ok(receipt)
        }
        Err(failed) if !connection.is_autocommit() => match (connection.execute_batch("ROLLBACK"), kept) {
            (Err(source), _) => Err(InPlaceError::Rollback { failed: Box::new(failed), source }),
            (Ok(()), kept) => Err(told_of(failed, kept)),
        },
        Err(failed) => {
            // What failed counts; the next run puts the mode right where this one cannot.
            let _ = keep_mode(&connection, &mode);
            Err(told_of(failed, kept))
        }
    }
}

fn told_of(failed: MigrateError, kept: Option<Kept>) -> InPlaceError {
    match kept {
        None => InPlaceError::Unchanged(failed),
        Some(Kept { schema, dirty, within }) => {
            InPlaceError::Partly { schema, dirty, within, source: Box::new(failed) }
        }
    }
}

fn open(database: &Path, works: &[Work], stop: Stop) -> Result<Connection, OpenError> {
    let first = |work: &Work| work.direction() == Direction::Up && work.starts_from().is_none();
    let create = if works.first().is_some_and(first) { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    seam::cross("open the database, or make it");
    let opened = Connection::open_with_flags(database, flags | create).and_then(|mut connection| {
        let mut waiting = Stopwatch::start();
        connection.busy_handler(Some(move |tries| {
            if tries == 0 {
                waiting = Stopwatch::start();
            }
            clock::pause(Duration::from_millis(5));
            !stop() && waiting.elapsed() < PATIENCE
        }))?;
        Ok(connection)
    });
    opened.map_err(|error| told(database, error))
}

fn journal_mode(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))
}

/// Takes back what a file that ran alone did to the journal mode, as far as it lasts.
fn keep_mode(connection: &Connection, mode: &str) -> Result<(), String> {
    let now = journal_mode(connection);
    if now.as_ref().is_ok_and(|now| (now == "wal") == (mode == "wal")) {
        return Ok(());
    }
    seam::cross("restore the journal mode");
    let set = connection.pragma_update_and_check(None, "journal_mode", mode, |row| row.get::<_, String>(0));
    match set {
        Ok(set) if set == mode => Ok(()),
        _ => Err(format!("a migration changed the journal mode, and it could not be set back to {mode}")),
    }
}

/// What there is after the last commit.
struct Kept {
    schema: Option<SchemaVersion>,
    dirty: bool,
    /// The file that runs outside a transaction.
    within: Option<String>,
}

struct Run<'a> {
    database: &'a Path,
    execution: Execution<'a>,
    /// While set, nobody stops the run.
    alone: &'a AtomicBool,
    kept: RefCell<Option<Kept>>,
}

impl Run<'_> {
    fn all(&self, works: &[Work]) -> Result<Receipt, MigrateError> {
        let Execution { connection, settings, ledger, .. } = &self.execution;
        self.begin()?;
        // Inside the transaction: somebody else may have migrated since the works were chosen.
        let state = fits(connection, works, settings)?;
        let works = in_order(works, &state, settings);
        let before = Look::before(connection, settings).map_err(|error| self.unless_stopped(error))?;
        let stopwatch = Stopwatch::start();
        ledger.create()?;
        for (index, work) in works.iter().enumerate() {
            self.execution.unless_stopped()?;
            (settings.progress)(work);
            let (entry, took) = (ledger.entry(work, clock::now()), Stopwatch::start());
            match work.script().map(|script| (script, script.place(ForeignKeys::Ignored))) {
                None => {}
                Some((script, Place::Together)) => self.execution.script(script)?,
                Some((script, Place::Alone(_))) => {
                    self.alone(&entry, script, &works, &before)?;
                    self.begin()?;
                    fits(connection, works.get(index + 1..).unwrap_or_default(), settings)?;
                    continue;
                }
            }
            // Of one row only the last content is left.
            if settings.ledger.shape.model == Model::List || index + 1 == works.len() {
                entry.end(took.elapsed())?;
            }
        }
        let ms = stopwatch.millis();
        let receipt = self.check(&before, &works, ms)?;
        self.execution.unless_stopped()?;
        self.commit(None, &works)?;
        Ok(receipt)
    }

    /// Ends the transaction that is open, and leaves none. In between the ledger says what the engine lets it say while
    /// a file runs.
    fn alone(&self, entry: &Entry<'_, '_>, script: &Script, works: &[Work], before: &Look) -> Result<(), MigrateError> {
        entry.open()?;
        self.check(before, works, 0)?;
        self.commit(Some(&script.file), works)?;
        self.set()?;
        seam::cross("run a migration outside a transaction");
        let took = Stopwatch::start();
        self.alone.store(true, Ordering::Relaxed);
        let ran = self.execution.pieces(script, &mut |pieces| Ok(entry.piece(pieces)?));
        self.alone.store(false, Ordering::Relaxed);
        ran.map_err(|broken| {
            let failed = script.pieces.get(broken.pieces).map_or("", |piece| &piece.sql);
            // Without this mark the ledger still says that it was not ended.
            let _ = entry.fail(broken.pieces, &words(&broken.error), failed);
            broken.error
        })?;
        if !self.execution.connection.is_autocommit() {
            return Err(MigrateError::LeftOpen { file: script.file.clone() });
        }
        self.begin()?;
        entry.end(took.elapsed())?;
        self.check(before, works, 0)?;
        self.commit(None, works)
    }

    fn begin(&self) -> Result<(), MigrateError> {
        self.set()?;
        let begun = self.execution.connection.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|source| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) if (self.execution.settings.stop)() => MigrateError::Stopped,
            _ => told(self.database, source).into(),
        })
    }

    /// Outside a transaction, and again after each file that ran outside one: it may have changed them.
    fn set(&self) -> Result<(), MigrateError> {
        let connection = self.execution.connection;
        set_foreign_keys(connection, ForeignKeys::Ignored)?;
        // Without a log the removal of the journal is the commit, and FULL does not wait until that is durable.
        let set = connection.execute_batch("PRAGMA synchronous = EXTRA");
        set.map_err(sqlite("set `synchronous`"))
    }

    fn check(&self, before: &Look, works: &[Work], ms: u64) -> Result<Receipt, MigrateError> {
        let Execution { connection, settings, .. } = &self.execution;
        let executed = self.execution.executed(works);
        before.receipt(connection, settings, works, executed, ms).map_err(|error| self.unless_stopped(error))
    }

    /// Commits what is done, before a file that runs alone or at the end.
    fn commit(&self, within: Option<&str>, works: &[Work]) -> Result<(), MigrateError> {
        let Execution { connection, settings, .. } = &self.execution;
        let Stand { schema, dirty, .. } = ledger::stand(connection, settings.ledger, works)?;
        seam::cross("commit the migrations in place");
        let committed = connection.execute_batch("COMMIT");
        committed.map_err(|source| self.execution.told(source, sqlite("commit the migrations")))?;
        self.kept.replace(Some(Kept { schema, dirty, within: within.map(str::to_owned) }));
        Ok(())
    }

    /// A look that was interrupted because of a stop did not fail.
    fn unless_stopped(&self, error: MigrateError) -> MigrateError {
        match error {
            MigrateError::Sqlite { source, tried } => self.execution.told(source, sqlite(tried)),
            error => error,
        }
    }
}

/// The words of a failure that an engine writes down: SQLite's own.
fn words(error: &MigrateError) -> String {
    match error {
        MigrateError::Statement { source, .. } => source.to_string(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
