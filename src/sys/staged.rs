//! The new content of a file, durable beside it until it takes its place.

#![allow(clippy::disallowed_methods, reason = "writes the file that `sys::fs` gives its name")]

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::sys::fs::{NO_LINK, PathError, sibling};
use crate::sys::{renaming, room, seam};

type Result<T> = std::result::Result<T, PathError>;

/// Content that is durable, and has not its name yet. What a kill leaves of it the next writing to the same path removes.
#[derive(Debug)]
#[must_use = "the file has its old content until this takes its place"]
pub struct Staged {
    path: PathBuf,
    temporary: PathBuf,
}

impl Staged {
    /// Writes `bytes` beside `path`, durably.
    ///
    /// That file is always a new one: what a kill left under its name, or what somebody planted there, is removed and
    /// never written into.
    ///
    /// # Errors
    /// Where it fails nothing is left of it.
    pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<Self> {
        let temporary = sibling(path, ".new");
        seam::cross("write a file");
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(PathError::on("remove", &temporary)(error));
            }
            _ => {}
        }
        let made = match fill(OpenOptions::new().create_new(true), &temporary, bytes, mode) {
            // On a full disk it is written into room that was set aside for it.
            Err(error) if room::is_lack(&error.source) && room::take(path, &temporary) => {
                fill(&mut OpenOptions::new(), &temporary, bytes, mode)
            }
            made => made,
        };
        if let Err(error) = made {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        Ok(Self { path: path.to_owned(), temporary })
    }

    /// Replaces the old content in one step. After a power cut it may be there again, until the directory is synced.
    ///
    /// # Errors
    /// Where it fails the old content is untouched.
    pub fn take_place(self) -> Result<()> {
        let renamed = renaming::rename((rustix::fs::CWD, &self.temporary), (rustix::fs::CWD, &self.path));
        renamed.map_err(PathError::on("rename to", &self.path))
    }
}

fn fill(how: &mut OpenOptions, path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let opened = how.write(true).mode(0o600).custom_flags(NO_LINK).open(path);
    let mut file = opened.map_err(PathError::on("create", path))?;
    file.set_permissions(fs::Permissions::from_mode(mode))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.set_len(bytes.len() as u64))
        .and_then(|()| file.sync_all())
        .map_err(PathError::on("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_has_no_name_before_it_takes_its_place_and_what_was_left_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gate.json");
        crate::sys::fs::write_durable(&path, b"closed", 0o644).unwrap();
        // As a kill leaves it.
        drop(Staged::write(&path, b"never to be seen", 0o644).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"closed");
        let staged = Staged::write(&path, b"open", 0o640).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"closed");
        staged.take_place().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"open");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
