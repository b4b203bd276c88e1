//! The processes of a world, found and ended by the directory in their command line: a number in a pid file may be a
//! stranger's by now.

use std::collections::BTreeSet;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Those that a service is made of, or that are about to become it, with their arguments. The installer counts only as
/// the gate.
pub fn of(directory: &Path) -> Vec<(u32, Vec<String>)> {
    let own = directory.to_str().unwrap();
    let is_own = |words: &[String]| {
        let is_installer = words.first().is_some_and(|word| word == env!("CARGO_BIN_EXE_gantry-installer"));
        words.iter().any(|word| word.contains(own)) && (!is_installer || words.iter().any(|word| word == "gate"))
    };
    let (mut known, mut found) = (BTreeSet::new(), Vec::new());
    loop {
        // One that has ended before we looked may have a child that was not there yet when the list was read.
        let born: Vec<u32> = numbers().filter(|pid| known.insert(*pid)).collect();
        if born.is_empty() {
            return found;
        }
        found.extend(born.into_iter().map(|pid| (pid, words(pid))).filter(|(_, words)| is_own(words)));
    }
}

fn numbers() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Ends them, whatever state they are in, and returns when all are gone: a process that is ending has no command line any
/// more, and still its port.
pub fn kill(directory: &Path) {
    loop {
        let found = of(directory);
        if found.is_empty() {
            return;
        }
        for (pid, _) in found {
            let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
            let Ok(end) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            let _ = pidfd_send_signal(&end, Signal::KILL);
            let mut ended = [PollFd::new(&end, PollFlags::IN)];
            poll(&mut ended, None).unwrap();
        }
    }
}

fn words(pid: u32) -> Vec<String> {
    loop {
        let before = end_of_arguments(pid);
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let is_settled = || before.as_deref() != Some("0") && before == end_of_arguments(pid);
        if !line.is_empty() || is_settled() {
            return String::from_utf8_lossy(&line).split_terminator('\0').map(str::to_owned).collect();
        }
        std::thread::yield_now();
    }
}

/// Where a process that has a program has its arguments. In the midst of execve(2) that is nowhere yet: whoever looks only
/// then would take it for nobody's, and it lives on as the service.
fn end_of_arguments(pid: u32) -> Option<String> {
    std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `arg_end` is field 49 (proc_pid_stat(5)); the third one is behind the name, which may hold anything.
    let (_, fields) = state.rsplit_once(") ")?;
    fields.split(' ').nth(49 - 3).map(str::to_owned)
}
