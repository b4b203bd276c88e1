use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;

/// A child that lives until its input is closed.
fn child() -> Child {
    Command::new("cat").stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_process_is_itself_until_it_ends() {
    let mut cat = child();
    let process = Process::of(cat.id()).unwrap().unwrap();
    assert!(process.is_alive().unwrap());
    assert!(process.executable().unwrap().unwrap().is_absolute());
    assert_eq!(process.arguments().unwrap(), ["cat"]);
    let another = Process { started: process.started + 1, ..process };
    assert!(!another.is_alive().unwrap(), "the same number at another time is another process");
    cat.kill().unwrap();
    assert!(process.ends_by(Deadline::after(Duration::from_secs(60))).unwrap());
    assert!(!process.is_alive().unwrap(), "a zombie is dead");
    cat.wait().unwrap();
    assert_eq!((Process::of(cat.id()).unwrap(), process.executable().unwrap()), (None, None));
    assert!(process.ends_by(Deadline::after(Duration::ZERO)).unwrap());
    process.kill().unwrap();
}

#[test]
fn the_end_of_a_process_that_lives_on_is_not_reported() {
    let mut cat = child();
    let process = Process::of(cat.id()).unwrap().unwrap();
    assert!(!process.ends_by(Deadline::after(Duration::ZERO)).unwrap());
    process.kill().unwrap();
    assert!(process.ends_by(Deadline::after(Duration::from_secs(60))).unwrap());
    cat.wait().unwrap();
}

#[test]
fn a_program_whose_file_was_removed_is_still_named() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("service");
    // Another process copies it: a descriptor of ours that is open for writing could pass to a child of another test.
    assert!(Command::new("cp").arg("/bin/cat").arg(&program).status().unwrap().success());
    let mut cat = Command::new(&program).stdin(Stdio::piped()).spawn().unwrap();
    let process = Process::of(cat.id()).unwrap().unwrap();
    std::fs::remove_file(&program).unwrap();
    assert_eq!(process.executable().unwrap(), Some(program));
    cat.kill().unwrap();
    cat.wait().unwrap();
}

#[test]
fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
    let stat = "7 (a) b) (c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2";
    let stat = Stat::parse(stat).unwrap();
    assert_eq!((stat.state, stat.group, stat.started), ('S', 42, 98765));
    assert!(Stat::parse("7 (a").is_err());
    assert!(!stat.is_of_the_kernel());
    let kernel = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 132 0 0 20 0 1 0 10 0 0";
    assert!(Stat::parse(kernel).unwrap().is_of_the_kernel());
}

#[test]
fn a_control_group_holds_what_is_below_it_and_not_its_namesakes() {
    let unit = "/system.slice/gantry.service";
    assert!(is_within("0::/system.slice/gantry.service", unit));
    assert!(is_within("0::/system.slice/gantry.service/worker", unit));
    assert!(is_within("1:name=systemd:/system.slice/gantry.service", unit));
    assert!(!is_within("0::/system.slice/gantry.service2", unit));
    assert!(!is_within("4:memory:/system.slice/gantry.service", unit));
}

#[test]
fn a_process_that_is_being_reaped_does_not_live() {
    let text = "17338 (cat) X 0 -1 -1 0 -1 4227084 102 0 0 0 0 0 0 0 20 0 0 0 613580 0 0";
    assert!(!Stat::parse(text).unwrap().lives());
}

/// Runs itself again as the first process of a container whose process group began outside.
#[test]
fn in_a_container_that_was_entered_from_outside_a_process_stands_for_itself() {
    if std::process::id() == 1 {
        let this = Process::this().unwrap();
        assert_eq!(this.group().unwrap(), [this]);
        return;
    }
    let namespace = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
    if !Command::new("unshare").args(namespace).arg("true").status().is_ok_and(|status| status.success()) {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: this user may not make a PID namespace\n");
        return;
    }
    let name = "sys::process::inspect::tests::in_a_container_that_was_entered_from_outside_a_process_stands_for_itself";
    let mut inside = Command::new("unshare");
    inside.args(namespace).arg(std::env::current_exe().unwrap()).args(["--exact", name]);
    let answer = inside.output().unwrap();
    assert!(answer.status.success(), "{answer:#?}");
}
