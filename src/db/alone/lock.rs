//! The lock by which SQLite's processes are kept out of a database file.

use std::fs::File;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::{NotAlone, named};
use crate::sys::fs::PathError;
use crate::sys::seam;

/// The bytes of the main file on which SQLite's processes lock each other out (`os.h`: `PENDING_BYTE`, then the
/// reserved byte and 510 shared ones).
const LOCK_BYTES: (libc::off_t, libc::off_t) = (0x4000_0000, 512);

/// As long as it lives, no process can begin to use the file through SQLite.
#[derive(Debug)]
pub struct LockedOut<'a>(&'a File);

impl<'a> LockedOut<'a> {
    /// Locks a file that nobody uses.
    ///
    /// # Errors
    /// [`NotAlone::Locked`]: somebody does.
    pub fn of(file: &'a File, path: &Path) -> Result<Self, NotAlone> {
        lock(file, path).map(|()| Self(file))
    }
}

impl Drop for LockedOut<'_> {
    fn drop(&mut self) {
        // Closing is not enough: a child that was forked meanwhile shares the lock until it runs its own program.
        let _ = unlock(self.0);
    }
}

/// A lock of the open file, not of the process: it is not lost when another descriptor is closed (fcntl(2)).
pub(super) fn lock(file: &File, live: &Path) -> Result<(), NotAlone> {
    seam::cross("lock the database");
    match change(file, libc::F_WRLCK) {
        Ok(()) => Ok(()),
        Err(nix::Error::EAGAIN | nix::Error::EACCES) => Err(NotAlone::Locked { path: named(live) }),
        Err(error) => Err(PathError::on("lock", live)(std::io::Error::from(error)).into()),
    }
}

pub(super) fn unlock(file: &File) -> std::io::Result<()> {
    Ok(change(file, libc::F_UNLCK)?)
}

fn change(file: &File, kind: libc::c_int) -> nix::Result<()> {
    let wanted = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: LOCK_BYTES.0,
        l_len: LOCK_BYTES.1,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&wanted)).map(|_| ())
}
