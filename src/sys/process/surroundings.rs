//! What a program is given to run in: its environment, its user, its directory, and its own session.

#![allow(clippy::disallowed_methods, reason = "the one place that makes commands; its directories are disposable")]

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal, setsid};

use crate::sys::fs::PathError;

/// What a program of the product or of the operator runs in.
#[derive(Clone, Copy, Debug)]
pub enum Environment<'a> {
    /// The caller's environment, user and directory: for the service's start, stop and status commands.
    Inherited,
    /// A fixed PATH and LANG, and HOME, TMPDIR and the working directory in an empty directory of its own.
    Clean {
        /// Where that directory is made, mode 0700; whatever stands there is removed first, and it is removed afterwards.
        private: &'a Path,
        /// Runs as this user, without further groups; as the caller if nothing is given. Needs root.
        user: Option<Credentials>,
    },
}

/// A user and a group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub uid: u32,
    /// Its only group.
    pub gid: u32,
}

/// Whether a program ends with the installer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is killed when the installer is: no migration runs on behind the back of a recovery.
    Shared,
    /// It goes on.
    Own,
}

/// The private directory of one program; removed when it is dropped.
#[derive(Debug)]
pub(super) struct Private(PathBuf);

impl Drop for Private {
    fn drop(&mut self) {
        // What cannot be removed now is removed before the next program.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Environment<'_> {
    /// Makes the private directory, if there is to be one.
    pub(super) fn prepare(&self) -> Result<Option<Private>, PathError> {
        let Self::Clean { private, user } = self else { return Ok(None) };
        match fs::remove_dir_all(private) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(PathError::on("remove the directory", private)(error));
            }
            _ => {}
        }
        fs::DirBuilder::new().mode(0o700).create(private).map_err(PathError::on("make the directory", private))?;
        let made = Private(private.to_path_buf());
        if let Some(user) = user {
            chown(private, Some(user.uid), Some(user.gid)).map_err(PathError::on("change the owner of", private))?;
        }
        Ok(Some(made))
    }

    /// The command with this environment. It has no terminal: a prompt fails at once, and Ctrl-C does not reach it.
    pub(super) fn command(&self, program: &OsString, arguments: &[OsString], fate: Fate) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        if let Self::Clean { private, user } = self {
            command.env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
            command.env("HOME", private).env("TMPDIR", private).current_dir(private);
            if let Some(user) = user {
                // As root, std also gives up the further groups with it.
                command.uid(user.uid).gid(user.gid);
            }
        }
        in_own_session(&mut command, fate);
        command
    }
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

#[allow(unsafe_code, reason = "std has no stable way to start a session; only system calls are made")]
fn in_own_session(command: &mut Command, fate: Fate) {
    let installer = getpid();
    let prepare = move || {
        setsid()?;
        if fate == Fate::Shared {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // It may have died before it could be watched.
            if getppid() != Some(installer) {
                return Err(io::Error::from(io::ErrorKind::BrokenPipe));
            }
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing is allocated:
    // an `ErrorKind` and an errno are both kept in the error itself.
    unsafe {
        command.pre_exec(prepare);
    }
}
