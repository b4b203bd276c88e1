//! A service of systemd, by a stand-in for `systemctl` that notes what it is asked.

use std::path::Path;
use std::process::Command;

use crate::world::{Answer, NEW, OLD, World, answer};

/// Units are `NAME.start`, a script that ends in the service itself; their processes are in `NAME.pid`.
const SYSTEMCTL: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit
while [ "${1#--}" != "$1" ]; do shift; done
verb=$1; shift
[ "${1#--property}" != "$1" ] && shift
[ "$verb" = show ] || echo "$verb $*" >> calls
[ "$1" = --no-block ] && shift
[ "${1#--signal}" != "$1" ] && shift
lives() { [ -f "$1.pid" ] && grep -q '^State:.[^ZX]' "/proc/$(cat "$1.pid")/status" 2> /dev/null; }
for unit in "$@"; do
    case $verb in
    show)
        echo LoadState=loaded
        if lives "$unit"; then
            echo ActiveState=active; echo SubState=running; echo "MainPID=$(cat "$unit.pid")"
        elif [ -f "$unit.pid" ]; then echo ActiveState=failed; echo MainPID=0; echo ExecMainCode=1; echo ExecMainStatus=1
        else echo ActiveState=inactive; echo MainPID=0; fi ;;
    reset-failed) rm -f "$unit.starts"; lives "$unit" || rm -f "$unit.pid" ;;
    start)
        lives "$unit" && continue
        # As with StartLimitBurst=1: a unit whose starts are not forgotten is not started again.
        [ -f "$unit.starts" ] && { echo "Start request repeated too quickly." >&2; exit 1; }
        : > "$unit.starts"
        setsid sh "$unit.start" < /dev/null > "$unit.log" 2>&1 &
        echo $! > "$unit.pid" ;;
    stop)
        lives "$unit" || continue
        kill -TERM "$(cat "$unit.pid")"
        while lives "$unit"; do sleep 0.01; done
        rm -f "$unit.pid" ;;
    kill) kill -KILL "$(cat "$unit.pid")" ;;
    esac
done
"#;

/// An installed product under the stand-in, with a unit beside it.
struct Machine(World);

impl Machine {
    fn installed(new: crate::world::Release) -> Self {
        let world = World::with(&[OLD, new]);
        world.service_by("manager = \"systemd\"\nunit = \"notes.service\"\nalso = [\"replica.service\"]");
        let machine = Self(world);
        std::fs::create_dir(machine.0.path("tools")).unwrap();
        program(&machine.0.path("tools/systemctl"), SYSTEMCTL);
        let root = machine.0.path("");
        let root = root.display();
        let installer = env!("CARGO_BIN_EXE_gantry-installer");
        let port = machine.0.port;
        let start = format!(
            "exec {installer} --config {root}/installer.toml gate -- {root}/root/current/bin/notes serve \
             --database {root}/data/notes.db --listen 127.0.0.1:{port} --pid-file {root}/notes.pid\n"
        );
        std::fs::write(machine.0.path("tools/notes.service.start"), start).unwrap();
        std::fs::write(machine.0.path("tools/replica.service.start"), "exec sleep 1000\n").unwrap();
        machine.run(&["install", "--to", "1.0.0", "--yes"]).expect(0);
        machine.0.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
        machine
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command: Command = self.0.command(arguments);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.0.path("tools").display()));
        command
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        answer(self.command(arguments))
    }

    /// What was asked since the last look.
    fn calls(&self) -> Vec<String> {
        let file = self.0.path("tools/calls");
        let calls = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::remove_file(file);
        calls.lines().map(str::to_owned).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for unit in ["notes.service.pid", "replica.service.pid"] {
            if let Ok(pid) = std::fs::read_to_string(self.0.path("tools").join(unit)) {
                let _ = Command::new("kill").args(["-KILL", pid.trim()]).status();
            }
        }
    }
}

// FM-31: starts of an earlier failure are forgotten before each start that a run makes.
#[test]
fn a_unit_is_reset_before_each_start_and_what_belongs_to_it_is_stopped_before_and_started_after() {
    let machine = Machine::installed(NEW);
    machine.calls();
    let answer = machine.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert!(answer["downtime_ms"].is_u64(), "{answer:#}");
    machine.0.stands_at("1.1.0", 2);
    let expected = [
        "stop replica.service",
        "stop notes.service",
        "reset-failed notes.service",
        "start notes.service",
        "reset-failed replica.service",
        "start replica.service",
    ];
    assert_eq!(machine.calls(), expected);
}

#[test]
fn a_unit_that_dies_at_its_start_is_undone_and_the_old_one_is_not_refused_for_it() {
    let machine = Machine::installed(NEW.mode("dies-at-once"));
    machine.calls();
    let answer = machine.run(&["upgrade", "--yes", "--json"]).expect(4).json();
    assert_eq!(answer["outcome"], "restored");
    machine.0.stands_at("1.0.0", 1);
    let calls = machine.calls();
    let starts = calls.iter().filter(|call| *call == "start notes.service").count();
    let resets = calls.iter().filter(|call| *call == "reset-failed notes.service").count();
    assert_eq!((starts, resets), (2, 2), "{calls:#?}");
    assert_eq!(calls.last().unwrap(), "start replica.service");
}

#[test]
fn a_unit_that_runs_for_a_while_and_is_never_healthy_is_undone() {
    let machine = Machine::installed(NEW.mode("never-healthy"));
    machine.0.replace("timeout = \"60s\"", "timeout = \"5s\"");
    machine.run(&["upgrade", "--yes", "--json"]).expect(4);
    machine.0.stands_at("1.0.0", 1);
}

#[test]
fn where_even_the_old_one_does_not_start_a_person_is_told_and_recover_goes_on_from_there() {
    let machine = Machine::installed(NEW);
    let start = machine.0.path("tools/notes.service.start");
    let good = std::fs::read_to_string(&start).unwrap();
    std::fs::write(&start, "exit 78\n").unwrap();
    let answer = machine.run(&["upgrade", "--yes", "--json"]).expect(5).json();
    assert_eq!(answer["outcome"], "stranded");
    assert!(answer["error"]["message"].as_str().unwrap().contains("everything is as before"), "{answer:#}");
    assert!(
        machine.0.plain(answer["error"]["remedy"].as_str().unwrap()).contains("gantry-installer recover"),
        "{answer:#}"
    );
    assert_eq!((machine.0.current().as_deref(), machine.0.schema()), (Some("1.0.0"), 1));
    machine.run(&["upgrade", "--yes"]).expect(6);
    std::fs::write(&start, good).unwrap();
    let answer = machine.run(&["recover", "--json"]).expect(0).json();
    assert_eq!(answer["outcome"], "restored");
    machine.0.stands_at("1.0.0", 1);
}

fn program(path: &Path, text: &str) {
    let script = r#"printf %s "$1" > "$2" && chmod 755 "$2""#;
    let status = Command::new("/bin/sh").args(["-c", script, "sh", text]).arg(path).status().unwrap();
    assert!(status.success());
}

/// Kills an upgrade once it may have started the new service, and then that too, as a power cut does.
fn cut_off_while_it_started() -> Machine {
    for at in (70..).step_by(8) {
        let machine = Machine::installed(NEW);
        let mut command = machine.command(&["upgrade", "--yes"]);
        command.env("GANTRY_INSTALLER_DIE_AT", at.to_string());
        let answer = answer(command);
        assert_ne!(answer.code, 0, "it was over before the start was found: {answer:#?}");
        let gate: serde_json::Value =
            serde_json::from_slice(&std::fs::read(machine.0.path("state/gate.json")).unwrap()).unwrap();
        if gate["run"]["expect"]["version"] == "1.1.0" {
            machine.0.kill_service();
            std::fs::remove_file(machine.0.path("tools/notes.service.pid")).unwrap_or_default();
            return machine;
        }
    }
    unreachable!()
}

// A stop would take the start away that systemd has ready for the service, once this unit has ended.
#[test]
fn recovery_before_the_service_at_boot_stops_nothing_that_does_not_run() {
    let machine = cut_off_while_it_started();
    machine.calls();
    machine.run(&["recover", "--unit"]).expect(0);
    // The run that was cut off had stopped it.
    assert_eq!(machine.calls(), ["start --no-block replica.service"]);
    assert_eq!(machine.0.current().as_deref(), Some("1.0.0"));
    machine.run(&["gate"]).expect(0);
}
