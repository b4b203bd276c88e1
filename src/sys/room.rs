//! Room on a file system: bytes, and names that files can have.

#![allow(clippy::disallowed_methods, reason = "one of the places that touch files by path")]

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

use crate::sys::fs::{NO_LINK, PathError};
use crate::sys::seam;

/// Less than this is no room to serve in: a write-ahead log and its index take tens of kilobytes before the first write.
const BYTES: u64 = 256 << 10;
/// A log, its index, and one to spare.
const NAMES: u64 = 3;

/// Sets `bytes` aside in a file that means nothing, and its name; its blocks are really taken.
pub fn reserve(path: &Path, bytes: u64) -> Result<(), PathError> {
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

/// Whether the file system of `path` has no room for a service to begin in.
pub fn is_short(path: &Path) -> Result<bool, PathError> {
    let found = statvfs(path).map_err(PathError::on("ask for free space on", path))?;
    // Where names are not counted there are none at all (btrfs).
    let names = found.f_files > 0 && found.f_favail < NAMES;
    Ok(names || found.f_bavail.saturating_mul(found.f_frsize) < BYTES)
}
