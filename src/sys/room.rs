//! Room on a file system: bytes, and names that files can have.

#![allow(clippy::disallowed_methods, reason = "one of the places that touch files by path")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use crate::sys::dir::Dir;
use crate::sys::fs::{self, NO_LINK, PathError};
use crate::sys::seam;

/// Free and total bytes of the file system that holds a path, and which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// The device number: two paths with one device share their space.
    pub device: u64,
    /// Bytes that this process may still write.
    pub available: u64,
    /// Whether it is mounted read-only.
    pub read_only: bool,
    /// Whether this user may write to the path, or to its nearest parent that exists.
    pub writable: bool,
}

/// Less than this is no room to serve in: a write-ahead log and its index take tens of kilobytes before the first write.
const BYTES: u64 = 256 << 10;
/// What a service needs of names to begin: for a log, its index, and one to spare.
pub const NAMES: usize = 3;

/// A directory of this name holds room that is set aside, for everything in the directory around it.
const NAME: &str = ".reserve";

/// The space of the file system of `path`, or of its nearest parent that exists.
pub fn space(path: &Path) -> Result<Space, PathError> {
    let there = nearest(path);
    let found = rustix::fs::statvfs(there).map_err(PathError::on("ask for free space on", there))?;
    let device = rustix::fs::stat(there).map_err(PathError::on("look at", there))?.st_dev;
    Ok(Space {
        device,
        available: found.f_bavail.saturating_mul(found.f_frsize),
        read_only: found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
        writable: rustix::fs::access(there, rustix::fs::Access::WRITE_OK).is_ok(),
    })
}

/// A path, or its nearest parent that exists.
fn nearest(path: &Path) -> &Path {
    // The last ancestor of a relative path is empty, and stands for the working directory.
    let named = |ancestor| if ancestor == Path::new("") { Path::new(".") } else { ancestor };
    let mut ancestors = path.ancestors().map(named);
    ancestors.find(|ancestor| matches!(fs::exists(ancestor), Ok(true))).unwrap_or(Path::new("/"))
}

/// Sets aside `count` files of so many bytes in a directory; their blocks and names are really taken.
///
/// # Errors
/// There is less than that.
pub fn set_aside(directory: &Path, count: usize, bytes: u64) -> Result<(), PathError> {
    fs::create_dir_all(directory, 0o700)?;
    (0..count).try_for_each(|number| reserve(&directory.join(format!("{bytes}-{number}")), bytes))
}

fn reserve(path: &Path, bytes: u64) -> Result<(), PathError> {
    seam::cross("reserve space");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600).custom_flags(NO_LINK);
    let file = options.open(path).map_err(PathError::on("create", path))?;
    if bytes == 0 {
        return Ok(());
    }
    match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
        // A file system that cannot promise space has none to set aside.
        Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
        Err(error) => Err(PathError::on("reserve space in", path)(error)),
    }
}

/// Keeps `bytes` behind the end of a file that is appended to, so that a disk that is full later takes them all the same.
/// What cannot be kept is not.
pub fn keep_ahead(file: &File, bytes: u64) {
    let length = file.metadata().map_or(0, |found| found.len());
    let _ = fallocate(file, FallocateFlags::KEEP_SIZE, length, bytes);
}

/// Whether something failed because a disk is full.
pub fn is_lack(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOSPC | Errno::DQUOT))
}

/// Gives a file that was set aside for the surroundings of `path` the name `to`: whoever writes into it needs no room that
/// somebody else could take. Tells whether there was one.
pub fn take(path: &Path, to: &Path) -> bool {
    one_for(path).is_some_and(|spare| std::fs::rename(spare, to).is_ok())
}

/// Gives back one file that was set aside for the surroundings of `path`. Tells whether there was one.
pub fn give_one_back(path: &Path) -> bool {
    one_for(path).is_some_and(|spare| std::fs::remove_file(spare).is_ok())
}

/// Gives back at most `count` of the files that were set aside in a directory. Tells how many are left.
pub fn give_some_back(directory: &Path, count: usize) -> Result<usize, PathError> {
    seam::cross("give back some of what was set aside");
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        read => read.map_err(PathError::on("read the directory", directory))?,
    };
    let mut left = 0;
    for (number, entry) in entries.enumerate() {
        let spare = entry.map_err(PathError::on("read the directory", directory))?.path();
        if number < count {
            std::fs::remove_file(&spare).map_err(PathError::on("remove the file", &spare))?;
        } else {
            left += 1;
        }
    }
    Ok(left)
}

/// Gives back what was set aside in a directory. Not durable: a power cut may leave it, and it is given back again.
pub fn give_back(directory: &Path) -> Result<(), PathError> {
    seam::cross("give back what was set aside");
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(PathError::on("remove the directory", directory)),
    }
}

/// Only where nobody else may write: whoever planted a file could still have it open.
fn one_for(path: &Path) -> Option<PathBuf> {
    let rooms = path.ancestors().skip(1).map(|around| around.join(NAME));
    let rooms = rooms.filter(|room| Dir::open_private(room).is_ok());
    rooms.filter_map(|room| std::fs::read_dir(room).ok()?.next()?.ok()).map(|spare| spare.path()).next()
}

/// Whether the file system of `path` has no room for a service to begin in.
pub fn is_short(path: &Path) -> Result<bool, PathError> {
    let found = statvfs(path).map_err(PathError::on("ask for free space on", path))?;
    // Where names are not counted there are none at all (btrfs).
    let names = found.f_files > 0 && found.f_favail < NAMES as u64;
    Ok(names || found.f_bavail.saturating_mul(found.f_frsize) < BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_is_looked_for_where_it_would_be() {
        assert_eq!(nearest(Path::new("not-there-yet.db")), Path::new("."));
        assert_eq!(nearest(Path::new("src/not-there-yet/new.db")), Path::new("src"));
        assert_eq!(nearest(Path::new("/not-there-yet/new.db")), Path::new("/"));
        assert_eq!(nearest(Path::new("src")), Path::new("src"));
    }
}
