//! That the owner of the lock waits for an answer: who is kept out by it learns that nothing will happen by itself.
//!
//! The lock is kept while a question waits. What is asked about was tried and counted under it, and a plan that was agreed
//! to must be the one that is carried out.

use std::fs::File;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::{LockError, Owner, RunLock, note, open};
use crate::sys::clock;
use crate::sys::process::Process;

/// The owner's record says so while this lives.
#[derive(Debug)]
#[must_use = "the question counts as answered as soon as this is dropped"]
pub struct Question {
    file: File,
    owner: Owner,
}

impl Question {
    /// Of this process, if it is what holds the lock at `path`; none where it is not.
    ///
    /// # Errors
    /// Where the record cannot be read or opened, or a process not be looked at.
    pub fn begin(path: &Path) -> Result<Option<Self>, LockError> {
        let Some(owner) = RunLock::owner(path)? else { return Ok(None) };
        if owner.process != Process::this()? {
            return Ok(None);
        }
        let file = open(path, OFlags::RDWR, Mode::empty())?;
        note(&file, &Owner { asks: Some(clock::now()), ..owner.clone() });
        Ok(Some(Self { file, owner }))
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        note(&self.file, &self.owner);
    }
}
