#![allow(clippy::disallowed_methods, reason = "a test makes its own world")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::question::Question;
use super::*;

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lock");
    (directory, path)
}

/// A child that lives until its input is closed.
fn child() -> Child {
    Command::new("cat").stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_second_run_is_told_who_holds_the_lock() {
    let (_directory, path) = place();
    let held = RunLock::acquire(&path, "upgrade --to 1.5").unwrap();
    let error = RunLock::acquire(&path, "status").unwrap_err();
    let LockError::Busy(owner) = &error else { panic!("{error}") };
    assert_eq!((owner.process.pid, owner.command.as_str()), (std::process::id(), "upgrade --to 1.5"));
    assert!(error.to_string().contains("`upgrade --to 1.5`"));
    assert_eq!(RunLock::owner(&path).unwrap().as_ref(), Some(owner));
    drop(held);
    assert_eq!(RunLock::owner(&path).unwrap(), None);
    drop(RunLock::acquire(&path, "recover").unwrap());
}

#[test]
fn who_waits_for_an_answer_is_told_from_who_works() {
    let (_directory, path) = place();
    assert!(Question::begin(&path).unwrap().is_none(), "nobody holds it");
    let _held = RunLock::acquire(&path, "rollback").unwrap();
    let question = Question::begin(&path).unwrap().unwrap();
    let told = RunLock::acquire(&path, "recover").unwrap_err().to_string();
    assert!(told.contains("`rollback`, process ") && told.contains("; it waits for an answer since 20"), "{told}");
    drop(question);
    let told = RunLock::acquire(&path, "recover").unwrap_err().to_string();
    assert!(told.contains("`rollback`, process ") && !told.contains("answer"), "{told}");
}

#[test]
fn what_a_dead_owner_wrote_does_not_count() {
    let (_directory, path) = place();
    let mut gone = child();
    let mut owner = Owner {
        process: Process::of(gone.id()).unwrap().unwrap(),
        boot: process::boot_id().unwrap(),
        command: "upgrade".to_owned(),
        since: clock::now(),
        asks: None,
    };
    let write = |owner: &Owner| std::fs::write(&path, serde_json::to_vec(owner).unwrap()).unwrap();
    write(&owner);
    assert!(RunLock::owner(&path).unwrap().is_some());
    owner.boot = "another boot".to_owned();
    write(&owner);
    assert_eq!(RunLock::owner(&path).unwrap(), None);
    owner.boot = process::boot_id().unwrap();
    write(&owner);
    gone.kill().unwrap();
    gone.wait().unwrap();
    assert_eq!(RunLock::owner(&path).unwrap(), None);
    drop(RunLock::acquire(&path, "recover").unwrap());
}

#[test]
fn a_holder_that_did_not_say_who_it_is_is_still_a_holder() {
    let (_directory, path) = place();
    let _lock = RunLock::acquire(&path, "x").unwrap();
    std::fs::write(&path, "").unwrap();
    assert!(matches!(RunLock::acquire(&path, "y").unwrap_err(), LockError::BusyUnknown(_)));
}

#[test]
fn a_child_gets_neither_lock() {
    let (directory, path) = place();
    let _run = RunLock::acquire(&path, "x").unwrap();
    let _expect = ExpectLock::hold(&path.with_file_name("expect.lock")).unwrap();
    let listed = Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("0 ->") && !listed.contains(directory.path().to_str().unwrap()), "{listed}");
}

#[test]
fn the_gate_asks_with_a_descriptor_that_only_reads() {
    let (_directory, path) = place();
    assert!(!expect_lock_is_held(&path).unwrap());
    let held = ExpectLock::hold(&path).unwrap();
    assert!(expect_lock_is_held(&path).unwrap());
    assert!(ExpectLock::hold(&path).is_err());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    drop(held);
    assert!(!expect_lock_is_held(&path).unwrap());
    drop(ExpectLock::hold(&path).unwrap());
}

#[test]
fn whoever_may_only_read_the_lock_of_a_start_keeps_no_owner_out_and_is_taken_for_none() {
    let (_directory, path) = place();
    drop(ExpectLock::hold(&path).unwrap());
    let reader = std::fs::File::open(&path).unwrap();
    fcntl(&reader, FcntlArg::F_OFD_SETLK(&whole_file(libc::F_RDLCK))).unwrap();
    assert!(!expect_lock_is_held(&path).unwrap());
    let held = ExpectLock::hold(&path).unwrap();
    assert!(expect_lock_is_held(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    drop(held);
    assert!(!expect_lock_is_held(&path).unwrap());
}

#[test]
fn a_passage_lasts_until_it_is_dropped_and_needs_a_lock_that_a_run_made() {
    let (_directory, path) = place();
    drop(passage::Passage::enter(&path).unwrap());
    assert!(!path.exists());
    passage::provide(&path).unwrap();
    let lock = std::fs::File::open(&path).unwrap();
    let through = [(); 2].map(|()| passage::Passage::enter(&path).unwrap());
    assert!(is_locked(&lock, &path, libc::F_WRLCK).unwrap());
    drop(through);
    assert!(!is_locked(&lock, &path, libc::F_WRLCK).unwrap());
}
