//! Renames after which the old name is gone, whatever a power cut left.

use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, renameat, statat, unlinkat};
use rustix::io::{Errno, Result};

use crate::sys::seam;

/// Moves `from` over `to`, each a path from its directory.
///
/// A power cut may keep both names of a rename between directories, of which only one was synced. To rename one name of a
/// file over another one of it does nothing, in silence (rename(2)): then the old name is removed.
pub(super) fn rename(from: (BorrowedFd<'_>, &Path), to: (BorrowedFd<'_>, &Path)) -> Result<()> {
    seam::cross("rename");
    renameat(from.0, from.1, to.0, to.1)?;
    let left = match statat(from.0, from.1, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(()),
        left => left?,
    };
    let there = statat(to.0, to.1, AtFlags::SYMLINK_NOFOLLOW)?;
    let is_file = FileType::from_raw_mode(left.st_mode) == FileType::RegularFile;
    if is_file && left.st_nlink > 1 && (left.st_dev, left.st_ino) == (there.st_dev, there.st_ino) {
        seam::cross("unlink");
        unlinkat(from.0, from.1, AtFlags::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::fs::CWD;

    use super::*;
    use crate::sys::dir::Dir;
    use crate::sys::fs;

    /// FM-38: what a power cut left of a rename is finished by doing it again.
    #[test]
    fn a_rename_over_another_name_of_the_same_file_leaves_the_new_name() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Dir::open(temporary.path()).unwrap();
        let path = |name: &str| temporary.path().join(name);
        let both = || {
            directory.create_file("old").unwrap();
            directory.link("old", &directory, "new").unwrap();
        };
        let is_one = || {
            assert_eq!(fs::names(temporary.path()).unwrap(), ["new"]);
            fs::remove_file(&path("new")).unwrap();
        };
        both();
        fs::rename(&path("old"), &path("new")).unwrap();
        is_one();
        both();
        directory.rename("old", &directory, "new").unwrap();
        is_one();
    }

    #[test]
    fn a_file_that_is_renamed_to_itself_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Dir::open(temporary.path()).unwrap();
        directory.create_file("name").unwrap();
        let path = temporary.path().join("name");
        rename((CWD, &path), (CWD, &path)).unwrap();
        assert!(fs::exists(&path).unwrap());
    }
}
