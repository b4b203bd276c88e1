//! A directory that is held open: what is done in it cannot be redirected by whoever renames or links its path.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};

use crate::sys::attributes::Owner;
use crate::sys::fs::{PathError, not_regular, sync_dir};
use crate::sys::{renaming, room, seam};

mod removal;

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

    /// For what is done in it elsewhere in this room.
    pub(super) fn descriptor(&self) -> &OwnedFd {
        &self.descriptor
    }

    /// Opens a directory that only this user may enter, making it where there is none. Durable when it returns.
    ///
    /// # Errors
    /// As [`Dir::open_private`].
    pub fn make_private(path: &Path) -> Result<Self> {
        seam::cross("make a directory");
        match rustix::fs::mkdir(path, Mode::RWXU) {
            Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(PathError::on("make the directory", path)(error)),
            Ok(()) => sync_dir(path.parent().unwrap_or(Path::new("/")))?,
        }
        let directory = Self::open_private(path)?;
        directory.set_mode(0o700)?;
        Ok(directory)
    }

    /// Opens a directory that only this user may write to.
    ///
    /// # Errors
    /// Another user owns what has its name, or may write there: whatever is in it may be exchanged at any time.
    pub fn open_private(path: &Path) -> Result<Self> {
        Self::open(path)?.private()
    }

    /// The same for a directory in it, if there is one.
    pub fn open_private_in(&self, name: &str) -> Result<Option<Self>> {
        let path = self.path.join(name);
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.descriptor, name, flags, Mode::empty()) {
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(PathError::on("open the directory", &path)(error)),
            Ok(descriptor) => Self { descriptor, path }.private().map(Some),
        }
    }

    fn private(self) -> Result<Self> {
        let found = rustix::fs::fstat(&self.descriptor).map_err(PathError::on("look at", &self.path))?;
        let mode = Mode::from_raw_mode(found.st_mode);
        if found.st_uid == rustix::process::geteuid().as_raw() && !mode.intersects(Mode::WGRP | Mode::WOTH) {
            return Ok(self);
        }
        let why = format!("user {} owns it, mode {:o}: nobody else may write there", found.st_uid, mode.bits());
        let error = std::io::Error::new(std::io::ErrorKind::PermissionDenied, why);
        Err(PathError::on("work in the directory", &self.path)(error))
    }

    /// Gives it its mode.
    pub fn set_mode(&self, mode: u32) -> Result<()> {
        let changed = rustix::fs::fchmod(&self.descriptor, Mode::from_raw_mode(mode));
        changed.map_err(PathError::on("change the mode of", &self.path))
    }

    /// Gives it to another user. Only root can.
    pub fn give(&self, owner: Owner) -> Result<()> {
        seam::cross("change the owner of a directory");
        let (user, group) = (Uid::from_raw(owner.user), Gid::from_raw(owner.group));
        let given = rustix::fs::fchown(&self.descriptor, Some(user), Some(group));
        given.map_err(PathError::on("change the owner of", &self.path))
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

    /// Which file it is itself.
    pub fn own_identity(&self) -> Result<Identity> {
        let found = rustix::fs::fstat(&self.descriptor).map_err(PathError::on("look at", &self.path))?;
        Ok(Identity { device: found.st_dev, inode: found.st_ino })
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

    /// The names in it, sorted.
    pub fn names(&self) -> Result<Vec<String>> {
        let failed = |error| PathError::on("list", &self.path)(error);
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.descriptor).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            names.push(name);
        }
        names.retain(|name| !matches!(&name[..], "." | ".."));
        names.sort();
        Ok(names)
    }

    /// The whole file, or nothing where there is none.
    pub fn read_if_there(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let mut file = match self.open_file(name, Access::Read) {
            Ok(file) => file,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(PathError::on("read", &self.path.join(name)))?;
        Ok(Some(bytes))
    }

    /// Makes `bytes` the content of the file `name`, mode 0600: after a kill or a power cut it is wholly the old or wholly
    /// the new one.
    pub fn write_durable(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let temporary = format!(".{name}.new");
        self.unlink(&temporary)?;
        let mut file = self.create_file(&temporary)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written {
            let _ = self.unlink(&temporary);
            return Err(PathError::on("write", &self.path.join(&temporary))(error));
        }
        self.rename(&temporary, self, name)?;
        self.sync()
    }

    /// Opens a regular file that is there, for reading or for both.
    ///
    /// # Errors
    /// It is something else: a symlink that leads elsewhere, or a pipe, whose end might never come.
    pub fn open_file(&self, name: &str, access: Access) -> Result<File> {
        let access = match access {
            Access::Read => OFlags::RDONLY,
            Access::ReadWrite => OFlags::RDWR,
        };
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let path = self.path.join(name);
        let opened = rustix::fs::openat(&self.descriptor, name, flags, Mode::empty());
        let file = opened.map(File::from).map_err(PathError::on("open", &path))?;
        let found = file.metadata().map_err(PathError::on("look at", &path))?;
        if found.is_file() { Ok(file) } else { Err(not_regular(&path)) }
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
        let path = to.path.join(new_name);
        let link = || rustix::fs::linkat(&self.descriptor, name, &to.descriptor, new_name, AtFlags::empty());
        let linked = match link() {
            // A name may need room as well: one in memory counts like a file of its own.
            Err(error) if room::is_lack(&error.into()) && room::give_one_back(&path) => link(),
            linked => linked,
        };
        linked.map_err(PathError::on("link to", &path))
    }

    /// Moves `name` over `new_name` in one step. Not durable before `sync` of both.
    pub fn rename(&self, name: &str, to: &Self, new_name: &str) -> Result<()> {
        let from = (self.descriptor.as_fd(), Path::new(name));
        let renamed = renaming::rename(from, (to.descriptor.as_fd(), Path::new(new_name)));
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
