//! A directory tree that is built in a fresh private directory: each component of a path is opened by itself, and a
//! symlink is never followed.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write as _;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, AtFlags, FileType, Mode, OFlags};

use crate::sys::fs::PathError;
use crate::sys::seam;

type Result<T> = std::result::Result<T, PathError>;

/// A tree that is being built. Until it is sealed only its owner may look into it.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
    path: PathBuf,
    /// Files that are whole and not durable yet. They are synced together, late: then most of their bytes are on the disk.
    unsynced: RefCell<Vec<NewFile>>,
}

/// Files that are kept open until they are synced.
const OPEN: usize = 64;

/// So many bytes of a file are handed to the disk at a time, while the next are written.
const WINDOW: u64 = 8 << 20;

impl Tree {
    /// Makes the directory that it is built in; what has its name already is an error.
    pub fn create(path: &Path) -> Result<Self> {
        seam::cross("make a directory");
        rustix::fs::mkdir(path, Mode::RWXU).map_err(PathError::on("make the directory", path))?;
        let root = rustix::fs::open(path, DIRECTORY, Mode::empty()).map_err(PathError::on("open", path))?;
        Ok(Self { root, path: path.to_owned(), unsynced: RefCell::default() })
    }

    /// Makes a directory in it; its parent must be there.
    pub fn make_dir(&self, relative: &str) -> Result<()> {
        let (parent, name) = self.parent(relative)?;
        seam::cross("make a directory");
        let made = rustix::fs::mkdirat(&parent, name, Mode::RWXU);
        made.map_err(PathError::on("make the directory", &self.path.join(relative)))
    }

    /// Creates a file in it.
    pub fn create_file(&self, relative: &str) -> Result<NewFile> {
        let (parent, name) = self.parent(relative)?;
        let path = self.path.join(relative);
        seam::cross("create a file");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&parent, name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(created) => Ok(NewFile { file: created.into(), path, length: 0, handed: 0 }),
            Err(error) => Err(PathError::on("create", &path)(error)),
        }
    }

    /// Gives a file that is whole its mode. It is durable once the tree is sealed.
    pub fn finish_file(&self, mut file: NewFile, mode: u32) -> Result<()> {
        seam::cross("set the mode of a file");
        rustix::fs::fchmod(&file.file, Mode::from_raw_mode(mode))
            .map_err(PathError::on("set the mode of", &file.path))?;
        file.hand_on();
        let mut unsynced = self.unsynced.borrow_mut();
        unsynced.push(file);
        if unsynced.len() < OPEN { Ok(()) } else { unsynced.drain(..).try_for_each(NewFile::sync) }
    }

    /// Makes a symlink in it; where that leads is not looked at.
    pub fn make_link(&self, relative: &str, target: &str) -> Result<()> {
        let (parent, name) = self.parent(relative)?;
        seam::cross("make a symlink");
        let made = rustix::fs::symlinkat(target, &parent, name);
        made.map_err(PathError::on("make the symlink", &self.path.join(relative)))
    }

    /// Makes all files durable, then all directories 0755 and durable, each after those in it and the outermost last.
    pub fn seal(self) -> Result<()> {
        self.unsynced.take().into_iter().try_for_each(NewFile::sync)?;
        seal(&self.root, &self.path)
    }

    fn parent<'a>(&self, relative: &'a str) -> Result<(OwnedFd, &'a str)> {
        let (parents, name) = relative.rsplit_once('/').unwrap_or((".", relative));
        let mut directory = open_dir(&self.root, ".", &self.path)?;
        for component in parents.split('/') {
            directory = open_dir(&directory, component, &self.path.join(parents))?;
        }
        Ok((directory, name))
    }
}

/// A file of a tree that is being written.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    path: PathBuf,
    length: u64,
    /// How many of its bytes were handed to the disk.
    handed: u64,
}

impl NewFile {
    /// Adds to its content.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(PathError::on("write", &self.path))?;
        self.length += bytes.len() as u64;
        if self.length - self.handed >= WINDOW {
            self.hand_on();
        }
        Ok(())
    }

    /// Asks the kernel to begin writing what it holds of the file: it does so before it looks for pages to drop, and pages
    /// that are being written are not dropped. It is advice: what comes of it is of no consequence.
    fn hand_on(&mut self) {
        let length = NonZeroU64::new(self.length - self.handed);
        let _ = rustix::fs::fadvise(&self.file, self.handed, length, Advice::DontNeed);
        self.handed = self.length;
    }

    fn sync(self) -> Result<()> {
        seam::cross("sync a file");
        rustix::fs::fsync(&self.file).map_err(PathError::on("sync", &self.path))
    }
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn open_dir(parent: &OwnedFd, name: &str, path: &Path) -> Result<OwnedFd> {
    rustix::fs::openat(parent, name, DIRECTORY, Mode::empty()).map_err(PathError::on("open the directory", path))
}

fn seal(directory: &OwnedFd, path: &Path) -> Result<()> {
    let entries = rustix::fs::Dir::read_from(directory).map_err(PathError::on("list", path))?;
    for entry in entries {
        let entry = entry.map_err(PathError::on("list", path))?;
        let name = entry.file_name().to_string_lossy();
        if name == "." || name == ".." {
            continue;
        }
        let inner = path.join(name.as_ref());
        let found = rustix::fs::statat(directory, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW);
        let found = found.map_err(PathError::on("look at", &inner))?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
            seal(&open_dir(directory, &name, &inner)?, &inner)?;
        }
    }
    seam::cross("sync a directory");
    let mode = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
    let sealed = rustix::fs::fchmod(directory, mode).and_then(|()| rustix::fs::fsync(directory));
    sealed.map_err(PathError::on("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_below_a_symlink() {
        let place = tempfile::tempdir().unwrap();
        let tree = Tree::create(&place.path().join("tree")).unwrap();
        tree.make_link("out", "..").unwrap();
        assert!(tree.make_dir("out/evil").is_err());
        assert!(tree.create_file("out/evil").is_err());
        assert!(tree.make_link("out/evil", "x").is_err());
        assert!(tree.create_file("out").is_err());
    }

    #[test]
    fn a_tree_is_never_built_over_something() {
        let place = tempfile::tempdir().unwrap();
        assert!(Tree::create(place.path()).is_err());
    }
}
