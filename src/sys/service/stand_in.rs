//! Stand-ins for tests: a release whose program is `sleep`, commands that run it, and a systemd of shell script.

#![allow(clippy::disallowed_methods, reason = "a test makes its own world")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;
use crate::config::{self, Manager};

/// A directory with what a test needs; all that it started is killed with it.
pub(crate) struct World {
    directory: tempfile::TempDir,
}

impl World {
    /// With the program of release 1.5.0, which sleeps for as many seconds as its argument says.
    pub(crate) fn new() -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(world.release().join("bin")).unwrap();
        std::fs::write(world.path("notes"), "").unwrap();
        copy("/bin/sleep", &world.program());
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        std::fs::canonicalize(self.directory.path()).unwrap().join(name)
    }

    pub(crate) fn release(&self) -> PathBuf {
        self.path("versions/1.5.0")
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.release().join("bin/gantry")
    }

    /// A program that sleeps as well, but is not the release's.
    pub(crate) fn other_program(&self) -> PathBuf {
        let path = self.path("other");
        copy("/bin/sleep", &path);
        path
    }

    pub(crate) fn pid_file(&self) -> PathBuf {
        self.path("pid")
    }

    /// A service by commands of shell script: in them `$program` is the release's, `$pid` the pid file, `$notes` a file.
    pub(crate) fn by_commands(&self, start: &str, stop: &str, pid_file: PidFile) -> Service {
        let words = |script: &str| {
            let (program, pid, notes) = (self.program(), self.pid_file(), self.path("notes"));
            let (program, pid, notes) = (program.display(), pid.display(), notes.display());
            let script = format!("program={program} pid={pid} notes={notes}\n{script}");
            vec!["/bin/sh".to_owned(), "-c".to_owned(), script]
        };
        let manager = Manager::Command {
            start: words(start),
            stop: words(stop),
            status: words(STATUS),
            pid_file: matches!(pid_file, PidFile::Configured).then(|| self.pid_file()),
        };
        self.service(manager, Vec::new())
    }

    /// A service of the stand-in for systemd, which runs `script` for its unit.
    pub(crate) fn by_systemd(&self, script: &str, also: &[&str], triggers: &[&str]) -> Service {
        write_program(&self.path("systemctl"), SYSTEMCTL);
        write_program(&self.path("journalctl"), "#!/bin/sh\necho the journal says why\n");
        self.unit("gantry.service", script);
        let also = also.iter().map(ToString::to_string).collect();
        let manager = Manager::Systemd { unit: "gantry.service".to_owned(), also };
        self.service(manager, triggers.iter().map(ToString::to_string).collect())
    }

    pub(crate) fn unit(&self, name: &str, script: &str) {
        let program = self.program();
        let text = format!("#!/bin/sh\nprogram={}\n{script}\n", program.display());
        write_program(&self.path(&format!("{name}.program")), &text);
    }

    /// What was asked of the stand-in for systemd that changes something.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::fs::read_to_string(self.path("calls")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn service(&self, manager: Manager, triggers: Vec<String>) -> Service {
        let config = config::Service { manager, stop_timeout: Duration::from_secs(60) };
        let tools = Some(self.path(""));
        Service::new(&config, Runtime { log: self.path("service.log"), triggers, tools })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let own = self.path("");
        for entry in std::fs::read_dir("/proc").unwrap() {
            let Some(pid) = entry.unwrap().file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(Some(process)) = Process::of(pid) else { continue };
            let arguments = process.arguments().unwrap_or_default();
            if arguments.iter().any(|word| word.to_string_lossy().contains(own.to_str().unwrap())) {
                let _ = process.kill();
            }
        }
    }
}

pub(crate) enum PidFile {
    Configured,
    Unknown,
}

impl Service {
    pub(crate) fn with_stop_timeout(mut self, stop_timeout: Duration) -> Self {
        self.stop_timeout = stop_timeout;
        self
    }

    /// Waits until something is known of a start.
    pub(crate) fn until(&self, started: &mut Started, is_it: impl Fn(&Life) -> bool) -> Life {
        let deadline = Deadline::after(Duration::from_secs(60));
        loop {
            let life = self.life(started).unwrap();
            if is_it(&life) {
                return life;
            }
            assert!(!deadline.has_passed(), "{life:?}");
            crate::sys::clock::pause(Duration::from_millis(5));
        }
    }
}

/// Another process writes what is run later: a descriptor of ours that is open for writing could pass to a child of
/// another test, and then the file would be busy.
pub(super) fn write_program(path: &Path, text: &str) {
    let script = r#"printf %s "$1" > "$2" && chmod 755 "$2""#;
    let status = Command::new("/bin/sh").args(["-c", script, "sh", text]).arg(path).status().unwrap();
    assert!(status.success());
}

fn copy(from: &str, to: &Path) {
    assert!(Command::new("cp").arg(from).arg(to).stdin(Stdio::null()).status().unwrap().success());
}

/// Starts a daemon and returns.
pub(crate) const DAEMON: &str = "$program 1000 & echo $! > $pid";

/// Stays in the foreground.
pub(crate) const FOREGROUND: &str = "echo $$ > $pid; exec $program 1000";

pub(crate) const STOP: &str = "kill $(cat $pid)";

/// Waits, as many scripts do, until the number of the process is free.
pub(crate) const STOP_AND_WAIT: &str = "kill $(cat $pid) && while kill -0 $(cat $pid); do sleep 0.01; done";

/// A zombie does not run; whoever must reap it may take its time.
const STATUS: &str = "grep '^State:.[^ZX]' /proc/$(cat $pid)/status";

const SYSTEMCTL: &str = r#"#!/bin/sh
here=$(dirname "$0")
while [ "${1#--}" != "$1" ]; do shift; done
verb=$1; shift
case $verb in show) ;; *) echo "$verb $*" >> "$here/calls" ;; esac
wait= ; [ "$1" = --no-block ] && { wait=no; shift; }
[ "${1#--}" != "$1" ] && shift
for unit in "$@"; do
    at=$here/$unit
    [ -f "$at.program" ] || { [ $verb = show ] && { echo LoadState=not-found; exit; }; echo "$unit not loaded" >&2; exit 5; }
    case $verb in
    show)
        echo LoadState=loaded
        cat "$at.more" 2> /dev/null
        if [ -f "$at.pid" ]; then echo ActiveState=active; echo SubState=running; echo "MainPID=$(cat "$at.pid")"
        elif [ -f "$at.exit" ]; then echo ActiveState=failed; echo MainPID=0; echo ExecMainCode=1; echo "ExecMainStatus=$(cat "$at.exit")"
        else echo ActiveState=inactive; echo MainPID=0; fi ;;
    start)
        [ -f "$at.limit" ] && { echo "start request repeated too quickly" >&2; exit 1; }
        [ -f "$at.pid" ] && continue
        {
            "$at.program" & child=$!
            echo $child > "$at.new"; mv "$at.new" "$at.pid"
            wait $child; code=$?
            [ -f "$at.stopping" ] || echo $code > "$at.exit"
            rm -f "$at.pid" "$at.stopping"
        } < /dev/null > /dev/null 2>&1 &
        until [ -f "$at.pid" ] || [ -f "$at.exit" ]; do sleep 0.01; done ;;
    stop)
        [ -f "$at.pid" ] || continue
        : > "$at.stopping"
        kill "$(cat "$at.pid")"
        [ "$wait" = no ] || while [ -f "$at.pid" ]; do sleep 0.01; done ;;
    kill) kill -KILL "$(cat "$at.pid")" ;;
    reset-failed) rm -f "$at.limit" "$at.exit" ;;
    esac
done
"#;
