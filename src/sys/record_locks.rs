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

/// `/proc/locks` is not read in one piece, so that a lock that is there may be missing in it.
const LOOKS: usize = 50;

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
    // that it meets. Where that is another's, the list tells.
    for byte in bytes.clone().take(8) {
        let mut asked = write_lock(byte, 1);
        let path = Path::new("/proc/self/fd");
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked)).map_err(PathError::on("ask for the locks of", path))?;
        if i32::from(asked.l_type) != libc::F_UNLCK && asked.l_pid == own {
            return Ok(true);
        }
    }
    let inode = file.metadata().map_err(PathError::on("look at", Path::new("/proc/self/fd")))?.ino();
    for _ in 0..LOOKS {
        let list = fs::read(Path::new("/proc/locks"))?;
        if lists(&String::from_utf8_lossy(&list), std::process::id(), inode, bytes) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a list in the form of proc_locks(5) has a lock of a process on some of the bytes of a file. The device is not
/// compared: some file systems show another one there than to stat(2).
pub(crate) fn lists(list: &str, pid: u32, inode: u64, bytes: &Range<i64>) -> bool {
    list.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "POSIX", _, _, holder, file, first, last] = words[..] else { return false };
        let on_file = file.rsplit(':').next().and_then(|number| number.parse().ok()) == Some(inode);
        let first: Option<i64> = first.parse().ok();
        let last = if last == "EOF" { Some(i64::MAX) } else { last.parse().ok() };
        let meets = first.zip(last).is_some_and(|(first, last)| first < bytes.end && last >= bytes.start);
        on_file && meets && holder.parse() == Ok(pid)
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
    fn a_line_of_the_kernels_list_is_understood() {
        let list = "1: POSIX  ADVISORY  READ 77 08:01:4711 124 124\n\
                    2: POSIX  ADVISORY  WRITE 78 08:01:4711 0 EOF\n\
                    2: -> POSIX  ADVISORY  WRITE 79 08:01:4711 0 EOF\n\
                    3: OFDLCK ADVISORY  READ -1 08:01:4711 120 130\n";
        assert!(lists(list, 77, 4711, &(123..128)));
        assert!(lists(list, 78, 4711, &(123..128)));
        // Another byte, another file, one that waits, and none at all.
        assert!(!lists(list, 77, 4711, &(125..128)));
        assert!(!lists(list, 77, 4712, &(123..128)));
        assert!(!lists(list, 79, 4711, &(0..10)));
        assert!(!lists("", 77, 4711, &(123..128)));
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
