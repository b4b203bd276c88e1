//! Runs migrations on the database itself, as the engines do: for a database of no installed product, whose caller has
//! asked [`crate::journal::owned`].
//!
//! All that can be in one transaction is in one, with the ledger and the checks. A file that cannot runs alone, between
//! two transactions. While it runs the ledger says what its engine lets it say: golang-migrate's and Atlas's that it is
//! under way, so that a kill there is never taken for success; those of the others have no word for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use crate::db::execute::Execution;
use crate::db::migrate::{Manner, MigrateError, Settings, name, sqlite};
use crate::db::open::{OpenError, told};
use crate::db::receipt::Effect;
use crate::db::watch::{Stop, Watch};
use crate::migration::{Direction, Ledger, Work};
use crate::sys::clock::{self, Stopwatch};
use crate::sys::seam;
use crate::version::SchemaVersion;
use fresh::Fresh;
use run::{Kept, Run};

mod fresh;
mod run;

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

impl InPlaceError {
    /// Whether the database is not where it was when the works were chosen: somebody else migrates it too. Nothing was
    /// changed, and another look may find another way.
    pub fn is_elsewhere(&self) -> bool {
        use MigrateError::{Dirty, Hole, StartsElsewhere};
        matches!(self, Self::Unchanged(StartsElsewhere { .. } | Hole { .. } | Dirty { .. }))
    }
}

/// Runs `works`, which start where the ledger stands, on `database`, whose path has its symlinks resolved. It makes the
/// file where there is none and the works start from nothing. When it returns, what it did survives a power cut.
///
/// Foreign keys are not enforced, as SQLite has it by default; references that lead nowhere afterwards are warnings. `stop` acts
/// wherever everything can be rolled back, and not inside a file that runs alone.
///
/// # Errors
/// Whatever fails, with what stays. Of a file that was to be made nothing does, unless something was committed.
pub fn run(
    database: &Path,
    works: &[Work],
    ledger: &Ledger,
    stop: Stop,
    progress: &dyn Fn(&Work),
) -> Result<Effect, InPlaceError> {
    let alone = Arc::new(AtomicBool::new(false));
    let shield = Arc::clone(&alone);
    let stop: Stop = Arc::new(move || !shield.load(Ordering::Relaxed) && stop());
    let fresh = if is_first(works) { Fresh::begin(database, &stop)? } else { None };
    let place = fresh.as_ref().map_or_else(|| database.to_owned(), Fresh::place);
    let mut connection = open(&place, works, stop.clone()).map_err(MigrateError::from)?;
    let settings = Settings { manner: Manner::AsEngine, stop, progress, ..Settings::of(ledger) };
    let outcome = go(&mut connection, database, works, &settings, &alone);
    match fresh {
        Some(fresh) => fresh.end(connection, outcome),
        None => outcome,
    }
}

/// Whether the first of them starts from nothing.
fn is_first(works: &[Work]) -> bool {
    works.first().is_some_and(|work| work.direction() == Direction::Up && work.starts_from().is_none())
}

/// The same on a connection of the caller's, which is in no transaction. Its settings of `foreign_keys` and
/// `synchronous` come back; an authorizer and a progress handler of its own do not.
///
/// # Errors
/// As [`run()`]; also a transaction that is open.
pub fn run_on(connection: &mut Connection, works: &[Work], ledger: &Ledger) -> Result<Effect, InPlaceError> {
    if !connection.is_autocommit() {
        return Err(MigrateError::Occupied.into());
    }
    let database = PathBuf::from(connection.path().unwrap_or(":memory:"));
    let setting =
        |connection: &Connection, pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let kept = ["foreign_keys", "synchronous"].map(|pragma| (pragma, setting(connection, pragma)));
    let settings = Settings { manner: Manner::AsEngine, ..Settings::of(ledger) };
    let outcome = go(connection, &database, works, &settings, &AtomicBool::new(false));
    for (pragma, value) in kept {
        let restored = value.and_then(|value| connection.pragma_update(None, pragma, value));
        restored.map_err(sqlite("restore the settings of the connection"))?;
    }
    outcome
}

fn go(
    connection: &mut Connection,
    database: &Path,
    works: &[Work],
    settings: &Settings<'_>,
    alone: &AtomicBool,
) -> Result<Effect, InPlaceError> {
    let mode = journal_mode(connection).map_err(|error| told(database, error)).map_err(MigrateError::from)?;
    let watch =
        Watch::over(connection, settings.manner, settings.stop.clone()).map_err(sqlite("watch the migrations"))?;
    let run = Run::new(database, Execution::new(connection, settings, &watch), alone, &mode);
    let outcome = run.all(works);
    let kept = run.ended();
    Watch::end(connection).map_err(sqlite("end the watch"))?;
    match outcome {
        Ok(effect) => {
            keep_journal(connection, &mode).map_err(sqlite("restore the journal"))?;
            Ok(effect)
        }
        Err(failed) if !connection.is_autocommit() => match (connection.execute_batch("ROLLBACK"), kept) {
            (Err(source), _) => Err(InPlaceError::Rollback { failed: Box::new(failed), source }),
            (Ok(()), kept) => Err(told_of(failed, kept)),
        },
        Err(failed) => {
            // What failed counts, and the mode lasts no longer than the connection.
            let _ = keep_journal(connection, &mode);
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

/// Opens a database that is there, to write to it.
pub(crate) fn open_existing(database: &Path) -> Result<Connection, OpenError> {
    open(database, &[], Arc::new(|| false))
}

fn open(database: &Path, works: &[Work], stop: Stop) -> Result<Connection, OpenError> {
    let create = if is_first(works) { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
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

/// A file that ran alone may have changed the journal mode, as it may with its engine. Without a journal on disk a kill
/// would damage the database, so that lasts no longer than the file; `mode` is the one at the beginning.
fn keep_journal(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    let now = journal_mode(connection)?;
    if now == mode || !matches!(now.as_str(), "off" | "memory") {
        return Ok(());
    }
    seam::cross("restore the journal");
    connection.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()))
}

#[cfg(test)]
mod tests;
