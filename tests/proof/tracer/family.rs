//! The processes of one command under ptrace: who they are, what they call, and what is done to them.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::calls::{self, Effect, On};
use super::{AtStop, End, Fault, Lie, Point, Seen, Trace, Witness, memory};

mod strike;

pub(super) struct Family<'a> {
    root: Pid,
    world: &'a Path,
    fault: Option<Fault>,
    /// How often a file was given the name that the fault waits for.
    named: u64,
    lies: &'a [Lie],
    at_stop: AtStop<'a>,
    witness: Option<&'a mut dyn Witness>,
    /// What each is to be answered when its call ends.
    answers: HashMap<Pid, After>,
    members: BTreeSet<Pid>,
    backlog: VecDeque<WaitStatus>,
    kept: Option<(PathBuf, Vec<u8>)>,
    dying: bool,
    end: Option<End>,
    points: Vec<Point>,
    fired: Option<Point>,
    unmodelled: BTreeSet<String>,
    told: u64,
}

/// What is left to do when a call returns.
enum After {
    Answer(i64),
    PutBack,
}

impl<'a> Family<'a> {
    /// Starts a command that stops itself, and seizes it there.
    #[allow(clippy::zombie_processes, reason = "every process of the family is waited for by its number")]
    pub(super) fn seize(
        mut command: Command,
        world: &'a Path,
        fault: Option<Fault>,
        lies: &'a [Lie],
        at_stop: AtStop<'a>,
    ) -> Self {
        let child = command.spawn().unwrap();
        let root = Pid::from_raw(child.id().try_into().unwrap());
        let stopped = waitpid(root, Some(WaitPidFlag::WUNTRACED)).unwrap();
        assert_eq!(stopped, WaitStatus::Stopped(root, Signal::SIGSTOP));
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_TRACESECCOMP
            | Options::PTRACE_O_EXITKILL;
        ptrace::seize(root, options).unwrap();
        kill(root, Signal::SIGCONT).unwrap();
        Self {
            root,
            world,
            fault,
            named: 0,
            lies,
            at_stop,
            witness: None,
            answers: HashMap::new(),
            members: BTreeSet::from([root]),
            backlog: VecDeque::new(),
            kept: None,
            dying: false,
            end: None,
            points: Vec::new(),
            fired: None,
            unmodelled: BTreeSet::new(),
            told: 0,
        }
    }

    /// Everything is told to this one too, the service included, if it is one of the family. It ends with the command.
    pub(super) fn tell(&mut self, witness: &'a mut dyn Witness) {
        self.witness = Some(witness);
    }

    /// Until none of them is left.
    pub(super) fn follow(&mut self, patience: Duration) {
        let (done, watched) = std::sync::mpsc::channel::<()>();
        let hung = Arc::new(AtomicBool::new(false));
        let (root, flag) = (self.root, Arc::clone(&hung));
        let watch = std::thread::spawn(move || {
            if watched.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                flag.store(true, Ordering::SeqCst);
                let _ = kill(root, Signal::SIGKILL);
            }
        });
        while let Some(status) = self.next() {
            self.handle(status);
        }
        drop(done);
        watch.join().unwrap();
        if hung.load(Ordering::SeqCst) {
            self.end = Some(End::Hung);
        }
    }

    pub(super) fn trace(self, stdout: String, stderr: String) -> Trace {
        Trace {
            points: self.points,
            fired: self.fired,
            end: self.end.unwrap(),
            unmodelled: self.unmodelled,
            lies: self.told,
            stdout,
            stderr,
        }
    }

    fn next(&mut self) -> Option<WaitStatus> {
        if let Some(status) = self.backlog.pop_front() {
            return Some(status);
        }
        // Not the children of other threads, which wait for theirs themselves.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            match waitpid(None, Some(flags)) {
                Ok(status) => return Some(status),
                Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => return None,
                Err(error) => panic!("cannot wait for what is traced: {error}"),
            }
        }
    }

    fn handle(&mut self, status: WaitStatus) {
        let (process, signal) = match status {
            WaitStatus::Exited(process, code) => return self.ended(process, End::Exited(code)),
            WaitStatus::Signaled(process, signal, _) => return self.ended(process, End::Killed(signal)),
            WaitStatus::PtraceSyscall(process) => {
                self.leaves(process);
                (process, None)
            }
            WaitStatus::PtraceEvent(process, _, libc::PTRACE_EVENT_SECCOMP) => {
                return if self.enters(process) { to_its_end(process) } else { on(process, None) };
            }
            WaitStatus::PtraceEvent(process, ..) => (process, None),
            WaitStatus::Stopped(process, signal) => (process, Some(signal)),
            WaitStatus::Continued(_) | WaitStatus::StillAlive => return,
        };
        if self.members.insert(process) && self.dying {
            let _ = kill(process, Signal::SIGKILL);
        }
        on(process, signal);
    }

    fn ended(&mut self, process: Pid, end: End) {
        self.members.remove(&process);
        self.answers.remove(&process);
        if process == self.root {
            self.end = Some(end);
            if self.witness.is_some() {
                self.kill_all();
            }
        }
    }

    /// Before a call that may change something. Whether there is something to do when it returns.
    fn enters(&mut self, process: Pid) -> bool {
        // The process may be killed at any moment, by whoever started it.
        let Ok(registers) = ptrace::getregs(process) else { return false };
        if self.dying {
            return false;
        }
        let r = &registers;
        let arguments = [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9];
        let (call, effect) = calls::effect(r.orig_rax, &arguments);
        match effect {
            Effect::None => {}
            Effect::Unknown => self.report(process, call, r.orig_rax, &arguments),
            Effect::Changes(on) => {
                if let Some(point) = self.point(process, call, on, &arguments) {
                    self.points.push(point.clone());
                    self.lie(&point, process, &arguments, registers);
                    self.strike(&point, on, process, registers);
                    let answered = self.answers.contains_key(&process);
                    if let (Some(witness), false) = (&mut self.witness, answered) {
                        witness.before(&Seen::of(&point, process, &registers, self.world));
                    }
                    return answered || self.witness.is_some();
                }
            }
        }
        false
    }

    /// The point that a call is, if it changes something in the world.
    fn point(&mut self, process: Pid, call: &'static str, on: On, arguments: &[u64; 6]) -> Option<Point> {
        let (path, to) = memory::paths(process, on, arguments)?;
        let inside = |path: &Path| path.strip_prefix(self.world).ok().map(Path::to_owned);
        let Some(relative) = inside(&path) else {
            if !is_nobodys(&path) {
                self.unmodelled.insert(format!("{call} outside of the world, on {}", path.display()));
            }
            return None;
        };
        let length = match on {
            On::Bytes { length, .. } => Some(arguments[length]),
            _ => None,
        };
        let to = to.map(|to| inside(&to).unwrap_or(to));
        Some(Point { number: self.points.len() as u64 + 1, call, path: relative, to, length })
    }

    fn report(&mut self, process: Pid, call: &str, number: u64, arguments: &[u64; 6]) {
        let file = if call.is_empty() {
            None
        } else {
            memory::open_file(process, arguments[if call == "mmap" { 4 } else { 0 }])
        };
        let about = match file {
            Some(file) if call == "ioctl" && is_nobodys(&file) => return,
            Some(file) if call == "mmap" && file.to_string_lossy().ends_with("-shm") => return,
            Some(file) => format!("{call} on {}", file.display()),
            None => format!("call number {number}"),
        };
        self.unmodelled.insert(about);
    }
}

/// Lets it run to its next call that may change something.
fn on(process: Pid, signal: Option<Signal>) {
    gone_is_fine(ptrace::cont(process, signal));
}

/// Lets it make its call, to the return from it.
fn to_its_end(process: Pid) {
    gone_is_fine(ptrace::syscall(process, None));
}

/// What is no file of anybody: terminals, pipes, sockets, and the harness's own deleted files for the output.
fn is_nobodys(path: &Path) -> bool {
    const PLACES: [&str; 2] = ["/dev", "/proc"];
    let memory = Path::new("/dev/shm");
    !path.is_absolute()
        || (PLACES.iter().any(|place| path.starts_with(place)) && !path.starts_with(memory))
        || path.to_string_lossy().starts_with("/memfd:")
        || (path.starts_with(std::env::temp_dir()) && !path.exists())
}

/// Whoever is traced may have been killed meanwhile, by us or by whoever started it.
fn gone_is_fine(result: nix::Result<()>) {
    match result {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => panic!("cannot go on with what is traced: {error}"),
    }
}
