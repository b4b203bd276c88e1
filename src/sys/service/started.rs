//! A start that is under way, and what was seen of it.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use super::{Result, ServiceError};
use crate::sys::clock::Stopwatch;
use crate::sys::process::{Background, Process};

/// A start of the service that was made by this process.
#[derive(Debug)]
pub struct Started {
    pub(super) command: Background,
    pub(super) since: Stopwatch,
    pub(super) seen: Seen,
}

/// What was seen of a service since its start.
#[derive(Debug)]
pub(super) enum Seen {
    Nothing,
    Running,
    Main { process: Process, end: OwnedFd },
}

impl Started {
    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    /// Whether `process` cannot be older than the start: it did not start before the command that starts it.
    pub fn may_have_made(&self, process: &Process) -> bool {
        process.started >= self.command.process().started
    }

    /// What becomes readable when the start command or the main process ends; for `sys::events`. Then ask for the life.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub fn descriptors(&mut self) -> Result<Vec<BorrowedFd<'_>>> {
        let ended = self.command.status().map_err(ServiceError::Watch)?.is_some();
        let command = (!ended).then(|| self.command.descriptor());
        let main = match &self.seen {
            Seen::Main { end, .. } => Some(end.as_fd()),
            Seen::Nothing | Seen::Running => None,
        };
        Ok(command.into_iter().chain(main).collect())
    }

    /// Remembers the main process, to notice its end.
    pub(super) fn see(&mut self, main: Process) -> Result<()> {
        if !matches!(self.seen, Seen::Main { process, .. } if process == main)
            && let Some(end) = main.end()?
        {
            self.seen = Seen::Main { process: main, end };
        }
        Ok(())
    }

    /// The main process that was seen last, if it has ended since.
    pub(super) fn has_lost_main(&self) -> Result<bool> {
        match self.seen {
            Seen::Main { process, .. } => Ok(!process.is_alive()?),
            Seen::Nothing | Seen::Running => Ok(false),
        }
    }
}
