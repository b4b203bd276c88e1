//! The crash proof: the installer is killed before each operation by which it changes something, and one `recover` later
//! the machine is wholly OLD or wholly NEW.

mod forced;
pub mod frozen;
mod given_up;
pub mod interrupted;
mod major;
mod migrator;
pub mod operations;
pub mod proof;
pub mod recovery;
mod republished;
pub mod sweep;
