//! One look at a database that may be in use: what its ledger says, and what its schema looks like.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use thiserror::Error;

use crate::db::alone;
use crate::db::in_place::PATIENCE;
use crate::db::ledger::{self, LedgerError};
use crate::db::open::{OpenError, Reader, settle};
use crate::db::schema;
use crate::migration::{Ledger, LedgerState, SchemaPrint, SchemaRow};
use crate::sys::clock::{self, Stopwatch};
use crate::sys::holders::Holder;
use crate::sys::process::Process;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Look {
    /// What the ledger says.
    pub ledger: LedgerState,
    /// What the schema looks like.
    pub print: SchemaPrint,
    /// The schema itself.
    pub rows: Vec<SchemaRow>,
    /// Whether the file was read without any lock, because this user may not lock it.
    pub immutable: bool,
}

impl Look {
    /// What is to be said beside what was seen in the database `path`, if it was read without a lock.
    pub fn caution(&self, path: &Path) -> Option<String> {
        self.immutable.then(|| unlocked(path))
    }
}

/// That a database was read without a lock.
pub fn unlocked(path: &Path) -> String {
    format!(
        "`{}` was read without a lock, which cannot be had here: what somebody writes at this moment may not be in the answer",
        path.display()
    )
}

/// Why nothing could be seen.
#[derive(Debug, Error)]
pub enum LookError {
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its schema could not be read.
    #[error("cannot read the schema")]
    Schema(#[source] rusqlite::Error),
}

impl LookError {
    /// Whether a writer had it, so that another look may see more.
    pub fn is_locked(&self) -> bool {
        let busy = |error: &rusqlite::Error| {
            matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
        };
        if let Self::Open(OpenError::Locked { .. }) = self {
            return true;
        }
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            if error.downcast_ref().is_some_and(busy) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// Looks at the database `path` and changes nothing.
pub fn look(path: &Path, ledger: &Ledger) -> Result<Look, LookError> {
    seen_by(&Reader::open(path)?, ledger)
}

/// Looks past the lock of a service that keeps the database to itself (`locking_mode = EXCLUSIVE`), as far as that goes: at
/// the main file.
pub fn look_past_lock(path: &Path, ledger: &Ledger) -> Result<Look, LookError> {
    seen_by(&Reader::open_past_lock(path)?, ledger)
}

/// Whether nobody but the service has the database open. `own` are its processes, where they are known; else whoever has
/// the database while it runs is the service.
pub fn is_kept_by(path: &Path, own: Option<&[Process]>) -> bool {
    let is_own = |holder: &Holder| own.is_none_or(|own| own.iter().any(|process| process.pid == holder.pid));
    alone::holders(path).is_ok_and(|found| !found.processes.is_empty() && found.processes.iter().all(is_own))
}

fn seen_by(reader: &Reader, ledger: &Ledger) -> Result<Look, LookError> {
    let (state, rows) = at_one_moment(reader.connection(), ledger)?;
    Ok(Look { ledger: state, print: SchemaPrint::of(&rows, ledger), rows, immutable: reader.is_immutable() })
}

/// Both in one transaction: a migration that commits in between would leave the ledger of one and the schema of another. It
/// lasts no longer than the reading, as without a write-ahead log no writer commits meanwhile.
fn at_one_moment(connection: &Connection, ledger: &Ledger) -> Result<(LedgerState, Vec<SchemaRow>), LookError> {
    let whole = connection.unchecked_transaction().map_err(LookError::Schema)?;
    let state = ledger::read(&whole, ledger)?;
    let rows = schema::rows(&whole).map_err(LookError::Schema)?;
    Ok((state, rows))
}

/// Looks at the database `path`, which is about to be changed: waits for a lock, and lets SQLite put right what a crash
/// left. `stop` ends the waiting.
pub fn look_to_change(path: &Path, ledger: &Ledger, stop: &dyn Fn() -> bool) -> Result<Look, LookError> {
    let waiting = Stopwatch::start();
    loop {
        match look(path, ledger) {
            Err(LookError::Open(OpenError::HotJournal { .. })) => settle(path)?,
            Err(LookError::Open(OpenError::Locked { .. })) if waiting.elapsed() < PATIENCE && !stop() => {
                clock::pause(Duration::from_millis(5));
            }
            looked => return looked,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::config::Format;

    #[test]
    fn ledger_and_schema_are_those_of_one_moment_while_migrations_commit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.db");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE one (a);
                 CREATE TABLE schema_migrations (version uint64, dirty bool);
                 CREATE UNIQUE INDEX version_unique ON schema_migrations (version);
                 INSERT INTO schema_migrations VALUES (1, 0)",
            )
            .unwrap();
        let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
        let first = look(&path, &ledger).unwrap();

        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let ended = &ended;
            let writing = scope.spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    let up = "CREATE TABLE two (a); UPDATE schema_migrations SET version = 2";
                    let down = "DROP TABLE two; UPDATE schema_migrations SET version = 1";
                    for words in [up, down] {
                        writer.execute_batch(&format!("BEGIN; {words}; COMMIT")).unwrap();
                    }
                }
            });
            // Until each state was seen so often.
            let looks = || {
                let mut seen = [0; 2];
                while seen.iter().any(|times| *times < 100) {
                    let now = look(&path, &ledger).map_err(|error| error.to_string())?;
                    let is_first = now.ledger == first.ledger;
                    if is_first != (now.print == first.print) {
                        return Err(format!("the ledger of one state, the schema of another: {now:?}"));
                    }
                    if writing.is_finished() {
                        return Err("the writer failed".to_owned());
                    }
                    seen[usize::from(is_first)] += 1;
                }
                Ok(())
            };
            let outcome = looks();
            // Before anything may panic: the writer is waited for.
            ended.store(true, Ordering::Relaxed);
            outcome.unwrap();
        });
    }
}
