//! Runs a command under ptrace with all its threads and children, counts every call by which they change something in
//! one world, and lets one fault in at a chosen one of them.
//!
//! Blind to what is written through a memory map and by io_uring: both are reported as not modelled, but for SQLite's
//! `-shm`, which is rebuilt from the log.

mod calls;
mod family;
mod filter;
mod lie;
mod memory;
mod witness;

use std::collections::BTreeSet;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::Signal;

pub use filter::held;
pub use lie::Lie;
pub use witness::{Seen, Witness};

use family::Family;

/// Acts while all of a family stand still before a call.
type AtStop<'a> = Box<dyn FnMut(&Point) + 'a>;

/// A call that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Counted from 1 over all threads and children.
    pub number: u64,
    /// The name of the system call.
    pub call: &'static str,
    /// What it changes, relative to the world.
    pub path: PathBuf,
    /// The second path of a rename or a link.
    pub to: Option<PathBuf>,
    /// How many bytes it writes; nothing where it is not a write that can be made shorter.
    pub length: Option<u64>,
}

impl std::fmt::Display for Point {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {} {}", self.number, self.call, self.path.display())?;
        self.to.as_ref().map_or(Ok(()), |to| write!(out, " to {}", to.display()))
    }
}

/// What happens at a point, before its call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All of them are killed.
    Kill,
    /// The call is not made and fails.
    Errno(Errno),
    /// The call writes half of its bytes, and says so.
    Short,
    /// The command gets a signal.
    Signal(Signal),
    /// All of them are stopped, the caller acts, and then they are killed.
    Stop,
    /// All of them are stopped, the caller looks, and then they go on.
    Look,
}

/// One point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The one of this number.
    Number(u64),
    /// Each of them.
    Every,
    /// The one that gives a file this name for the so manieth time, whatever its number is in this run.
    Naming(&'static str, u64),
}

/// A fault at one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: At,
    pub kind: Kind,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    Killed(Signal),
    /// It did not end by itself in [`PATIENCE`].
    Hung,
}

/// How long a traced command may take. Never reached but by one that hangs.
const PATIENCE: Duration = Duration::from_secs(600);

/// What was seen of a traced run.
pub struct Trace {
    /// Every call that changes something, in the order in which they began.
    pub points: Vec<Point>,
    /// Where the fault fired. A run in which it did not has tested nothing.
    pub fired: Option<Point>,
    pub end: End,
    /// Calls that may change something in a way that is not understood here, and writes outside of the world.
    pub unmodelled: BTreeSet<String>,
    /// How often each lie was told.
    pub lies: u64,
    pub stdout: String,
    pub stderr: String,
}

impl std::fmt::Debug for Trace {
    /// Without the points, of which there may be tens of thousands.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { points, fired, end, unmodelled, lies, stdout, stderr } = self;
        write!(
            out,
            "{end:?} after {} points, fired {fired:?}, {unmodelled:?}, {lies} lies: {stdout} {stderr}",
            points.len()
        )
    }
}

/// A command's surroundings: the world that it changes, and what goes wrong there.
pub struct Tracer<'a> {
    world: &'a Path,
    fault: Option<Fault>,
    lies: &'a [Lie],
}

impl<'a> Tracer<'a> {
    /// Counts what is changed below `world`, and changes nothing itself.
    pub fn of(world: &'a Path) -> Self {
        Self { world, fault: None, lies: &[] }
    }

    pub fn fault(self, point: u64, kind: Kind) -> Self {
        self.fault_at(At::Number(point), kind)
    }

    pub fn fault_at(self, at: At, kind: Kind) -> Self {
        Self { fault: Some(Fault { at, kind }), ..self }
    }

    /// Seeded bugs: calls that are said to be done, and are not.
    pub fn lies(self, lies: &'a [Lie]) -> Self {
        Self { lies, ..self }
    }

    /// Runs the command to its end, or to its fault.
    pub fn run(&self, command: &Command) -> Trace {
        self.run_to_stop(command, |_| ())
    }

    /// The same; `at_stop` runs at the point of a [`Kind::Stop`] or a [`Kind::Look`], while all processes of the command stand
    /// still. They are killed when it returns, or go on.
    pub fn run_to_stop(&self, command: &Command, at_stop: impl FnMut(&Point) + Send) -> Trace {
        // Everything that ptrace does belongs to one thread, which must have no other children.
        let trace = || self.run_here(command, Box::new(at_stop), None);
        std::thread::scope(|scope| scope.spawn(trace).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// The same for a command that starts its service itself: `witness` sees what both of them do, until the command ends
    /// and the service is killed.
    pub fn witnessed(&self, command: &Command, witness: &mut dyn Witness) -> Trace {
        let trace = || self.run_here(command, Box::new(|_| ()), Some(witness));
        std::thread::scope(|scope| scope.spawn(trace).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    fn run_here<'s>(&'s self, command: &Command, at_stop: AtStop<'s>, witness: Option<&'s mut dyn Witness>) -> Trace {
        let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let mut held = held_back(command);
        held.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        let mut family = Family::seize(held, self.world, self.fault, self.lies, at_stop);
        if let Some(witness) = witness {
            family.tell(witness);
        }
        family.follow(PATIENCE);
        let said = |file: &mut std::fs::File| {
            let mut text = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        };
        let (stdout, stderr) = (said(&mut stdout), said(&mut stderr));
        family.trace(stdout, stderr)
    }
}

/// The command as a process that stops itself before it becomes the command, so that it can be seized first.
fn held_back(command: &Command) -> Command {
    let mut held = Command::new(std::env::current_exe().unwrap());
    held.arg("held").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => held.env(name, value),
            None => held.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        held.current_dir(directory);
    }
    held.stdin(Stdio::null());
    held
}
