//! A command and all that it starts, call by call: counted, cut off, lied to, watched.

use std::collections::HashMap;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::tracer::calls::{Effect, On, effect};
use crate::tracer::memory;

/// A call that changes something, as it was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub process: Pid,
    pub name: &'static str,
    pub on: On,
    pub arguments: [u64; 6],
    /// What it is about, with the second path of a rename or link.
    pub paths: Option<(PathBuf, Option<PathBuf>)>,
}

/// Hears of every call that changes something.
pub trait Watcher {
    /// It is about to be made.
    fn before(&mut self, call: &Call) -> Fate;
    /// It was made, and came to this.
    fn after(&mut self, _call: &Call, _result: i64) {}
    /// A call that is in no table was about to be made.
    fn unknown(&mut self, _process: Pid, _name: &'static str, _number: u64, _arguments: &[u64; 6]) {}
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Made,
    /// It is said to have succeeded, and was never made.
    Skipped,
    /// Neither it nor anything after it is ever made: all die at once.
    Cut,
}

#[derive(Default)]
struct Tracee {
    inside: Option<Inside>,
    attached: bool,
}

enum Inside {
    Other,
    Made(Box<Call>),
    Skipped,
}

/// Runs a command until it ends or is cut off; its exit code, if it came to one. What it leaves behind is killed.
pub fn run(mut command: Command, watcher: &mut dyn Watcher) -> Option<i32> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let root = start(&mut command);
    let mut family = HashMap::from([(root, Tracee { attached: true, ..Tracee::default() })]);
    let mut code = None;
    let mut ending = false;
    ptrace::syscall(root, None).unwrap();
    while let Some(status) = next(&family) {
        let Some(pid) = status.pid() else { continue };
        match status {
            WaitStatus::Exited(_, exit) => {
                family.remove(&pid);
                if pid == root && !ending {
                    code = Some(exit);
                    ending = true;
                    kill(&family);
                }
                continue;
            }
            WaitStatus::Signaled(..) => {
                family.remove(&pid);
                if pid == root {
                    ending = true;
                    kill(&family);
                }
                continue;
            }
            _ if ending => {
                let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
                continue;
            }
            _ => {}
        }
        let tracee = family.entry(pid).or_default();
        let mut signal = None;
        match status {
            WaitStatus::PtraceSyscall(_) => {
                if passes(pid, tracee, watcher) == Fate::Cut {
                    ending = true;
                    kill(&family);
                    continue;
                }
            }
            // A new child stops once, when it is attached.
            WaitStatus::Stopped(_, Signal::SIGSTOP) if !tracee.attached => tracee.attached = true,
            WaitStatus::Stopped(_, other) => signal = Some(other),
            _ => {}
        }
        let _ = ptrace::syscall(pid, signal);
    }
    code
}

#[allow(unsafe_code, reason = "between fork and exec only ptrace(2) is called")]
fn start(command: &mut Command) -> Pid {
    // SAFETY: one system call, which allocates nothing.
    unsafe {
        command.pre_exec(|| ptrace::traceme().map_err(std::io::Error::from));
    }
    let child = command.spawn().unwrap();
    let root = Pid::from_raw(child.id().try_into().unwrap());
    waitpid(root, None).unwrap();
    let all = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::setoptions(root, all).unwrap();
    root
}

/// The next thing that happened to any of them, as long as there is one.
fn next(family: &HashMap<Pid, Tracee>) -> Option<WaitStatus> {
    if family.is_empty() {
        return None;
    }
    loop {
        match waitpid(None, Some(WaitPidFlag::__WALL)) {
            Ok(status) => return Some(status),
            Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return None,
            Err(error) => panic!("waiting for the traced processes: {error}"),
        }
    }
}

fn kill(family: &HashMap<Pid, Tracee>) {
    for pid in family.keys() {
        let _ = nix::sys::signal::kill(*pid, Signal::SIGKILL);
    }
}

fn passes(pid: Pid, tracee: &mut Tracee, watcher: &mut dyn Watcher) -> Fate {
    // It may have been killed meanwhile, by its parent for one.
    let Ok(mut registers) = ptrace::getregs(pid) else { return Fate::Made };
    match tracee.inside.take() {
        None => {
            let arguments = [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9];
            let number = registers.orig_rax;
            let (name, effect) = effect(number, &arguments);
            tracee.inside = Some(Inside::Other);
            match effect {
                Effect::None => {}
                Effect::Unknown => watcher.unknown(pid, name, number, &arguments),
                Effect::Changes(on) => {
                    let paths = memory::paths(pid, on, &arguments);
                    let call = Call { process: pid, name, on, arguments, paths };
                    match watcher.before(&call) {
                        Fate::Made => tracee.inside = Some(Inside::Made(Box::new(call))),
                        Fate::Cut => return Fate::Cut,
                        Fate::Skipped => {
                            registers.orig_rax = u64::MAX;
                            ptrace::setregs(pid, registers).unwrap();
                            tracee.inside = Some(Inside::Skipped);
                        }
                    }
                }
            }
        }
        Some(Inside::Other) => {}
        Some(Inside::Made(call)) => watcher.after(&call, registers.rax.cast_signed()),
        Some(Inside::Skipped) => {
            registers.rax = 0;
            ptrace::setregs(pid, registers).unwrap();
        }
    }
    Fate::Made
}

/// Reaps what others left to this process, as the first one of a PID namespace must.
pub fn reap() {
    while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG | WaitPidFlag::__WALL)), Ok(status) if status != WaitStatus::StillAlive)
    {
    }
}
