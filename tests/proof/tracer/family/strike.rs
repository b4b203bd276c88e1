//! What is done to a family at a call: lies, faults, and what is answered for them.

use std::collections::BTreeSet;
use std::path::Path;

use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::super::calls::On;
use super::super::lie::Told;
use super::super::{At, Kind, Point};
use super::{After, Family, gone_is_fine};

impl Family<'_> {
    pub(super) fn lie(&mut self, point: &Point, process: Pid, arguments: &[u64; 6], registers: libc::user_regs_struct) {
        let Some(told) = self.lies.iter().find_map(|lie| lie.tell(point, process, arguments, self.world)) else {
            return;
        };
        match told {
            Told::Instead(answer) => self.skip(process, registers, answer),
            Told::Keep => {
                let path = self.world.join(&point.path);
                let bytes = std::fs::read(&path).unwrap_or_default();
                if !bytes.is_empty() {
                    self.kept = Some((path, bytes));
                }
                return;
            }
            Told::PutBack if self.kept.is_some() => {
                self.answers.insert(process, After::PutBack);
            }
            Told::PutBack => return,
        }
        self.told += 1;
    }

    pub(super) fn strike(&mut self, point: &Point, on: On, process: Pid, mut registers: libc::user_regs_struct) {
        let Some(fault) = self.fault else { return };
        let is_there = match fault.at {
            At::Number(number) => point.number == number,
            At::Every => true,
            At::Naming(name, nth) if point.to.as_deref() == Some(Path::new(name)) => {
                self.named += 1;
                self.named == nth
            }
            At::Naming(..) => false,
        };
        if !is_there {
            return;
        }
        match fault.kind {
            Kind::Kill => self.kill_all(),
            Kind::Errno(errno) => self.skip(process, registers, -i64::from(errno as i32)),
            Kind::Short => {
                let Some(length @ 2..) = point.length else { return };
                let On::Bytes { length: argument, .. } = on else { return };
                *register(&mut registers, argument) = length / 2;
                gone_is_fine(ptrace::setregs(process, registers));
            }
            Kind::Signal(signal) => gone_is_fine(kill(self.root, signal)),
            Kind::Stop => {
                self.freeze(process);
                (self.at_stop)(point);
                self.kill_all();
            }
            Kind::Look => {
                self.freeze(process);
                (self.at_stop)(point);
            }
        }
        self.fired = Some(point.clone());
    }

    /// The call is not made; when it returns, it says this.
    fn skip(&mut self, process: Pid, mut registers: libc::user_regs_struct, answer: i64) {
        registers.orig_rax = u64::MAX;
        gone_is_fine(ptrace::setregs(process, registers));
        self.answers.insert(process, After::Answer(answer));
    }

    pub(super) fn leaves(&mut self, process: Pid) {
        match self.answers.remove(&process) {
            None => {
                if let (Some(witness), Ok(registers)) = (&mut self.witness, ptrace::getregs(process)) {
                    witness.after(process, registers.rax.cast_signed());
                }
            }
            Some(After::Answer(answer)) => {
                let Ok(mut registers) = ptrace::getregs(process) else { return };
                registers.rax = answer.cast_unsigned();
                gone_is_fine(ptrace::setregs(process, registers));
            }
            Some(After::PutBack) => {
                let (path, bytes) = self.kept.take().unwrap();
                std::fs::write(path, bytes).unwrap();
            }
        }
    }

    /// Nobody runs any more when this returns; what they did meanwhile is looked at later.
    fn freeze(&mut self, at: Pid) {
        let waiting: BTreeSet<Pid> = self.backlog.iter().filter_map(WaitStatus::pid).collect();
        for process in self.members.iter().copied().filter(|process| *process != at && !waiting.contains(process)) {
            if ptrace::interrupt(process).is_ok()
                && let Ok(status) = waitpid(process, Some(WaitPidFlag::__WALL))
            {
                self.backlog.push_back(status);
            }
        }
    }

    pub(super) fn kill_all(&mut self) {
        self.dying = true;
        for process in &self.members {
            let _ = kill(*process, Signal::SIGKILL);
        }
    }
}

fn register(registers: &mut libc::user_regs_struct, argument: usize) -> &mut u64 {
    match argument {
        0 => &mut registers.rdi,
        1 => &mut registers.rsi,
        2 => &mut registers.rdx,
        3 => &mut registers.r10,
        4 => &mut registers.r8,
        _ => &mut registers.r9,
    }
}
