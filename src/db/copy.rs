//! An online copy of the live database: one consistent state of it, while the service goes on.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use thiserror::Error;

use crate::db::exact::{self, OpenError};
use crate::db::follow::FollowError;
use crate::db::side_files;
use crate::sys::attributes::{self, Owner};
use crate::sys::clock::{self, Stopwatch};
use crate::sys::dir::{Access, Dir, Identity};
use crate::sys::fs::{PathError, sync_file};
use crate::sys::seam;
use crate::sys::watch::Watch;

mod take;

pub use take::{Copy, Followed, put_off, take};

/// Pages in one step. With a write-ahead log nobody waits for it, and it only bounds how late a cancellation is seen.
const PAGES: i32 = 4096;
/// Without one, writers wait for the end of a step.
const PAGES_UNDER_LOCK: i32 = 1024;
/// How often a copy without a snapshot may begin anew because somebody wrote.
const RESTARTS: u32 = 3;
/// How long a lock of somebody else is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyOutcome {
    /// The new file holds one state of the database. It differs from the live file in bytes of no content, and by what
    /// was written since: catch up after the stop.
    Taken {
        /// Its length.
        bytes: u64,
        /// How long it took.
        elapsed: Duration,
    },
    /// A database without a write-ahead log is written too often, or the log takes too much room for as long as a copy is
    /// made: what lies in the new file is no database. Catching up after the stop makes it one.
    AfterStop {
        /// The length of the live file.
        bytes: u64,
        /// How long the copy is expected to take then, at the rate that was seen.
        predicted: Duration,
    },
}

/// Why there is no copy; what was made of it is removed.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The watcher wanted it to end.
    #[error("the copy of `{path}` was cancelled")]
    Cancelled {
        /// Of which database.
        path: String,
    },
    /// SQLite's answer.
    #[error("cannot copy the database `{path}`")]
    Sqlite {
        /// Which one.
        path: String,
        /// The cause.
        source: rusqlite::Error,
    },
    /// Somebody kept it locked.
    #[error("cannot copy the database `{path}`: it stays locked by another process")]
    Locked {
        /// Which one.
        path: String,
    },
    /// A whole copy was wanted at once.
    #[error("the database `{path}` is written too often to be copied while it is in use, and has no write-ahead log")]
    Busy {
        /// Which one.
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
    /// A file could not be made or looked at.
    #[error(transparent)]
    Path(#[from] PathError),
    /// What was written meanwhile could not be read.
    #[error("cannot follow the database while it is copied")]
    Follow(#[source] FollowError),
}

/// Copies the database `live`, whose path has no symlinks, into the new file `name` of the directory `into`.
///
/// What a crash left beside the live file is taken in: SQLite recovers it on opening. A leftover of an earlier copy of
/// that name is replaced. Durable when it returns.
pub fn copy(live: &Path, into: &Dir, name: &str, watch: &dyn Watch) -> Result<CopyOutcome, CopyError> {
    Ok(take(live, into, name, watch)?.outcome)
}

/// The same for who cannot catch up later: a copy that is no database is an error.
pub fn copy_whole(live: &Path, into: &Dir, name: &str, watch: &dyn Watch) -> Result<(), CopyError> {
    match copy(live, into, name, watch)? {
        CopyOutcome::Taken { .. } => Ok(()),
        CopyOutcome::AfterStop { .. } => {
            remove(into, name)?;
            Err(CopyError::Busy { path: live.display().to_string() })
        }
    }
}

/// By SQLite's own means: without a log a copy of the file alone would be torn.
pub(crate) fn backed_up(live: &Path, into: &Dir, name: &str, watch: &dyn Watch) -> Result<CopyOutcome, CopyError> {
    let (source_dir, source_name) = split(live)?;
    let missing = || CopyError::Missing { path: live.display().to_string() };
    let identity = source_dir.identity(source_name)?.ok_or_else(missing)?;
    let made = create(into, name, attributes::owner(live)?)?;
    let outcome = exact::open(live, identity)
        .map_err(CopyError::from)
        .and_then(|source| fill(&source, live, &into.path().join(name), made, watch));
    let outcome = outcome.and_then(|outcome| {
        let file = into.open_file(name, Access::ReadWrite)?;
        sync_file(&file, &into.path().join(name))?;
        into.sync()?;
        Ok(outcome)
    });
    if outcome.is_err() {
        let _ = remove(into, name);
    }
    outcome
}

/// Makes an empty file for a database: 0600, with its owner, written in place. A leftover of that name is removed.
pub(crate) fn create(into: &Dir, name: &str, owner: Owner) -> Result<Identity, PathError> {
    remove(into, name)?;
    let path = into.path().join(name);
    let file: File = into.create_file(name)?;
    attributes::write_in_place(&file);
    attributes::give(&file, &path, owner)?;
    let found = file.metadata().map_err(PathError::on("look at", &path))?;
    Ok(Identity {
        device: std::os::unix::fs::MetadataExt::dev(&found),
        inode: std::os::unix::fs::MetadataExt::ino(&found),
    })
}

/// Removes a database in a directory of ours with what lies beside it.
pub(crate) fn remove(directory: &Dir, name: &str) -> Result<(), PathError> {
    side_files::discard(directory, name)?;
    directory.unlink(name)
}

/// The directory of a database, held open, and its name there.
pub(crate) fn split(path: &Path) -> Result<(Dir, &str), PathError> {
    let unusable = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "not the path of a file in UTF-8");
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| PathError::on("use", path)(unusable()))?;
    let parent = path.parent().ok_or_else(|| PathError::on("use", path)(unusable()))?;
    Ok((Dir::open(parent)?, name))
}

fn fill(
    source: &Connection,
    live: &Path,
    path: &Path,
    made: Identity,
    watch: &dyn Watch,
) -> Result<CopyOutcome, CopyError> {
    let failed = |source| CopyError::Sqlite { path: live.display().to_string(), source };
    source.busy_timeout(PATIENCE).map_err(failed)?;
    // Closing must not checkpoint: the live file is only read.
    source.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    seam::cross("open the live database, which recovers it after a crash");
    source.execute_batch("PRAGMA query_only = ON").map_err(failed)?;
    let mode: String = source.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(failed)?;
    let snapshot = mode == "wal";
    if snapshot {
        // One read transaction from the first page to the last: commits go on beside it, and nothing begins anew.
        source.execute_batch("BEGIN").map_err(failed)?;
    }
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed)?;
    let page: u32 = source.query_row("PRAGMA page_size", [], |row| row.get(0)).map_err(failed)?;

    let mut target = exact::open(path, made)?;
    let settings = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE";
    target.execute_batch(settings).map_err(failed)?;
    seam::cross("copy the database");
    let backup = Backup::new(source, &mut target).map_err(failed)?;
    let pages = if snapshot { PAGES } else { PAGES_UNDER_LOCK };
    Steps { backup, pages, page: page.into(), restarts: 0, copied: 0, taken: Stopwatch::start(), live, watch }.run()
}

/// A copy under way.
struct Steps<'a> {
    backup: Backup<'a, 'a>,
    pages: i32,
    /// Bytes of a page.
    page: u64,
    restarts: u32,
    /// Pages copied in all, repeated ones included.
    copied: u64,
    taken: Stopwatch,
    live: &'a Path,
    watch: &'a dyn Watch,
}

impl Steps<'_> {
    fn run(mut self) -> Result<CopyOutcome, CopyError> {
        let named = || self.live.display().to_string();
        let mut done = 0;
        let mut since = Stopwatch::start();
        loop {
            if self.watch.cancelled() {
                return Err(CopyError::Cancelled { path: named() });
            }
            let step = self.backup.step(self.pages);
            match step.map_err(|source| CopyError::Sqlite { path: named(), source })? {
                StepResult::Done => return Ok(self.finished()),
                StepResult::More => since = Stopwatch::start(),
                _ if since.elapsed() > PATIENCE => return Err(CopyError::Locked { path: named() }),
                _ => {
                    clock::pause(Duration::from_millis(5));
                    continue;
                }
            }
            let progress = self.backup.progress();
            let total = u64::try_from(progress.pagecount).unwrap_or(0);
            let now = total.saturating_sub(u64::try_from(progress.remaining).unwrap_or(0));
            self.copied += u64::from(self.pages.unsigned_abs());
            // A step that got no further began at the first page again: somebody wrote.
            if now <= done {
                self.restarts += 1;
            }
            if self.restarts > RESTARTS {
                return Ok(self.given_up(total));
            }
            done = now;
            self.watch.progress(now * self.page, total * self.page);
        }
    }

    fn finished(&self) -> CopyOutcome {
        let bytes = u64::try_from(self.backup.progress().pagecount).unwrap_or(0) * self.page;
        self.watch.progress(bytes, bytes);
        CopyOutcome::Taken { bytes, elapsed: self.taken.elapsed() }
    }

    fn given_up(&self, total: u64) -> CopyOutcome {
        let copied = u32::try_from(self.copied.max(1)).unwrap_or(u32::MAX);
        let wanted = u32::try_from(total).unwrap_or(u32::MAX);
        let predicted = self.taken.elapsed().mul_f64(f64::from(wanted) / f64::from(copied));
        CopyOutcome::AfterStop { bytes: total * self.page, predicted }
    }
}

#[cfg(test)]
mod tests;
