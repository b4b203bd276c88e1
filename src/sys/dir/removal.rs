//! Removes a directory of a directory that is held open, with all that is in it.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Mode, OFlags, unlinkat};
use rustix::io::Errno;

use super::Dir;
use crate::sys::fs::PathError;
use crate::sys::seam;

impl Dir {
    /// Removes `name` with all that is in it; nothing to do where there is none. Whatever is renamed or linked meanwhile,
    /// nothing is removed but what is below this directory, and no symlink is followed. Durable when it returns.
    ///
    /// # Errors
    /// What cannot be opened or removed; what was removed before stays so.
    pub fn remove_all(&self, name: &str) -> Result<(), PathError> {
        seam::cross("remove a directory");
        let path = self.path.join(name);
        let name = std::ffi::CString::new(name).map_err(PathError::on("remove", &path))?;
        match remove(self.descriptor.as_fd(), &name) {
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(PathError::on("remove the directory", &path)(error)),
            Ok(()) => self.sync(),
        }
    }
}

/// A tree that is deeper than there are descriptors is an error.
fn remove(parent: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    let directory = match rustix::fs::openat(parent, name, flags, Mode::empty()) {
        // Another kind of file, or a symlink.
        Err(Errno::NOTDIR | Errno::LOOP) => return unlinkat(parent, name, AtFlags::empty()),
        opened => opened?,
    };
    for entry in rustix::fs::Dir::read_from(&directory)? {
        let entry = entry?;
        let inner = entry.file_name();
        if inner == c"." || inner == c".." {
            continue;
        }
        match remove(directory.as_fd(), inner) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
    }
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_directory_goes_with_all_that_is_in_it_and_nothing_that_it_leads_to() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("work/handed/a/b")).unwrap();
        std::fs::create_dir(at("others")).unwrap();
        for file in ["work/handed/a/b/file", "work/stays", "others/stays"] {
            std::fs::write(at(file), "").unwrap();
        }
        symlink(at("others"), at("work/handed/a/out")).unwrap();
        let work = Dir::open(&at("work")).unwrap();
        work.remove_all("handed").unwrap();
        work.remove_all("handed").unwrap();
        assert_eq!(work.names().unwrap(), ["stays"]);
        assert!(at("others/stays").exists());
        symlink(at("others"), at("work/handed")).unwrap();
        work.remove_all("handed").unwrap();
        assert!(at("others/stays").exists() && !at("work/handed").exists());
    }

    #[test]
    fn what_took_the_directorys_path_meanwhile_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("work/handed")).unwrap();
        let work = Dir::open(&at("work")).unwrap();
        std::fs::rename(at("work"), at("moved")).unwrap();
        std::fs::create_dir_all(at("work/handed")).unwrap();
        work.remove_all("handed").unwrap();
        assert!(at("work/handed").exists() && !at("moved/handed").exists());
    }
}
