//! Programs that are run, and processes that are looked at.

mod background;
pub(crate) mod inspect;
mod program;
mod surroundings;

pub use background::Background;
pub use inspect::{Process, ProcessError, boot_id};
pub use program::{Output, Program, ProgramError};
pub use surroundings::{Credentials, Environment};

/// Whether this process runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Becomes another program, with this environment. Comes back only if that failed.
#[allow(clippy::disallowed_methods, reason = "the gate becomes the service")]
pub fn become_program(command: &[std::ffi::OsString]) -> std::io::Error {
    use std::os::unix::process::CommandExt as _;
    let Some((program, arguments)) = command.split_first() else { return std::io::ErrorKind::InvalidInput.into() };
    std::process::Command::new(program).args(arguments).exec()
}
