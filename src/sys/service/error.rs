//! Why a service cannot be managed, in words.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::sys::fs::PathError;
use crate::sys::process::{ProcessError, ProgramError};

/// Why the service was not started, stopped or looked at.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// There is no manager that could do it.
    #[error("nobody manages the service")]
    Unmanaged,
    /// The configured unit does not exist.
    #[error("systemd does not know the unit `{0}`")]
    UnknownUnit(String),
    /// A command of the manager failed.
    #[error("`{command}` failed: {summary}")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended and what it said.
        summary: String,
    },
    /// The manager answered in a way that is not understood.
    #[error("`{command}` gave no usable answer for `{what}`")]
    Answer {
        /// What was run.
        command: String,
        /// What was asked for.
        what: String,
    },
    /// It was told to stop and still runs.
    #[error("the service did not stop within {timeout:?}{}", pid.map(|pid| format!(": process {pid} still runs")).unwrap_or_default())]
    WillNotStop {
        /// Its main process, where one is known.
        pid: Option<u32>,
        /// How long it was given.
        timeout: Duration,
    },
    /// It cannot be killed: nothing names its main process.
    #[error("nothing names the service's main process; `service.pid_file` would")]
    NoMainProcess,
    /// The pid file holds something else than a process id.
    #[error("the pid file `{}` holds no process id: `{text}`", path.display())]
    PidFile {
        /// The file.
        path: PathBuf,
        /// What it holds.
        text: String,
    },
    /// A command could not be run.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A process could not be looked at.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] PathError),
    /// The start command could not be watched.
    #[error("cannot watch the start of the service")]
    Watch(#[source] io::Error),
}
