//! Room on a file system: bytes, and names that files can have.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FallocateFlags, Mode, OFlags, fallocate, openat, renameat, statvfs, unlinkat};
use rustix::io::Errno;

use crate::sys::dir::Dir;
use crate::sys::fs::{self, PathError};
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

/// A directory of this name holds room that is set aside, for everything in the directory around it. It is opened, and then
/// named no more: the directory around it may lie in one whose user renames and links as he likes.
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

/// Sets aside `count` files of so many bytes for a directory; their blocks and names are really taken.
///
/// # Errors
/// There is less than that.
pub fn set_aside(around: &Dir, count: usize, bytes: u64) -> Result<(), PathError> {
    let room = match around.open_private_in(NAME)? {
        Some(room) => room,
        None => make(around)?,
    };
    (0..count).try_for_each(|number| reserve(&room, &format!("{bytes}-{number}"), bytes))
}

fn make(around: &Dir) -> Result<Dir, PathError> {
    let room = around.create_dir(NAME)?;
    room.set_mode(0o700)?;
    around.sync()?;
    Ok(room)
}

fn reserve(room: &Dir, name: &str, bytes: u64) -> Result<(), PathError> {
    seam::cross("reserve space");
    let path = &room.path().join(name);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(room.descriptor(), name, flags, Mode::RUSR | Mode::WUSR);
    let file = file.map_err(PathError::on("create", path))?;
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
    one_for(path).is_some_and(|(room, spare)| renameat(room.descriptor(), spare, CWD, to).is_ok())
}

/// Gives back one file that was set aside for the surroundings of `path`. Tells whether there was one.
pub fn give_one_back(path: &Path) -> bool {
    one_for(path).is_some_and(|(room, spare)| remove(&room, &spare))
}

/// Gives back at most `count` of the files that were set aside for a directory. Tells how many are left beside those.
///
/// What is not ours gives no room, and neither does what cannot be removed: whoever starts here starts without.
pub fn give_some_back(around: &Dir, count: usize) -> usize {
    seam::cross("give back some of what was set aside");
    let Ok(Some(room)) = around.open_private_in(NAME) else { return 0 };
    let (mut given, mut left) = (0, 0);
    for spare in room.names().unwrap_or_default() {
        if given == count {
            left += 1;
        } else if remove(&room, &spare) {
            given += 1;
        }
    }
    left
}

/// Gives back what was set aside for a directory. Not durable: a power cut may leave it, and it is given back again.
///
/// # Errors
/// Something else has its name, or it cannot be removed.
pub fn give_back(around: &Dir) -> Result<(), PathError> {
    let Some(room) = around.open_private_in(NAME)? else { return Ok(()) };
    seam::cross("give back what was set aside");
    for spare in room.names()? {
        remove(&room, &spare);
    }
    let removed = unlinkat(around.descriptor(), NAME, AtFlags::REMOVEDIR);
    removed.map_err(PathError::on("remove the directory", room.path()))
}

fn remove(room: &Dir, spare: &str) -> bool {
    unlinkat(room.descriptor(), spare, AtFlags::empty()).is_ok()
}

/// Only where nobody else may write: whoever planted a file could still have it open.
fn one_for(path: &Path) -> Option<(Dir, String)> {
    path.ancestors().skip(1).find_map(|around| {
        let room = Dir::open_private(&around.join(NAME)).ok()?;
        let spare = room.names().ok()?.into_iter().next()?;
        Some((room, spare))
    })
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
