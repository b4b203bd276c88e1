//! Who sees every call with all that belongs to it, for a record of what was done and not only that something was.

use std::path::{Path, PathBuf};

use nix::libc;
use nix::unistd::Pid;

use super::Point;

/// A call in the world that is about to be made.
#[derive(Clone, Debug)]
pub struct Seen {
    pub process: Pid,
    pub call: &'static str,
    pub arguments: [u64; 6],
    /// Absolute.
    pub path: PathBuf,
    /// The second path of a rename or a link.
    pub to: Option<PathBuf>,
}

/// Somebody who writes a run down. While it is told, nobody else of the family makes that call.
pub trait Witness: Send {
    /// A call is about to be made.
    fn before(&mut self, seen: &Seen);
    /// The call that this process had begun came to an end, and answered this.
    fn after(&mut self, process: Pid, answer: i64);
}

impl Seen {
    pub(super) fn of(point: &Point, process: Pid, registers: &libc::user_regs_struct, world: &Path) -> Self {
        let r = registers;
        let arguments = [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9];
        let absolute = |path: &PathBuf| world.join(path);
        Self { process, call: point.call, arguments, path: absolute(&point.path), to: point.to.as_ref().map(absolute) }
    }
}
