//! A program that is started and left running.

#![allow(clippy::disallowed_methods, reason = "opens the log that the program writes")]

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Process;
use super::program::{ProgramError, describe, last_lines};
use super::surroundings::{Environment, Fate};
use crate::sys::events::wait_for_any;
use crate::sys::fs::PathError;

/// A program in a session of its own, with the caller's environment and its output in a log. It outlives the
/// installer; when it ends before, it is reaped at once, so that a stop command that waits for its number to vanish
/// does not wait for ever.
#[derive(Debug)]
pub struct Background {
    process: Process,
    end: OwnedFd,
    reaped: Receiver<io::Result<ExitStatus>>,
    status: Option<ExitStatus>,
    log: PathBuf,
}

impl Background {
    /// Starts it. Whoever starts one that changes something passes the seam first.
    ///
    /// # Errors
    /// Where it could not be started, or its log not be opened.
    pub fn start(argv: &[OsString], log: &Path) -> Result<Self, ProgramError> {
        let (program, arguments) = argv.split_first().ok_or(ProgramError::Empty)?;
        let name = program.to_string_lossy().into_owned();
        let output = open_log(log)?;
        let mut command = Environment::Inherited.command(program, arguments, Fate::Own);
        command.stderr(output.try_clone().map_err(PathError::on("open", log))?).stdout(output);
        let failed = |source| ProgramError::Start { program: name.clone(), source };
        let mut child = command.spawn().map_err(failed)?;
        // Both while it cannot be reaped yet: afterwards its number may be another's.
        let watch = |source: io::Error| ProgramError::Watch { program: name.clone(), source };
        let end = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).map_err(|error| watch(error.into()))?;
        let process = Process::of_child(child.id()).map_err(|error| watch(io::Error::other(error)))?;
        let (sender, reaped) = mpsc::channel();
        let reap = move || {
            // Nobody may be left to hear it.
            let _ = sender.send(child.wait());
        };
        std::thread::Builder::new().name("reaper".to_owned()).spawn(reap).map_err(watch)?;
        Ok(Self { process, end, reaped, status: None, log: log.to_owned() })
    }

    /// The process that was started. Whatever it starts is not older than it.
    pub fn process(&self) -> Process {
        self.process
    }

    /// Readable once it has ended; for `sys::events`.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }

    /// How it ended, if it has ended.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub fn status(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() && wait_for_any(&[self.end.as_fd()], Duration::ZERO)?.contains(&true) {
            self.status = Some(self.reaped.recv().map_err(io::Error::other)??);
        }
        Ok(self.status)
    }

    /// How it ended and the last lines that it wrote, for messages.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub fn summary(&mut self) -> io::Result<String> {
        let status = self.status()?.map_or_else(|| "it still runs".to_owned(), describe);
        let said = last_lines(&end_of(&self.log)?);
        Ok(if said.is_empty() { status } else { format!("{status}: {said}") })
    }
}

fn open_log(path: &Path) -> Result<File, PathError> {
    // Appending: whoever empties the log while the service writes it leaves no hole.
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW);
    let file = options.open(path).map_err(PathError::on("open the log", path))?;
    file.set_len(0).map_err(PathError::on("empty the log", path))?;
    Ok(file)
}

fn end_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)))?;
    let mut text = Vec::new();
    file.take(64 * 1024).read_to_end(&mut text)?;
    Ok(text)
}
