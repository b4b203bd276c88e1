//! A new file at a path that a user named: there is all of it under that name, or nothing.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, RenameFlags};
use thiserror::Error;

use crate::sys::dir::{Access, Dir, Identity};
use crate::sys::fs::{self, PathError, sync_file};
use crate::sys::seam;

/// Why a file is not made.
#[derive(Debug, Error)]
pub enum PublicationError {
    /// There is something already, which is never replaced.
    #[error("there is `{}` already", .0.display())]
    Exists(PathBuf),
    /// The path has no name that a file could have.
    #[error("`{}` does not name a file", .0.display())]
    NoName(PathBuf),
    /// Another process makes it.
    #[error("another process is writing `{}`", .0.display())]
    Busy(PathBuf),
    /// A file could not be made.
    #[error(transparent)]
    Path(#[from] PathError),
}

type Result<T> = std::result::Result<T, PublicationError>;

/// A file that gets its name when it is whole. Until then it has another one beside it, under which it is removed when
/// this is dropped; what a kill left there the next one replaces.
#[derive(Debug)]
pub struct Publication {
    directory: Dir,
    name: String,
    staged: String,
    file: File,
    published: bool,
}

impl Publication {
    /// Begins the file `path`, mode 0600.
    ///
    /// # Errors
    /// Something is there already, or another process makes the same file.
    pub fn begin(path: &Path) -> Result<Self> {
        let (directory, name) = vacant(path)?;
        let staged = format!(".{name}.partial");
        clear(&directory, &staged, path)?;
        let file = match directory.create_file(&staged) {
            Err(error) if error.source.kind() == ErrorKind::AlreadyExists => return Err(busy(path)),
            made => made?,
        };
        lock(&file, path)?;
        // Before it was locked it looked like one that a kill left.
        if !has_name(&file, &directory, &staged)? {
            return Err(busy(path));
        }
        Ok(Self { directory, name, staged, file, published: false })
    }

    /// To write it.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it is until it is published, for whoever opens files by path.
    pub fn staged(&self) -> PathBuf {
        self.directory.path().join(&self.staged)
    }

    /// Makes it durable, and gives it its name. Returns its length.
    ///
    /// # Errors
    /// Something else took the name meanwhile, and what can happen to a file.
    pub fn publish(mut self) -> Result<u64> {
        let path = self.directory.path().join(&self.name);
        sync_file(&self.file, &path)?;
        let length = self.file.metadata().map_err(PathError::on("read", &path))?.len();
        give_name((&self.directory, &self.staged), (&self.directory, &self.name))?;
        self.published = true;
        self.directory.sync()?;
        Ok(length)
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        if !self.published {
            // It has no name that anybody looks for; what stays here the next one replaces.
            let _ = self.directory.unlink(&self.staged);
        }
    }
}

/// The directory and the name of a path at which there is nothing yet.
pub(super) fn vacant(path: &Path) -> Result<(Dir, String)> {
    let name =
        path.file_name().and_then(|name| name.to_str()).ok_or_else(|| PublicationError::NoName(path.to_owned()))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = Dir::open(&fs::real_path(parent)?)?;
    match directory.identity(name)? {
        None => Ok((directory, name.to_owned())),
        Some(_) => Err(PublicationError::Exists(path.to_owned())),
    }
}

/// Gives a whole and durable file the name that it is to have, where nobody has taken it meanwhile. The directory is not
/// synced.
pub(super) fn give_name(from: (&Dir, &str), to: (&Dir, &str)) -> Result<()> {
    let ((from, staged), (to, name)) = (from, to);
    seam::cross("give a new file its name");
    let path = || to.path().join(name);
    match rustix::fs::renameat_with(from.descriptor(), staged, to.descriptor(), name, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::EXIST) => Err(PublicationError::Exists(path())),
        Err(error) => Err(PathError::on("rename to", &path())(error).into()),
    }
}

/// Removes what a killed process left, unless it lives: its lock died with it.
fn clear(directory: &Dir, staged: &str, path: &Path) -> Result<()> {
    let left = match directory.open_file(staged, Access::Read) {
        Err(error) if error.is_missing() => return Ok(()),
        opened => opened?,
    };
    lock(&left, path)?;
    // Another process may have removed it meanwhile, and made one of its own.
    if has_name(&left, directory, staged)? { Ok(directory.unlink(staged)?) } else { Ok(()) }
}

/// Whether a file has this name. While it is locked it keeps the name: only who holds the lock takes it away.
fn has_name(file: &File, directory: &Dir, name: &str) -> Result<bool> {
    let found = file.metadata().map_err(PathError::on("look at", &directory.path().join(name)))?;
    Ok(directory.identity(name)? == Some(Identity { device: found.dev(), inode: found.ino() }))
}

pub(super) fn busy(path: &Path) -> PublicationError {
    PublicationError::Busy(path.to_owned())
}

/// Locks what is to become `path`, or the directory in which it lies until then.
pub(super) fn lock(descriptor: impl AsFd, path: &Path) -> Result<()> {
    match rustix::fs::flock(descriptor, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(busy(path)),
        Err(error) => Err(PathError::on("lock", path)(error).into()),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use std::io::Write as _;
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("export.tar.gz");
        let publication = Publication::begin(&path).unwrap();
        publication.file().write_all(b"half").unwrap();
        assert!(!path.exists());
        assert!(matches!(Publication::begin(&path), Err(PublicationError::Busy(_))));
        drop(publication);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);

        let publication = Publication::begin(&path).unwrap();
        publication.file().write_all(b"whole").unwrap();
        assert_eq!(publication.publish().unwrap(), 5);
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert!(matches!(Publication::begin(&path), Err(PublicationError::Exists(_))));
    }

    #[test]
    fn what_took_the_name_meanwhile_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        let publication = Publication::begin(&path).unwrap();
        std::fs::write(&path, b"theirs").unwrap();
        assert!(matches!(publication.publish(), Err(PublicationError::Exists(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_those_who_begin_at_once_one_does() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        let begun = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for publication in (0..500).filter_map(|_| Publication::begin(&path).ok()) {
                        assert_eq!(begun.fetch_add(1, Ordering::SeqCst), 0);
                        assert!(has_name(publication.file(), &publication.directory, &publication.staged).unwrap());
                        begun.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
    }

    #[test]
    fn what_a_killed_process_left_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".new.partial"), b"old").unwrap();
        let publication = Publication::begin(&directory.path().join("new")).unwrap();
        assert_eq!(publication.publish().unwrap(), 0);
    }
}
