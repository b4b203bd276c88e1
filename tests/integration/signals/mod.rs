//! A signal that asks for the end: what is under way is finished or undone, never torn.

mod deaf;
mod everywhere;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::world::{NEW, OLD, World};

const UPGRADE: &[&str] = &["upgrade", "--to", "1.1.0", "--yes", "--json"];

/// A world in whose configuration a command of the service is another one.
fn with(command: &str, now: &str) -> World {
    let world = World::installed(&[OLD, NEW]);
    let file = world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix(&format!("{command} = [")) {
            Some(rest) => format!("{command} = [{}{rest}", now.replace("{d}", world.path("").to_str().unwrap())),
            None => line.to_owned(),
        })
        .collect();
    assert_ne!(changed.join("\n"), text.trim_end());
    std::fs::write(file, changed.join("\n")).unwrap();
    world
}

/// A shell that signals the installer once, as long as a file says so, and then becomes the usual command.
fn signalling(signal: &str) -> String {
    format!(r#""sh", "-c", "rm {{d}}signal 2>/dev/null && kill -{signal} $PPID; exec \"$@\"", "sh", "#)
}

fn arm(world: &World) {
    std::fs::write(world.path("signal"), "").unwrap();
}

#[test]
fn a_signal_before_the_stop_ends_the_run_and_nothing_was_changed() {
    // Asked for its state when everything is looked at.
    let world = with("status", &signalling("TERM"));
    arm(&world);
    let answer = world.run(UPGRADE).expect(1).json();
    assert_eq!((&answer["outcome"], &answer["error"]["code"]), (&"failed".into(), &"signal".into()));
    assert!(!world.path("signal").exists());
    assert!(!world.path("root/versions/1.1.0").exists());
    world.stands_at("1.0.0", 1);
    world.run(UPGRADE).expect(0);
}

#[test]
fn a_signal_during_the_stop_restores_the_old_release() {
    let world = with("stop", &signalling("INT"));
    arm(&world);
    let answer = world.run(UPGRADE).expect(4).json();
    assert_eq!((&answer["outcome"], &answer["error"]["code"]), (&"restored".into(), &"signal".into()));
    world.stands_at("1.0.0", 1);
    // Nobody is to blame, so it may be tried again.
    world.run(UPGRADE).expect(0);
}

#[test]
fn a_signal_while_the_new_service_starts_restores_the_old_release() {
    let world = with("start", &signalling("TERM"));
    arm(&world);
    let answer = world.run(UPGRADE).expect(4).json();
    assert_eq!((&answer["outcome"], &answer["error"]["code"]), (&"restored".into(), &"signal".into()));
    assert!(!world.path("signal").exists());
    world.stands_at("1.0.0", 1);
    assert_eq!(world.run(&["status", "--json"]).expect(0).json()["held"], serde_json::json!([]));
}

#[test]
fn a_signal_after_the_commit_changes_nothing() {
    let world = World::installed(&[OLD, NEW]);
    // Tidying takes its time.
    std::fs::create_dir_all(world.path("state/downloads")).unwrap();
    for number in 0..3000 {
        std::fs::write(world.path("state/downloads").join(number.to_string()), "").unwrap();
    }
    let mut command = world.command(&["upgrade", "--to", "1.1.0", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut lines = lines.skip_while(|line| !line.trim_start().starts_with("commit "));
    assert!(lines.next().is_some());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(lines.any(|line| line.trim_start().starts_with("tidy ")));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    world.stands_at("1.1.0", 2);
    assert!(world.run(&["status", "--json"]).expect(0).json()["unfinished"].is_null());
}
