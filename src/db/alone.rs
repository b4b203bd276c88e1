//! Being alone with a database is proven, not assumed.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use thiserror::Error;

use crate::db::copy::split;
use crate::db::exact::{self, OpenError};
use crate::db::side_files;
use crate::sys::clock::{self, Stopwatch};
use crate::sys::dir::{Access, Dir, Identity};
use crate::sys::fs::PathError;
use crate::sys::holders::{self, Holder, Holders};
use crate::sys::seam;

use lock::{lock, unlock};

pub(crate) mod lock;

/// How long somebody else's hold on the database is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Proof that nobody else has the database open and that all its content is in the main file. As long as it lives, no
/// process can begin to use the database through SQLite.
#[derive(Debug)]
pub struct Alone {
    file: File,
    identity: Identity,
    blind: bool,
}

/// Why we are not alone.
#[derive(Debug, Error)]
pub enum NotAlone {
    /// Processes have it open.
    #[error("the database `{path}` is in use by {}", list(holders))]
    Held {
        /// Which database.
        path: String,
        /// By whom.
        holders: Vec<Holder>,
    },
    /// Somebody locks it, and could not be seen.
    #[error("the database `{path}` is locked by another process")]
    Locked {
        /// Which database.
        path: String,
    },
    /// Content is left beside the main file.
    #[error("`{beside}` still holds content of the database `{path}`")]
    Pending {
        /// Which database.
        path: String,
        /// What is beside it.
        beside: String,
    },
    /// SQLite cannot bring the content into the main file.
    #[error("cannot settle the database `{path}`")]
    Unsettled {
        /// Which database.
        path: String,
        /// The cause.
        source: rusqlite::Error,
    },
    /// There is no database.
    #[error("there is no database `{path}`")]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// Another file took its place.
    #[error("`{path}` was replaced by another file while it was opened")]
    Replaced {
        /// Which database.
        path: String,
    },
    /// It could not be looked at.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl Alone {
    /// Brings all content into the main file `live`, whose path has no symlinks, and proves that nobody else has it.
    ///
    /// Nothing but a recovery and a checkpoint happens to the database; its journal mode stays. May be repeated.
    ///
    /// # Errors
    /// Whoever holds the database is given a second to let go of it.
    pub fn prove(live: &Path) -> Result<Self, NotAlone> {
        patiently(|| Self::prove_now(live))
    }

    /// The second half of the proof: locks SQLite's users out and looks for openers. What lies beside the main file is
    /// left alone, and SQLite is not asked; for a database that cannot be settled and is given up.
    ///
    /// # Errors
    /// As for [`Alone::prove`].
    pub fn hold(live: &Path) -> Result<Self, NotAlone> {
        let (directory, name) = split(live)?;
        let identity = directory.identity(name)?.ok_or_else(|| NotAlone::Missing { path: named(live) })?;
        Self::over(directory.open_file(name, Access::ReadWrite)?, live, identity)
    }

    fn prove_now(live: &Path) -> Result<Self, NotAlone> {
        let (directory, name) = split(live)?;
        let identity = directory.identity(name)?.ok_or_else(|| NotAlone::Missing { path: named(live) })?;
        let seen = seen(&directory, name)?;
        if !seen.processes.is_empty() {
            return Err(NotAlone::Held { path: named(live), holders: seen.processes });
        }
        settle(live, identity)?;
        let alone = Self::hold(live)?;
        side_files::sweep(&directory, name)?;
        match side_files::pending(&directory, name)? {
            Some(beside) => Err(NotAlone::Pending { path: named(live), beside }),
            None => Ok(alone),
        }
    }

    /// The same with the main file that is open already, and must be what the path still stands for.
    ///
    /// No connection of this process may have it: its lock would be in the way.
    pub(crate) fn over(file: File, live: &Path, identity: Identity) -> Result<Self, NotAlone> {
        let (directory, name) = split(live)?;
        let opened = file.metadata().map_err(PathError::on("look at", live))?;
        let open = Identity { device: opened.dev(), inode: opened.ino() };
        if open != identity || directory.identity(name)? != Some(identity) {
            return Err(NotAlone::Replaced { path: named(live) });
        }
        let mut alone = Self { file, identity, blind: true };
        alone.blind = patiently(|| {
            lock(&alone.file, live)?;
            let seen = seen(&directory, name)?;
            if seen.processes.is_empty() {
                return Ok(seen.blind);
            }
            // Whoever is seen may be about to end, and must not be kept from it.
            unlock(&alone.file).map_err(PathError::on("unlock", live))?;
            Err(NotAlone::Held { path: named(live), holders: seen.processes })
        })?;
        Ok(alone)
    }

    /// Looks once more whether anybody has opened the file, called `live`, since it was locked: who did waits for it, has
    /// read nothing, and would go on with this file whatever has its name by then.
    ///
    /// # Errors
    /// [`NotAlone::Held`]: somebody has.
    pub fn look_again(&self, live: &Path) -> Result<(), NotAlone> {
        patiently(|| {
            let seen = holders::of(&[self.identity])?;
            if seen.processes.is_empty() {
                return Ok(());
            }
            Err(NotAlone::Held { path: named(live), holders: seen.processes })
        })
    }

    /// The main file, open for reading and writing.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Which file the proof is about.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether some process could not be looked at. With a write-ahead log the locks prove enough; without one an idle
    /// opener holds no lock, and this is a warning.
    pub fn is_blind(&self) -> bool {
        self.blind
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Closing is not enough: a child that was forked meanwhile shares the lock until it runs its own program.
        let _ = unlock(&self.file);
    }
}

/// Which other processes have the database `live` open, or something beside it.
pub fn holders(live: &Path) -> Result<Holders, PathError> {
    let (directory, name) = split(live)?;
    seen(&directory, name)
}

fn seen(directory: &Dir, name: &str) -> Result<Holders, PathError> {
    holders::of(&side_files::identities(directory, name)?)
}

/// Recovers what a crash left, and moves what is in the write-ahead log into the main file. No connection is left.
fn settle(live: &Path, identity: Identity) -> Result<(), NotAlone> {
    let connection = exact::open(live, identity).map_err(|error| match error {
        OpenError::Sqlite { source, .. } => unsettled(live, source),
        OpenError::Replaced { path } => NotAlone::Replaced { path },
        OpenError::Path(error) => NotAlone::Path(error),
    })?;
    seam::cross("recover and checkpoint the database");
    checkpoint(&connection).map_err(|error| unsettled(live, error))?;
    seam::cross("close the database");
    connection.close().map_err(|(_, error)| unsettled(live, error))
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    // Before the first read: with a write-ahead log this asks for the whole file at once, which an idle connection of
    // somebody else denies. A checkpoint alone succeeds beside one.
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode != "wal" {
        return connection.execute_batch("BEGIN EXCLUSIVE; SELECT count(*) FROM sqlite_schema; ROLLBACK");
    }
    // The exclusive lock outlives the rollback. A checkpoint inside the transaction would be refused.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    Err(rusqlite::Error::SqliteFailure(code, Some("the checkpoint found the database busy".to_owned())))
}

fn unsettled(live: &Path, source: rusqlite::Error) -> NotAlone {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    match source.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => NotAlone::Locked { path: named(live) },
        _ => NotAlone::Unsettled { path: named(live), source },
    }
}

/// A look at the database, such as a backup program's, is over in a moment; so is the time in which a process that was
/// just forked still has all the files of its parent.
fn patiently<T>(prove: impl Fn() -> Result<T, NotAlone>) -> Result<T, NotAlone> {
    let waited = Stopwatch::start();
    loop {
        match prove() {
            Err(NotAlone::Held { .. } | NotAlone::Locked { .. }) if waited.elapsed() < PATIENCE => {
                clock::pause(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

fn named(path: &Path) -> String {
    path.display().to_string()
}

fn list(holders: &[Holder]) -> String {
    let shown: Vec<_> = holders.iter().map(|holder| format!("{} (process {})", holder.command, holder.pid)).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests;
