//! A model of what may be lost of that which was never synced: harsher than any file system.
//!
//! The content of a file is durable once the file was synced; a name is durable once its directory was. Everything else
//! may be there or not, whatever happened in between. One recording of an operation gives all states that a power cut
//! may leave.

pub mod change;
pub mod choice;
pub mod disk;
pub mod rebuild;
