//! Processes by what `/proc` says of them, never by their number alone: numbers are used again.

#![allow(clippy::disallowed_methods, reason = "this is one of the places that look at /proc")]

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, test_kill_process};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::sys::clock;
use crate::sys::events::{Deadline, wait_for_any};

/// One process of this boot. Its number with its start is used only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since the boot: field 22 of `/proc/PID/stat`, proc_pid_stat(5).
    pub started: u64,
}

/// More than the kernel takes to lay out a program, on a busy machine too.
const EXECVE: Duration = Duration::from_secs(1);

/// A process that could not be looked at.
#[derive(Debug, Error)]
#[error("cannot look at process {pid}")]
pub struct ProcessError {
    pid: u32,
    source: io::Error,
}

type Result<T> = std::result::Result<T, ProcessError>;

impl Process {
    /// The process of that number, if there is one; a zombie is none.
    ///
    /// # Errors
    /// Where there is one, but `/proc` hides it.
    pub fn of(pid: u32) -> Result<Option<Self>> {
        let found = Stat::of(pid).map_err(on(pid))?;
        Ok(found.filter(Stat::lives).map(|stat| Self { pid, started: stat.started }))
    }

    /// A child of ours that nobody reaped yet, even if it has ended already.
    pub(super) fn of_child(pid: u32) -> Result<Self> {
        let found = Stat::of(pid).map_err(on(pid))?.map(|stat| Self { pid, started: stat.started });
        found.ok_or_else(|| on(pid)(io::Error::from(io::ErrorKind::NotFound)))
    }

    /// This very process.
    ///
    /// # Errors
    /// Where `/proc` is not mounted.
    pub fn this() -> Result<Self> {
        let pid = std::process::id();
        Self::of(pid)?.ok_or_else(|| on(pid)(io::Error::from(io::ErrorKind::NotFound)))
    }

    /// Every process of its process group, itself included; only itself where that is the installer's group too.
    ///
    /// # Errors
    /// Where `/proc` cannot be read.
    pub fn group(&self) -> Result<Vec<Self>> {
        let Some(group) = self.foreign_group()? else {
            return Ok(self.is_alive()?.then_some(*self).into_iter().collect());
        };
        let mut members = Vec::new();
        for pid in all().map_err(on(self.pid))? {
            if let Some(stat) = Stat::of(pid).map_err(on(pid))?.filter(|stat| stat.lives() && stat.group == group) {
                members.push(Self { pid, started: stat.started });
            }
        }
        Ok(members)
    }

    /// Every process in the control group `path` (as systemd writes it) or below it.
    ///
    /// # Errors
    /// Where `/proc` cannot be read.
    pub fn of_cgroup(path: &str) -> Result<Vec<Self>> {
        let mut members = Vec::new();
        for pid in all().map_err(on(0))? {
            let groups = if_there(std::fs::read_to_string(format!("/proc/{pid}/cgroup"))).map_err(on(pid))?;
            if groups.is_some_and(|groups| groups.lines().any(|line| is_within(line, path))) {
                members.extend(Self::of(pid)?);
            }
        }
        Ok(members)
    }

    /// Whether it still runs; a zombie does not.
    ///
    /// # Errors
    /// As [`Process::of`].
    pub fn is_alive(&self) -> Result<bool> {
        Ok(Self::of(self.pid)? == Some(*self))
    }

    /// The program that it runs, symlinks resolved; nothing once it has ended. That the file was removed or replaced
    /// since does not show.
    ///
    /// # Errors
    /// Where the right to look is missing.
    pub fn executable(&self) -> Result<Option<PathBuf>> {
        let found = if_there(std::fs::read_link(format!("/proc/{}/exe", self.pid))).map_err(on(self.pid))?;
        if !self.is_alive()? {
            return Ok(None);
        }
        Ok(found.map(|path| match path.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
            Some(bare) => PathBuf::from(OsString::from_vec(bare.to_vec())),
            None => path,
        }))
    }

    /// Its arguments, the program's name first; empty once it has ended.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn arguments(&self) -> Result<Vec<OsString>> {
        let deadline = Deadline::after(EXECVE);
        let text = loop {
            let text = if_there(std::fs::read(format!("/proc/{}/cmdline", self.pid))).map_err(on(self.pid))?;
            let text = text.unwrap_or_default();
            // In the midst of execve(2) there is a program, and there are no arguments yet.
            if !text.is_empty() || deadline.left().is_zero() || self.executable()?.is_none() {
                break text;
            }
            clock::pause(Duration::from_millis(1));
        };
        let arguments = text.split_inclusive(|byte| *byte == 0);
        Ok(arguments.map(|one| OsString::from_vec(one.strip_suffix(&[0]).unwrap_or(one).to_vec())).collect())
    }

    /// A descriptor that becomes readable when it ends; nothing if it has ended already. It need not be a child.
    ///
    /// # Errors
    /// Where the system has no such descriptors (Linux before 5.3).
    pub fn end(&self) -> Result<Option<OwnedFd>> {
        let Some(pid) = rustix_pid(self.pid) else { return Ok(None) };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Err(Errno::SRCH) => Ok(None),
            Err(error) => Err(on(self.pid)(error.into())),
            // The look comes after the descriptor: that one cannot pass to another process any more.
            Ok(descriptor) => Ok(self.is_alive()?.then_some(descriptor)),
        }
    }

    /// Waits for its end; tells whether it came by the deadline.
    ///
    /// # Errors
    /// As [`Process::end`].
    pub fn ends_by(&self, deadline: Deadline) -> Result<bool> {
        let Some(end) = self.end()? else { return Ok(true) };
        let happened = wait_for_any(&[end.as_fd()], deadline.left()).map_err(on(self.pid))?;
        Ok(happened.contains(&true))
    }

    /// Sends SIGKILL to exactly this process; nothing to do once it has ended.
    ///
    /// # Errors
    /// Where the right to do so is missing.
    pub fn kill(&self) -> Result<()> {
        let Some(end) = self.end()? else { return Ok(()) };
        match rustix::process::pidfd_send_signal(end, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(on(self.pid)(error.into())),
        }
    }

    /// Sends SIGKILL to its whole process group; only to itself where that is the installer's group too.
    ///
    /// # Errors
    /// Where the right to do so is missing.
    pub fn kill_group(&self) -> Result<()> {
        let Some(group) = self.foreign_group()?.and_then(rustix_pid) else { return self.kill() };
        match kill_process_group(group, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(on(self.pid)(error.into())),
        }
    }

    /// Its process group, while it lives and unless the installer is in it, which would then hit itself.
    fn foreign_group(&self) -> Result<Option<u32>> {
        let found = Stat::of(self.pid).map_err(on(self.pid))?;
        let group = found.filter(|stat| stat.lives() && stat.started == self.started).map(|stat| stat.group);
        let own = Stat::of(std::process::id()).map_err(on(self.pid))?.map(|own| own.group);
        // A group of number 0 began outside this PID namespace (a container), and cannot be told from another one there.
        Ok(group.filter(|group| *group != 0 && Some(*group) != own))
    }
}

/// Differs after every boot: numbers of processes mean nothing across it.
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn boot_id() -> Result<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(on(0))?;
    Ok(text.trim().to_owned())
}

pub(crate) struct Stat {
    state: char,
    group: u32,
    flags: u32,
    threads: u32,
    started: u64,
}

/// A thread of the kernel's own (`PF_KTHREAD` of `linux/sched.h`).
const OF_THE_KERNEL: u32 = 0x0020_0000;

impl Stat {
    fn of(pid: u32) -> io::Result<Option<Self>> {
        let look = || if_there(std::fs::read(format!("/proc/{pid}/stat")));
        let text = match look()? {
            Some(text) => text,
            None if !exists(pid) => return Ok(None),
            // It may have been born in between; only if it stays unseen is it hidden (`hidepid`, proc(5)).
            None => match look()? {
                Some(text) => text,
                None if !exists(pid) => return Ok(None),
                None => return Err(io::Error::other("`/proc` hides it")),
            },
        };
        Self::parse(&String::from_utf8_lossy(&text)).map(Some)
    }

    /// The second field is the program's name in parentheses and may hold any byte: count from its end.
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        let fields: Vec<&str> = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let stat = || {
            Some(Self {
                state: fields.first()?.chars().next()?,
                // -1 while it is being reaped: then it is in none.
                group: fields.get(2)?.parse::<i32>().ok()?.try_into().unwrap_or(0),
                flags: fields.get(6)?.parse().ok()?,
                threads: fields.get(17)?.parse().ok()?,
                started: fields.get(19)?.parse().ok()?,
            })
        };
        stat().ok_or_else(|| io::Error::other(format!("its `stat` cannot be read: `{}`", text.trim_end())))
    }

    /// Whether it is a thread of the kernel's own, which has no memory and no file of anybody's.
    pub(crate) fn is_of_the_kernel(&self) -> bool {
        self.flags & OF_THE_KERNEL != 0
    }

    /// The state is that of the first thread; others may go on after it, as they do for a moment when a process is killed.
    fn lives(&self) -> bool {
        self.threads > 1 || !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

fn all() -> io::Result<Vec<u32>> {
    let names: io::Result<Vec<_>> = std::fs::read_dir("/proc")?.map(|entry| Ok(entry?.file_name())).collect();
    Ok(names?.iter().filter_map(|name| name.to_str()?.parse().ok()).collect())
}

/// A line of `/proc/PID/cgroup` is `number:controllers:path`; systemd's own is `0::…`, or `1:name=systemd:…` of old.
pub(crate) fn is_within(line: &str, path: &str) -> bool {
    let own = line.strip_prefix("0::").or_else(|| line.split_once(":name=systemd:").map(|(_, own)| own));
    own.and_then(|own| own.strip_prefix(path)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn exists(pid: u32) -> bool {
    rustix_pid(pid).is_some_and(|pid| !matches!(test_kill_process(pid), Err(Errno::SRCH)))
}

fn rustix_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// A process may end between any two looks: then its files are missing, or say ESRCH.
fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

fn on(pid: u32) -> impl Fn(io::Error) -> ProcessError {
    move |source| ProcessError { pid, source }
}

#[cfg(test)]
mod tests;
