//! Locks that die with their owner: the kernel releases them however the process ends, and no child inherits them.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{FlockOperation, Mode, OFlags};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::sys::fs::PathError;
use crate::sys::process::{self, Process, ProcessError};
use crate::sys::{clock, events::Deadline, fs};

pub mod passage;
pub mod question;

/// The right to change the product: one run at a time. Held until it is dropped or the process ends.
#[derive(Debug)]
#[must_use = "the lock is released as soon as this is dropped"]
pub struct RunLock {
    file: File,
}

/// Who holds the lock of a run, as the holder wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The process that holds it.
    pub process: Process,
    /// The boot that `process` belongs to.
    pub boot: String,
    /// What it was asked to do.
    pub command: String,
    /// Since when, by the wall clock.
    pub since: Timestamp,
    /// Since when it waits for an answer to a question; none while it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Timestamp>,
}

/// Why the lock was not taken.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("another run holds the lock: {0}")]
    Busy(Owner),
    /// Somebody holds it who did not say who it is.
    #[error("something unknown holds the lock `{0}`")]
    BusyUnknown(String),
    /// The lock file cannot be used.
    #[error(transparent)]
    File(#[from] PathError),
    /// A process could not be looked at.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl RunLock {
    /// Takes the lock at once or says who has it. `command` is what is written in it for others to read.
    ///
    /// # Errors
    /// [`LockError::Busy`] while its owner lives; whatever is written there by a dead one does not count.
    pub fn acquire(path: &Path, command: &str) -> Result<Self, LockError> {
        let file = open(path, OFlags::RDWR | OFlags::CREATE, Mode::RUSR | Mode::WUSR)?;
        if let Err(error) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            return Err(match error {
                rustix::io::Errno::WOULDBLOCK => busy(path),
                other => PathError::on("lock", path)(other).into(),
            });
        }
        let owner = Owner {
            process: Process::this()?,
            boot: process::boot_id()?,
            command: command.to_owned(),
            since: clock::now(),
            asks: None,
        };
        note(&file, &owner);
        Ok(Self { file })
    }

    /// The same, and waits for so long for whoever holds it.
    ///
    /// # Errors
    /// As [`Self::acquire`], once the time is over.
    pub fn acquire_within(path: &Path, command: &str, patience: Duration) -> Result<Self, LockError> {
        let deadline = Deadline::after(patience);
        loop {
            match Self::acquire(path, command) {
                Err(LockError::Busy(_) | LockError::BusyUnknown(_)) if !deadline.has_passed() => {
                    clock::pause(Duration::from_millis(5));
                }
                answer => return answer,
            }
        }
    }

    /// Who holds the lock at `path` and lives. Takes no lock itself, so it disturbs nobody.
    ///
    /// # Errors
    /// Where the file cannot be read, or its owner not be looked at.
    pub fn owner(path: &Path) -> Result<Option<Owner>, LockError> {
        let text = fs::read_if_there(path)?.unwrap_or_default();
        // Empty or half: nobody's, or of somebody who takes or releases it right now.
        let Ok(owner) = serde_json::from_slice::<Owner>(&text) else { return Ok(None) };
        let lives = owner.boot == process::boot_id()? && owner.process.is_alive()?;
        Ok(lives.then_some(owner))
    }
}

/// Not durable: after a power cut nobody holds the lock. Where the disk is full others only learn that it is held.
fn note(file: &File, owner: &Owner) {
    let text = serde_json::to_vec(owner).unwrap_or_default();
    let _ = file.set_len(0).and_then(|()| file.write_all_at(&text, 0));
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // For a host that lives on, as of the library: `owner` must not name it, and a child of another thread that
        // is just being made has a copy of the descriptor. The end of the process does the rest.
        let _ = self.file.set_len(0);
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, process {}, since {}", self.command, self.process.pid, self.since.strftime("%FT%TZ"))?;
        self.asks.map_or(Ok(()), |asks| write!(f, "; it waits for an answer since {}", asks.strftime("%FT%TZ")))
    }
}

/// The holder writes its name right after it has the lock: it may take an instant until it can be read.
fn busy(path: &Path) -> LockError {
    let deadline = Deadline::after(Duration::from_millis(200));
    loop {
        match RunLock::owner(path) {
            Ok(Some(owner)) => return LockError::Busy(owner),
            Ok(None) if deadline.has_passed() => return LockError::BusyUnknown(path.display().to_string()),
            Ok(None) => clock::pause(Duration::from_millis(5)),
            Err(error) => return error,
        }
    }
}

/// Shows the start-up gate that whoever makes a start lives. Held until it is dropped or the process ends.
#[derive(Debug)]
#[must_use = "the lock is released as soon as this is dropped"]
pub struct ExpectLock {
    file: File,
}

impl ExpectLock {
    /// Takes the lock; the file becomes readable for everybody, because the gate runs as the service's user.
    ///
    /// # Errors
    /// Where the file cannot be locked; that another process holds it is one of the reasons.
    pub fn hold(path: &Path) -> Result<Self, PathError> {
        let file = open(path, OFlags::RDWR | OFlags::CREATE, Mode::RUSR | Mode::WUSR)?;
        match Self::lock(file, path) {
            // Whoever may read the file can lock it for reading, and keep the owner of every start out: of a new one
            // nobody has a descriptor.
            Err(_) if !expect_lock_is_held(path)? => {
                fs::remove_file(path)?;
                Self::lock(open(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR)?, path)
            }
            held => held,
        }
    }

    fn lock(file: File, path: &Path) -> Result<Self, PathError> {
        fcntl(&file, FcntlArg::F_OFD_SETLK(&whole_file(libc::F_WRLCK))).map_err(PathError::on("lock", path))?;
        let readable = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
        rustix::fs::fchmod(&file, readable).map_err(PathError::on("change the mode of", path))?;
        Ok(Self { file })
    }
}

impl Drop for ExpectLock {
    fn drop(&mut self) {
        // As for the lock of a run.
        let _ = fcntl(&self.file, FcntlArg::F_OFD_SETLK(&whole_file(libc::F_UNLCK)));
    }
}

/// Whether the owner of a start holds the lock at `path`: asked of the kernel, without taking it and without `/proc`.
/// Only the owner can lock it for writing; whoever may read the file could lock it for reading, and says nothing by it.
///
/// # Errors
/// Where the file cannot be opened or asked; a file that is not there is held by nobody.
pub fn expect_lock_is_held(path: &Path) -> Result<bool, PathError> {
    match open(path, OFlags::RDONLY, Mode::empty()) {
        Ok(file) => is_locked(&file, path, libc::F_RDLCK),
        Err(error) if error.is_missing() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a lock stands in the way of one of this kind.
fn is_locked(file: &File, path: &Path, kind: libc::c_int) -> Result<bool, PathError> {
    let mut found = whole_file(kind);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut found)).map_err(PathError::on("ask for the lock of", path))?;
    Ok(i32::from(found.l_type) != libc::F_UNLCK)
}

fn open(path: &Path, flags: OFlags, mode: Mode) -> Result<File, PathError> {
    let opened = rustix::fs::open(path, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, mode);
    opened.map(File::from).map_err(PathError::on("open the lock", path))
}

/// A lock of that kind from the first byte to wherever the file ends; fcntl_locking(2), open file description locks.
fn whole_file(kind: libc::c_int) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests;
