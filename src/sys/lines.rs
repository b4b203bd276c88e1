//! Lines for another program that follows what this one does: to a file, a pipe, or standard error.

#![allow(clippy::disallowed_methods, reason = "what is written here is nobody's state")]

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::sys::fs::PathError;

/// Where lines go.
#[derive(Debug)]
pub enum Lines {
    /// To the end of a file, or into a pipe.
    File(File),
    /// To standard error.
    Error,
}

impl Lines {
    /// Opens a file for its end, making it where there is none (mode 0600); `-` is standard error. A named pipe is waited
    /// for until somebody reads it.
    ///
    /// # Errors
    /// It cannot be opened for writing.
    pub fn open(path: &Path) -> Result<Self, PathError> {
        if path == Path::new("-") {
            return Ok(Self::Error);
        }
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        opened.map(Self::File).map_err(PathError::on("open", path))
    }

    /// Writes a line, whole: others may write to the same file. A reader that went away, or a full disk, is no reason to
    /// fail: what is told here is told by the answer too.
    pub fn write(&self, line: &str) {
        let line = format!("{line}\n");
        let _ = match self {
            Self::File(file) => (&*file).write_all(line.as_bytes()),
            Self::Error => std::io::stderr().write_all(line.as_bytes()),
        };
    }
}
