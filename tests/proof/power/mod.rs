//! Power cuts, by three harnesses: at a system call on a real file system ([`godown`]), at a flush of a disk
//! ([`unplugged`]), and in a model of what was never synced ([`modelled`]).

pub mod blocks;
pub mod crashes;
pub mod dice;
pub mod filesystem;
pub mod godown;
pub mod jobs;
pub mod machine;
pub mod model;
pub mod modelled;
pub mod outcome;
pub mod plan;
pub mod record;
mod run;
pub mod settle;
pub mod unplugged;

pub use run::run;

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

/// Reaps what others left to this process, as the first one of a PID namespace must.
fn reap() {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
    while waitpid(None, Some(flags)).is_ok_and(|status| status != WaitStatus::StillAlive) {}
}
