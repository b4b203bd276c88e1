//! A directory that is held open: what is done in it cannot be redirected by whoever renames or links its path.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};

use crate::sys::fs::PathError;
use crate::sys::seam;

type Result<T> = std::result::Result<T, PathError>;

/// A directory by its descriptor. Names are single components and symlinks are never followed.
#[derive(Debug)]
pub struct Dir {
    descriptor: OwnedFd,
    path: PathBuf,
}

/// Which file a name stands for: two names with one identity are one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The device that holds it.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

impl Dir {
    /// Opens a directory; its last component must not be a symlink.
    pub fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        let descriptor =
            rustix::fs::open(path, flags, Mode::empty()).map_err(PathError::on("open the directory", path))?;
        Ok(Self { descriptor, path: path.to_owned() })
    }

    /// The path by which it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which file has this name, if any.
    pub fn identity(&self, name: &str) -> Result<Option<Identity>> {
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(Identity { device: found.st_dev, inode: found.st_ino })),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(PathError::on("look at", &self.path.join(name))(error)),
        }
    }

    /// The length of the file with this name in bytes, if there is one. Does not open it: closing a descriptor of a
    /// database drops every lock that this process holds on it.
    pub fn length(&self, name: &str) -> Result<Option<u64>> {
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(u64::try_from(found.st_size).unwrap_or(0))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(PathError::on("look at", &self.path.join(name))(error)),
        }
    }

    /// Opens a file that is there, for reading or for both.
    pub fn open_file(&self, name: &str, access: Access) -> Result<File> {
        let access = match access {
            Access::Read => OFlags::RDONLY,
            Access::ReadWrite => OFlags::RDWR,
        };
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&self.descriptor, name, flags, Mode::empty());
        opened.map(File::from).map_err(PathError::on("open", &self.path.join(name)))
    }

    /// Creates a file that is not there yet, mode 0600.
    pub fn create_file(&self, name: &str) -> Result<File> {
        seam::cross("create a file");
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let created = rustix::fs::openat(&self.descriptor, name, flags, Mode::RUSR | Mode::WUSR);
        created.map(File::from).map_err(PathError::on("create", &self.path.join(name)))
    }

    /// Gives the file `name` a second name in another directory of the same file system. Not durable before `sync`.
    pub fn link(&self, name: &str, to: &Self, new_name: &str) -> Result<()> {
        seam::cross("link");
        let linked = rustix::fs::linkat(&self.descriptor, name, &to.descriptor, new_name, AtFlags::empty());
        linked.map_err(PathError::on("link to", &to.path.join(new_name)))
    }

    /// Moves `name` over `new_name` in one step. Not durable before `sync` of both.
    pub fn rename(&self, name: &str, to: &Self, new_name: &str) -> Result<()> {
        seam::cross("rename");
        let renamed = rustix::fs::renameat(&self.descriptor, name, &to.descriptor, new_name);
        renamed.map_err(PathError::on("rename to", &to.path.join(new_name)))
    }

    /// Removes a name; nothing to do where there is none. Not durable before `sync`.
    pub fn unlink(&self, name: &str) -> Result<()> {
        seam::cross("unlink");
        match rustix::fs::unlinkat(&self.descriptor, name, AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(error) => Err(PathError::on("remove", &self.path.join(name))(error)),
        }
    }

    /// Makes a directory in it that only this user may enter, and opens it.
    pub fn create_dir(&self, name: &str) -> Result<Self> {
        seam::cross("make a directory");
        let path = self.path.join(name);
        rustix::fs::mkdirat(&self.descriptor, name, Mode::RWXU).map_err(PathError::on("make the directory", &path))?;
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&self.descriptor, name, flags, Mode::empty());
        let descriptor = opened.map_err(PathError::on("open the directory", &path))?;
        Ok(Self { descriptor, path })
    }

    /// Makes it another user's.
    pub fn give(&self, user: u32, group: u32) -> Result<()> {
        seam::cross("give a directory");
        let (user, group) = (rustix::fs::Uid::from_raw(user), rustix::fs::Gid::from_raw(group));
        let given = rustix::fs::fchown(&self.descriptor, Some(user), Some(group));
        given.map_err(PathError::on("change the owner of", &self.path))
    }

    /// Sets who may enter and list it.
    pub fn set_mode(&self, mode: u32) -> Result<()> {
        seam::cross("change the mode of a directory");
        let set = rustix::fs::fchmod(&self.descriptor, Mode::from_raw_mode(mode));
        set.map_err(PathError::on("change the mode of", &self.path))
    }

    /// Makes the names in it durable.
    pub fn sync(&self) -> Result<()> {
        seam::cross("sync a directory");
        rustix::fs::fsync(&self.descriptor).map_err(PathError::on("sync", &self.path))
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is only read.
    Read,
    /// It is read and written.
    ReadWrite,
}
