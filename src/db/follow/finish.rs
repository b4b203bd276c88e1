//! The end, after the stop: the copy equals the live file to the byte, and nobody else has that file.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use super::hold::{self, Files};
use super::index::Index;
use super::{FollowError, Follower, Lost};
use crate::db::alone::{Alone, NotAlone};
use crate::db::side_files;
use crate::sys::dir::{Dir, Identity};
use crate::sys::fs::PathError;
use crate::sys::watch::Watch;

/// What catching up came to.
#[derive(Debug)]
pub struct Caught {
    /// The proof that nobody else has the live database, whose content is all in its main file.
    pub alone: Alone,
    /// Pages that were copied again since the copy was taken, or since [`Follower::count_anew`]: 0 only where nothing was
    /// written.
    pub pages: u64,
    /// The length of the database in bytes.
    pub bytes: u64,
    /// The log and its index, which have no names any more. A large log takes a while to go: let it go when there is time.
    pub remains: Vec<File>,
}

impl Follower {
    /// Catches up for the last time, and proves to be alone. The copy equals the live file then, and is not synced: who
    /// goes on with it has to do that.
    ///
    /// # Errors
    /// Somebody else writes, or has the database open. The live database is as it was, and the copy may be compared with
    /// it.
    pub fn finish(mut self, watch: &dyn Watch) -> Result<Caught, FollowError> {
        self.check_kept()?;
        self.hold.keep_writers_out()?;
        self.scan()?;
        self.apply(watch)?;
        let at = self.place.seen;
        if !self.hold.settle()? {
            return Err(self.lost(Lost::Written));
        }
        self.check_kept()?;
        let settled = Index { backfilled: at.last_frame, ..at };
        if self.index()? != settled {
            return Err(self.lost(Lost::Written));
        }
        let Self { hold, pages, .. } = self;
        let bytes = hold.files.length()?;
        let Files { main, log, index, directory, name, path, identity } = hold.close()?;
        let written = || FollowError::lost(&path, Lost::Written);
        // Between the end of our connections and this lock somebody may have come and gone. He would have written to the
        // index, or made another one.
        let alone = Alone::over(Arc::into_inner(main).ok_or_else(written)?, &path, identity)?;
        let is_same = hold::read_index(&index, &path)? == Some(settled);
        if !is_same || !is_named(&log, &directory, &format!("{name}-wal"))? {
            return Err(written());
        }
        // All of the log is in the main file, and that is durable. Beside another main file it would be poison.
        for suffix in ["-wal", "-shm"] {
            directory.unlink(&format!("{name}{suffix}"))?;
        }
        side_files::sweep(&directory, &name)?;
        match side_files::pending(&directory, &name)? {
            Some(beside) => Err(NotAlone::Pending { path: path.display().to_string(), beside }.into()),
            None => Ok(Caught { alone, pages, bytes, remains: vec![log, index] }),
        }
    }
}

fn is_named(file: &File, directory: &Dir, name: &str) -> Result<bool, FollowError> {
    let found = file.metadata().map_err(PathError::on("look at", &directory.path().join(name)))?;
    let identity = Identity { device: found.dev(), inode: found.ino() };
    Ok(directory.identity(name)? == Some(identity))
}
