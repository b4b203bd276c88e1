//! The outside world, one thing a file: the only place for files, processes, the clock and the network.

pub mod attributes;
pub mod clock;
pub mod custody;
pub mod dir;
pub mod events;
pub mod fs;
pub mod health;
pub mod holders;
pub mod host;
pub mod http;
pub mod lines;
pub mod lock;
pub mod mount;
pub mod process;
pub mod publication;
pub mod record_locks;
pub mod read_ahead;
mod renaming;
pub mod room;
pub mod seam;
pub mod service;
pub mod signal;
pub mod staged;
pub mod temporary;
pub mod tree;
pub mod users;
pub mod watch;
