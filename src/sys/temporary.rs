//! A private directory for what nobody needs afterwards.

#![allow(clippy::disallowed_methods, reason = "what lies here is nobody's state: it is made, used and removed")]

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::sys::fs::PathError;
use crate::sys::seam;

/// A directory that only this user may enter. It goes away with this value, and stays where the process is killed.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// Makes one where the system keeps such things: in `TMPDIR`, else in `/tmp`.
    ///
    /// # Errors
    /// That place is not there, or this user may not write to it.
    pub fn create() -> Result<Self, PathError> {
        let place = std::env::temp_dir();
        let process = std::process::id();
        let mut number = 0_u64;
        loop {
            // A name that somebody else took is never used: making a directory fails where there is anything.
            let path = place.join(format!("gantry-installer-{process}-{number}"));
            seam::cross("make a directory");
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(PathError::on("make the directory", &path)(error)),
                Ok(()) => return Ok(Self(path)),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        seam::cross("remove a directory");
        // Whoever used it has what it wanted; the system clears the place in its own time.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_private_and_goes_away_with_all_that_is_in_it() {
        let (one, two) = (Temporary::create().unwrap(), Temporary::create().unwrap());
        assert_ne!(one.path(), two.path());
        assert_eq!(std::fs::metadata(one.path()).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(one.path().join("file"), b"x").unwrap();
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists() && two.path().exists());
    }
}
