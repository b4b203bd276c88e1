//! A file that another library makes, by its path: it gets its name when it is whole.
//!
//! Until then it lies in a directory of its own beside that name. Only the directory is locked, and the file itself never
//! opened while somebody may have it: to close any descriptor of a database drops all locks that this process holds on it.

use std::path::{Path, PathBuf};

use crate::sys::dir::{Access, Dir};
use crate::sys::fs::sync_file;
use crate::sys::publication::{PublicationError, busy, give_name, lock, vacant};

type Result<T> = std::result::Result<T, PublicationError>;

/// The directory of a file that is being made. It is removed with all that is in it when this is dropped; what a kill left
/// the next one empties.
#[derive(Debug)]
pub struct Making {
    around: Dir,
    directory: Dir,
    name: String,
}

impl Making {
    /// Begins the file `path`.
    ///
    /// # Errors
    /// Something is there already, or another process makes the same file.
    pub fn begin(path: &Path) -> Result<Self> {
        let (around, name) = vacant(path)?;
        let (beside, busy) = (beside(&name), || busy(path));
        let directory = match around.create_dir(&beside) {
            Err(error) if error.source.kind() == std::io::ErrorKind::AlreadyExists => {
                // Gone since: whoever had it has ended.
                around.open_private_in(&beside)?.ok_or_else(busy)?
            }
            made => made?,
        };
        lock(directory.descriptor(), path)?;
        // Only who has locked it removes it; whoever had it before us may have done so.
        if around.identity(&beside)? != Some(directory.own_identity()?) {
            return Err(busy());
        }
        for left in directory.names()? {
            directory.remove_all(&left)?;
        }
        Ok(Self { around, directory, name })
    }

    /// The directory in which it is until it has its name.
    pub fn directory(&self) -> &Dir {
        &self.directory
    }

    /// Where it is until it has its name.
    pub fn place(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    /// Makes it durable, and gives it its name. Nobody may have it open.
    ///
    /// # Errors
    /// Something else took the name meanwhile, and what can happen to a file.
    pub fn publish(self) -> Result<()> {
        let place = self.place();
        sync_file(&self.directory.open_file(&self.name, Access::Read)?, &place)?;
        give_name((&self.directory, &self.name), (&self.around, &self.name))?;
        Ok(self.around.sync()?)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // Nobody looks for that name; what stays there the next one removes.
        let _ = self.around.remove_all(&beside(&self.name));
    }
}

fn beside(name: &str) -> String {
    format!(".{name}.making")
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustix::fs::FlockOperation;

    use super::*;

    fn count(directory: &tempfile::TempDir) -> usize {
        std::fs::read_dir(directory.path()).unwrap().count()
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new.db");
        let making = Making::begin(&path).unwrap();
        std::fs::write(making.place(), "half").unwrap();
        assert!(!path.exists() && matches!(Making::begin(&path), Err(PublicationError::Busy(_))));
        drop(making);
        assert_eq!(count(&directory), 0);
        let making = Making::begin(&path).unwrap();
        std::fs::write(making.place(), "whole").unwrap();
        making.publish().unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), count(&directory)), (b"whole".to_vec(), 1));
        assert!(matches!(Making::begin(&path), Err(PublicationError::Exists(_))));
    }

    #[test]
    fn what_took_the_name_meanwhile_is_not_replaced_and_what_a_kill_left_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new.db");
        let making = Making::begin(&path).unwrap();
        std::fs::write(making.place(), "ours").unwrap();
        std::fs::write(&path, "theirs").unwrap();
        assert!(matches!(making.publish(), Err(PublicationError::Exists(_))));
        assert_eq!((std::fs::read(&path).unwrap(), count(&directory)), (b"theirs".to_vec(), 1));
        let other = directory.path().join("other.db");
        let making = Making::begin(&other).unwrap();
        std::fs::write(making.place(), "left").unwrap();
        // As a kill leaves it: there, and locked by nobody.
        let _ = rustix::fs::flock(making.directory.descriptor(), FlockOperation::Unlock);
        let next = Making::begin(&other).unwrap();
        assert!(next.directory().names().unwrap().is_empty());
        std::mem::forget(making);
    }

    #[test]
    fn of_those_who_begin_at_once_one_does() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new.db");
        let begun = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for making in (0..500).filter_map(|_| Making::begin(&path).ok()) {
                        assert_eq!(begun.fetch_add(1, Ordering::SeqCst), 0);
                        std::fs::write(making.place(), "").unwrap();
                        begun.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
    }
}
