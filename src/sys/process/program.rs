//! A program that is run to its end.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use thiserror::Error;

use super::surroundings::{Environment, Fate};
use crate::sys::events::{Deadline, wait_for_any};
use crate::sys::fs::PathError;
use crate::sys::signal::{self, Interrupt};

/// A program and how it is run. Whoever runs one that changes something passes the seam first.
#[derive(Debug)]
pub struct Program<'a> {
    /// The program, looked for in PATH unless it has a slash, and its arguments. No shell reads them.
    pub argv: Vec<OsString>,
    /// What it runs in.
    pub environment: Environment<'a>,
    /// How long it may take.
    pub timeout: Duration,
    /// What may end it before.
    pub interrupt: &'a Interrupt,
}

/// What came of a program that ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// The last 64 KiB of its standard output.
    pub stdout: Vec<u8>,
    /// The last 64 KiB of its standard error.
    pub stderr: Vec<u8>,
}

/// Why a program did not run to its end.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// There is no first argument.
    #[error("an empty command cannot be run")]
    Empty,
    /// Its private directory could not be made.
    #[error(transparent)]
    Private(#[from] PathError),
    /// It could not be started.
    #[error("cannot run `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It could not be watched any more, and was killed.
    #[error("cannot watch `{program}`")]
    Watch {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// It took too long, and was killed with its process group.
    #[error("`{program}` did not end within {timeout:?}")]
    TimedOut {
        /// The program.
        program: String,
        /// What it was given.
        timeout: Duration,
    },
    /// A signal asked for the end, and it was killed with its process group.
    #[error("`{program}` was ended by {signal}")]
    Interrupted {
        /// The program.
        program: String,
        /// The signal.
        signal: signal::Signal,
    },
}

impl Program<'_> {
    /// Runs it and waits for its end. A program in a clean environment leaves nothing behind: what is left in its
    /// process group is killed, and so is the program itself if the installer is killed.
    ///
    /// # Errors
    /// Where it did not run to its end; its own exit status is in the output, whatever it is.
    pub fn run(&self) -> Result<Output, ProgramError> {
        let (program, arguments) = self.argv.split_first().ok_or(ProgramError::Empty)?;
        let _private = self.environment.prepare()?;
        let fate = if self.leaves_nothing() { Fate::Shared } else { Fate::Own };
        let mut command = self.environment.command(program, arguments, fate);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = command.spawn();
        let mut child = started.map_err(|source| ProgramError::Start { program: self.name(), source })?;
        let watched = self.watch(&mut child);
        if self.leaves_nothing() || watched.is_err() {
            end_group(&child);
        }
        let status = child.wait();
        let (stdout, stderr) = watched?;
        Ok(Output { status: status.map_err(self.unwatched())?, stdout, stderr })
    }

    /// Until its end, but not beyond: its number must stay its own for as long as its group may be killed.
    fn watch(&self, child: &mut Child) -> Result<(Vec<u8>, Vec<u8>), ProgramError> {
        let deadline = Deadline::after(self.timeout);
        let watch = self.unwatched();
        let end = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(|error| watch(error.into()))?;
        let mut outputs = [
            Tail::of(child.stdout.take().map(Into::into)).map_err(&watch)?,
            Tail::of(child.stderr.take().map(Into::into)).map_err(&watch)?,
        ];
        loop {
            if let Some(signal) = self.interrupt.requested() {
                return Err(ProgramError::Interrupted { program: self.name(), signal });
            }
            if deadline.has_passed() {
                return Err(ProgramError::TimedOut { program: self.name(), timeout: self.timeout });
            }
            let mut descriptors = vec![end.as_fd()];
            descriptors.extend(self.interrupt.descriptor());
            descriptors.extend(outputs.iter().filter_map(|tail| tail.pipe.as_ref()).map(AsFd::as_fd));
            let happened = wait_for_any(&descriptors, deadline.left()).map_err(&watch)?;
            for tail in &mut outputs {
                tail.drain().map_err(&watch)?;
            }
            if happened.first() == Some(&true) {
                // What it wrote last may have come after the look.
                let [mut stdout, mut stderr] = outputs;
                stdout.drain().map_err(&watch)?;
                stderr.drain().map_err(&watch)?;
                return Ok((stdout.finish(), stderr.finish()));
            }
        }
    }

    fn leaves_nothing(&self) -> bool {
        matches!(self.environment, Environment::Clean { .. })
    }

    fn name(&self) -> String {
        self.argv.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn unwatched(&self) -> impl Fn(io::Error) -> ProgramError {
        let program = self.name();
        move |source| ProgramError::Watch { program: program.clone(), source }
    }
}

impl Output {
    /// The last lines of what it wrote, standard error before standard output, and how it ended: for messages.
    pub fn summary(&self) -> String {
        let text = if self.stderr.trim_ascii().is_empty() { &self.stdout } else { &self.stderr };
        let said = last_lines(text);
        if said.is_empty() { describe(self.status) } else { format!("{}: {said}", describe(self.status)) }
    }
}

/// How a program ended, in words.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The last lines of a program's output.
pub(super) fn last_lines(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n")
}

/// Asks a child and all of its process group to end, and kills what is left. The child must not be reaped yet.
fn end_group(child: &Child) {
    let group = Pid::from_child(child);
    let Ok(end) = pidfd_open(group, PidfdFlags::empty()) else { return };
    // Nobody left to tell is the usual answer.
    let _ = kill_process_group(group, Signal::TERM);
    let _ = wait_for_any(&[end.as_fd()], GRACE);
    let _ = kill_process_group(group, Signal::KILL);
}

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// The end of what comes out of a pipe, whatever its length.
struct Tail {
    pipe: Option<io::PipeReader>,
    bytes: Vec<u8>,
}

const KEPT: usize = 64 * 1024;

impl Tail {
    fn of(pipe: Option<std::os::fd::OwnedFd>) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            let flags = rustix::fs::fcntl_getfl(pipe)?;
            rustix::fs::fcntl_setfl(pipe, flags | rustix::fs::OFlags::NONBLOCK)?;
        }
        Ok(Self { pipe: pipe.map(Into::into), bytes: Vec::new() })
    }

    /// Takes what is there, and no more than a pipe holds: a writer without end must not hold up the deadline.
    fn drain(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        let mut buffer = vec![0; KEPT];
        match pipe.read(&mut buffer) {
            Ok(0) => self.pipe = None,
            Ok(length) => {
                self.bytes.extend(buffer.iter().take(length));
                self.bytes.drain(..self.bytes.len().saturating_sub(KEPT));
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests;
