//! In whose hands a directory is: whoever owns it, or may write to it, can exchange everything in it.

use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode};
use rustix::io::Errno;

use crate::sys::fs::PathError;

/// That somebody else than this user and root holds a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// This user owns it, or the symlink that has its name.
    Owner(u32),
    /// Everybody may write to it.
    Everybody,
}

/// Who else holds the directory `path`, if anybody. One that is not there yet will be this user's own.
///
/// What a group may do is the administrator's decision, and so are the directories above: those must be root's as well.
pub fn stranger(path: &Path) -> Result<Option<Stranger>, PathError> {
    let own = [0, rustix::process::geteuid().as_raw()];
    let failed = |error| PathError::on("look at", path)(error);
    let named = match rustix::fs::lstat(path) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        found => found.map_err(failed)?,
    };
    if !own.contains(&named.st_uid) {
        return Ok(Some(Stranger::Owner(named.st_uid)));
    }
    let found = if FileType::from_raw_mode(named.st_mode) == FileType::Symlink {
        rustix::fs::stat(path).map_err(failed)?
    } else {
        named
    };
    if !own.contains(&found.st_uid) {
        return Ok(Some(Stranger::Owner(found.st_uid)));
    }
    Ok(Mode::from_raw_mode(found.st_mode).contains(Mode::WOTH).then_some(Stranger::Everybody))
}

/// The first of some directories that somebody else holds, by the key of the configuration that names it.
pub fn first_stranger<'a>(
    directories: impl IntoIterator<Item = (&'static str, &'a PathBuf)>,
) -> Result<Option<(&'static str, &'a PathBuf, Stranger)>, PathError> {
    for (key, path) in directories {
        if let Some(found) = stranger(path)? {
            return Ok(Some((key, path, found)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, lchown};

    use super::*;

    #[test]
    fn a_directory_of_ones_own_is_held_by_nobody_else_unless_everybody_may_write_to_it() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(stranger(directory.path()).unwrap(), None);
        assert_eq!(stranger(&directory.path().join("missing")).unwrap(), None);
        // The sticky bit keeps names from being taken away, and not from being planted.
        let everybody = std::fs::Permissions::from_mode(0o1777);
        crate::sys::dir::Dir::open(directory.path()).unwrap().set_mode(everybody.mode()).unwrap();
        assert_eq!(stranger(directory.path()).unwrap(), Some(Stranger::Everybody));
    }

    #[test]
    fn another_users_directory_or_symlink_is_in_that_users_hands() {
        let place = tempfile::tempdir().unwrap();
        let (own, link) = (place.path().join("own"), place.path().join("link"));
        crate::sys::fs::create_dir_all(&own, 0o700).unwrap();
        crate::sys::fs::replace_link(&link, &own).unwrap();
        assert_eq!(stranger(&link).unwrap(), None);
        if lchown(&link, Some(1234), None).is_ok() {
            assert_eq!(stranger(&link).unwrap(), Some(Stranger::Owner(1234)));
            lchown(&own, Some(1235), None).unwrap();
            assert_eq!(stranger(&own).unwrap(), Some(Stranger::Owner(1235)));
        }
    }
}
