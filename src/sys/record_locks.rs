//! Locks on bytes of a file that belong to a process (fcntl(2), "Advisory record locking"): who has them. They are what
//! SQLite's processes keep each other out with, and closing any descriptor of the file loses all that a process has on it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::sys::fs::{self, PathError};

/// What each descriptor of this process shows of itself, its locks among it (proc_pid_fdinfo(5)).
const DESCRIPTORS: &str = "/proc/self/fdinfo";

/// The other process that has a lock on `byte`, if any.
///
/// # Errors
/// The kernel cannot be asked.
pub fn other(file: &File, byte: i64) -> io::Result<Option<i32>> {
    let mut asked = write_lock(byte, 1);
    fcntl(file, FcntlArg::F_GETLK(&mut asked))?;
    Ok((i32::from(asked.l_type) != libc::F_UNLCK).then_some(asked.l_pid))
}

/// Whether this process has a lock on one of `bytes`.
///
/// # Errors
/// The kernel cannot be asked.
pub fn is_ours(file: &File, bytes: &Range<i64>) -> Result<bool, PathError> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    // A lock of the open file conflicts with those of all processes, our own as well, and asking for one names the first
    // that it meets. Where that is another's, our descriptors tell.
    for byte in bytes.clone().take(8) {
        let mut asked = write_lock(byte, 1);
        let path = Path::new(DESCRIPTORS);
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked)).map_err(PathError::on("ask for the locks of", path))?;
        if i32::from(asked.l_type) != libc::F_UNLCK && asked.l_pid == own {
            return Ok(true);
        }
    }
    is_shown(file, bytes)
}

/// Whether one of our descriptors shows a lock of ours on some bytes of the file.
///
/// `/proc/locks` shows it as well, but whoever reads that waits for every processor, ten milliseconds and more.
fn is_shown(file: &File, bytes: &Range<i64>) -> Result<bool, PathError> {
    let directory = Path::new(DESCRIPTORS);
    let inode = file.metadata().map_err(PathError::on("look at a file by", directory))?.ino();
    for number in fs::names(directory)? {
        // One that was closed meanwhile has no lock any more.
        let shown = fs::read_if_there(&directory.join(&number))?.unwrap_or_default();
        if shows(&String::from_utf8_lossy(&shown), inode, bytes) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a descriptor shows a lock of its process on some of the bytes of a file. Locks of others it does not show, nor
/// those that wait; one of the open file belongs to no process. The device is not compared: some file systems show
/// another one there than to stat(2).
fn shows(descriptor: &str, inode: u64, bytes: &Range<i64>) -> bool {
    descriptor.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["lock:", _, "POSIX", _, _, _, file, first, last] = words[..] else { return false };
        let on_file = file.rsplit(':').next().and_then(|number| number.parse().ok()) == Some(inode);
        let first: Option<i64> = first.parse().ok();
        let last = if last == "EOF" { Some(i64::MAX) } else { last.parse().ok() };
        let meets = first.zip(last).is_some_and(|(first, last)| first < bytes.end && last >= bytes.start);
        on_file && meets
    })
}

fn write_lock(start: i64, length: i64) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: length,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_descriptor_shows_of_its_locks_is_understood() {
        let shown = "pos:\t0\nflags:\t0100002\nmnt_id:\t25\nino:\t4711\n\
                     lock:\t1: POSIX  ADVISORY  READ 77 08:01:4711 124 124\n\
                     lock:\t2: OFDLCK ADVISORY  READ -1 08:01:4711 120 122\n";
        assert!(shows(shown, 4711, &(123..128)));
        // Another byte, another file, one of the open file, and none at all.
        assert!(!shows(shown, 4711, &(125..128)));
        assert!(!shows(shown, 4712, &(123..128)));
        assert!(!shows(shown, 4711, &(120..123)));
        assert!(!shows("pos:\t0\n", 4711, &(0..10)));
        assert!(shows("lock:\t1: POSIX  ADVISORY  WRITE 77 08:01:4711 0 EOF", 4711, &(123..128)));
    }

    #[test]
    fn our_lock_beside_one_of_somebody_else_is_found_by_whichever_descriptor_it_was_taken() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lock = libc::flock { l_type: i16::try_from(libc::F_RDLCK).unwrap(), ..write_lock(124, 1) };
        // A lock of an open file is nobody's process's, as that of another process is not ours.
        let theirs = file.reopen().unwrap();
        fcntl(&theirs, FcntlArg::F_OFD_SETLK(&lock)).unwrap();
        let taken_by = file.reopen().unwrap();
        fcntl(&taken_by, FcntlArg::F_SETLK(&lock)).unwrap();
        assert!(is_ours(file.as_file(), &(123..128)).unwrap());
        assert!(is_shown(file.as_file(), &(123..128)).unwrap());
        assert!(!is_shown(file.as_file(), &(125..128)).unwrap());
        drop(taken_by);
        assert!(!is_ours(file.as_file(), &(123..128)).unwrap());
        drop(theirs);
    }

    #[test]
    fn our_own_lock_is_ours_and_nobody_elses() {
        let file = tempfile::tempfile().unwrap();
        assert!(!is_ours(&file, &(123..128)).unwrap());
        let lock = write_lock(124, 1);
        fcntl(&file, FcntlArg::F_SETLK(&lock)).unwrap();
        assert!(is_ours(&file, &(123..128)).unwrap());
        assert!(!is_ours(&file, &(125..128)).unwrap());
        assert_eq!(other(&file, 124).unwrap(), None);
        // That a stray close loses it is what all the care is for.
        drop(file.try_clone().unwrap());
        assert!(!is_ours(&file, &(123..128)).unwrap());
    }
}
