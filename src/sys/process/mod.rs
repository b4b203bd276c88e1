//! Programs that are run, and processes that are looked at.

mod background;
mod inspect;
mod program;
mod surroundings;

pub use background::Background;
pub use inspect::{Process, ProcessError, boot_id};
pub use program::{Output, Program, ProgramError};
pub use surroundings::{Credentials, Environment};
