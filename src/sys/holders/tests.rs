//! Who is found, and in which moments.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;
use crate::sys::events::Deadline;
use crate::sys::process::Process;

fn identity(path: &Path) -> Identity {
    let found = fs::metadata(path).unwrap();
    Identity { device: found.dev(), inode: found.ino() }
}

/// A shell that says `ready` once it has descriptor 3 open, and what it does then.
fn shell(script: &str, path: &Path) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", &format!("exec 3<\"$0\"; echo ready; {script}")])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    ready(&mut child);
    child
}

fn ready(child: &mut Child) {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
}

#[test]
fn a_process_that_holds_the_file_is_named_even_after_the_file_was_renamed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    fs::write(&path, "x").unwrap();
    let file = identity(&path);
    let mut child = shell("read line", &path);
    fs::rename(&path, directory.path().join("other.db")).unwrap();

    let found = of(&[file]).unwrap();

    assert_eq!(found.processes.iter().map(|holder| holder.pid).collect::<Vec<_>>(), [child.id()]);
    assert!(found.processes[0].command.starts_with("sh -c"), "{found:?}");
    drop(child.stdin.take());
    child.wait().unwrap();
    assert_eq!(of(&[file]).unwrap().processes, []);
}

#[test]
fn our_own_descriptors_are_counted_apart() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let file_identity = identity(file.path());
    assert_eq!(own_descriptors(file_identity).unwrap(), 1);
    assert_eq!(of(&[file_identity]).unwrap().processes, []);
}

#[test]
fn a_process_in_the_midst_of_becoming_another_program_is_not_overlooked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("again");
    fs::write(&path, "exec sh \"$0\"\n").unwrap();
    let mut child = shell("exec sh \"$0\"", &path);
    for _ in 0..100 {
        let found = of(&[identity(&path)]).unwrap();
        assert_eq!(found.processes.iter().map(|holder| holder.pid).collect::<Vec<_>>(), [child.id()]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

// Each hands the file on to its child and ends.
#[test]
fn a_file_that_is_handed_on_while_we_look_is_not_overlooked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("on");
    fs::write(&path, "[ -e \"$0.end\" ] || sh \"$0\" &\n").unwrap();
    let mut first = shell("exec sh \"$0\"", &path);
    for _ in 0..20 {
        let found = of(&[identity(&path)]).unwrap();
        assert!(found.blind || !found.processes.is_empty());
    }
    fs::write(path.with_extension("end"), "").unwrap();
    while !of(&[identity(&path)]).unwrap().processes.is_empty() {}
    first.wait().unwrap();
}

const ITS_FIRST_THREAD_ENDS: &str = "
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
static pthread_t first;
static void *hold(void *path) {
    char byte;
    open(path, O_RDONLY);
    pthread_join(first, 0);
    write(1, \"ready\\n\", 6);
    read(0, &byte, 1);
    _exit(0);
}
int main(int count, char **words) {
    pthread_t thread;
    first = pthread_self();
    pthread_create(&thread, 0, hold, words[count - 1]);
    pthread_exit(0);
}
";

#[test]
fn a_process_whose_first_thread_has_ended_lives_and_holds_its_files() {
    let directory = tempfile::tempdir().unwrap();
    let (source, program) = (directory.path().join("held.c"), directory.path().join("held"));
    fs::write(&source, ITS_FIRST_THREAD_ENDS).unwrap();
    let built = Command::new("cc").args(["-pthread", "-o"]).args([&program, &source]).output();
    assert!(built.is_ok_and(|built| built.status.success()), "SQLite is built by the same compiler");
    let mut held = Command::new(&program).arg(&source).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    ready(&mut held);
    let process = Process::of(held.id()).unwrap().unwrap();
    assert!(process.is_alive().unwrap());
    let found = of(&[identity(&source)]).unwrap();
    assert_eq!(found.processes.iter().map(|holder| holder.pid).collect::<Vec<_>>(), [held.id()]);
    held.kill().unwrap();
    assert!(process.ends_by(Deadline::after(Duration::from_secs(60))).unwrap());
    assert!(!process.is_alive().unwrap());
    held.wait().unwrap();
}
