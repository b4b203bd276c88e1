//! Why the live database could not be followed.

use std::path::Path;

use thiserror::Error;

use crate::db::alone::NotAlone;
use crate::db::exact::OpenError;
use crate::sys::fs::PathError;

/// Why a copy does not follow the live database any more. The live one is as it was.
#[derive(Debug, Error)]
pub enum FollowError {
    /// What was written is not known any more; the copy may be compared with the database instead.
    #[error("what is written to `{path}` cannot be followed: {why}")]
    Lost {
        /// Which database.
        path: String,
        /// Why.
        why: Lost,
    },
    /// SQLite's answer.
    #[error("cannot {tried} the database `{path}`")]
    Sqlite {
        /// A verb.
        tried: &'static str,
        /// Which database.
        path: String,
        /// The cause.
        source: rusqlite::Error,
    },
    /// The watcher wanted it to end.
    #[error("the copy of `{path}` was cancelled")]
    Cancelled {
        /// Of which database.
        path: String,
    },
    /// There is no database.
    #[error("there is no database `{path}`")]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// A file is not the one that is meant.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Somebody else has it open.
    #[error(transparent)]
    NotAlone(#[from] NotAlone),
    /// A file could not be read or written.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Why it is not known any more what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Lost {
    /// The log began again, and not all of it had been read.
    #[error("its log began again before all of it was read")]
    BeganAgain,
    /// Our locks are gone: somebody in this process closed a file of the database.
    #[error("the locks on it are gone")]
    Locks,
    /// The log is not what its index says.
    #[error("its log and the index of it do not fit together")]
    Damaged,
    /// The log became too long.
    #[error("its log has grown to {} MiB", bytes >> 20)]
    TooLong {
        /// Its length.
        bytes: u64,
    },
    /// The disk becomes full.
    #[error("only {} MiB are free for its log", available >> 20)]
    NoRoom {
        /// What is left.
        available: u64,
    },
    /// Somebody wrote after the service was stopped.
    #[error("somebody writes to it after the stop")]
    Written,
}

impl FollowError {
    pub(super) fn sqlite(tried: &'static str, live: &Path, source: rusqlite::Error) -> Self {
        Self::Sqlite { tried, path: live.display().to_string(), source }
    }

    pub(super) fn lost(live: &Path, why: Lost) -> Self {
        Self::Lost { path: live.display().to_string(), why }
    }

    /// Whether the copy may be compared with the database instead. Not after anything failed: a write or a sync that did
    /// not take place is told once, and whoever goes on would never hear of it again.
    pub fn allows_comparing(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::NotAlone(_)) || self.is_locked()
    }

    /// Whether the log takes more room than it may, so that nobody is to read for long.
    pub fn is_for_room(&self) -> bool {
        matches!(self, Self::Lost { why: Lost::TooLong { .. } | Lost::NoRoom { .. }, .. })
    }

    /// Whether a lock of somebody else was in the way.
    pub fn is_locked(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        let Self::Sqlite { source, .. } = self else { return false };
        matches!(source.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_ends_the_run_and_what_is_only_unknown_is_compared() {
        let live = Path::new("/var/lib/notes/notes.db");
        let failed = PathError::on("sync", live)(std::io::Error::from_raw_os_error(5));
        assert!(!FollowError::Path(failed).allows_comparing());
        let full = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC), None);
        assert!(!FollowError::sqlite("checkpoint", live, full).allows_comparing());
        let locked = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None);
        assert!(FollowError::sqlite("keep writers out of", live, locked).allows_comparing());
        assert!(FollowError::lost(live, Lost::BeganAgain).allows_comparing());
        assert!(!FollowError::lost(live, Lost::BeganAgain).is_for_room());
        assert!(FollowError::lost(live, Lost::NoRoom { available: 1 }).is_for_room());
    }
}
