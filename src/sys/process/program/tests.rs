#![allow(clippy::disallowed_methods, reason = "a test makes its own world")]

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::super::{Credentials, Process};
use super::*;
use crate::sys::signal::pretend;

fn shell<'a>(script: &str, environment: Environment<'a>, interrupt: &'a Interrupt) -> Program<'a> {
    let argv = ["/bin/sh", "-c", script].map(OsString::from).to_vec();
    Program { argv, environment, timeout: Duration::from_secs(60), interrupt }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn private(directory: &tempfile::TempDir) -> std::path::PathBuf {
    directory.path().join("private")
}

#[test]
fn both_outputs_and_the_exit_status_come_back() {
    let never = Interrupt::never();
    let output = shell("echo out; echo err >&2; exit 7", Environment::Inherited, &never).run().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stdout), text(&output.stderr)),
        (Some(7), "out\n".into(), "err\n".into())
    );
    assert_eq!(output.summary(), "exit status 7: err");
}

#[test]
fn only_the_end_of_a_long_output_is_kept() {
    let never = Interrupt::never();
    let script = "i=0; while [ $i -lt 40000 ]; do echo $i; i=$((i+1)); done";
    let output = shell(script, Environment::Inherited, &never).run().unwrap();
    assert!(output.stdout.len() <= KEPT && text(&output.stdout).ends_with("\n39998\n39999\n"));
}

#[test]
fn a_clean_environment_holds_what_the_contract_says_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = private(&directory);
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("left by another"), "").unwrap();
    let never = Interrupt::never();
    let environment = Environment::Clean { private: &path, user: None };
    let argv = vec!["/usr/bin/env".into()];
    let output = Program { argv, ..shell("", environment, &never) }.run().unwrap();
    let mut variables: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    variables.sort();
    let own = path.display();
    let wanted = [
        format!("HOME={own}"),
        "LANG=C.UTF-8".to_owned(),
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        format!("TMPDIR={own}"),
    ];
    assert_eq!(variables, wanted);
    let output = shell("pwd; ls -A; stat -c %a .; touch rubbish", environment, &never).run().unwrap();
    assert_eq!(text(&output.stdout), format!("{own}\n700\n"));
    assert!(!path.exists(), "it is removed afterwards");
}

#[test]
fn a_program_of_the_product_runs_as_its_user_without_further_groups() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = private(&directory);
    let never = Interrupt::never();
    let user = Some(Credentials { uid: 65534, gid: 65533 });
    let environment = Environment::Clean { private: &path, user };
    let output = shell("id -u; id -G; stat -c %u:%g .; echo > mine", environment, &never).run().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "65534\n65533\n65534:65533\n".into()));
}

#[test]
fn a_program_that_takes_too_long_is_killed_with_all_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let note = directory.path().join("pids");
    let never = Interrupt::never();
    let script = format!("sleep 1000 & echo $! $$ > {}; trap '' TERM; wait; wait; sleep 1000", note.display());
    let error = Program { timeout: Duration::from_secs(3), ..shell(&script, Environment::Inherited, &never) }.run();
    assert!(matches!(error, Err(ProgramError::TimedOut { .. })), "{error:?}");
    all_are_gone(&note);
}

#[test]
fn a_signal_ends_a_program_and_the_error_names_it() {
    let (interrupt, raise) = pretend::interrupt();
    let raiser = std::thread::spawn(raise);
    let error = shell("exec sleep 1000", Environment::Inherited, &interrupt).run().unwrap_err();
    raiser.join().unwrap();
    assert_eq!(error.to_string(), "`/bin/sh` was ended by SIGTERM");
}

#[test]
fn a_program_in_a_clean_environment_leaves_no_process_behind() {
    let directory = tempfile::tempdir().unwrap();
    let (path, note) = (private(&directory), directory.path().join("pids"));
    let never = Interrupt::never();
    let script = format!("sleep 1000 & echo $! > {}", note.display());
    shell(&script, Environment::Clean { private: &path, user: None }, &never).run().unwrap();
    all_are_gone(&note);
}

#[test]
fn a_child_that_keeps_the_outputs_open_does_not_hold_up_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let note = directory.path().join("pids");
    let never = Interrupt::never();
    let script = format!("sleep 1000 & echo $! > {}; echo done", note.display());
    let output = shell(&script, Environment::Inherited, &never).run().unwrap();
    assert_eq!(text(&output.stdout), "done\n");
    for pid in std::fs::read_to_string(&note).unwrap().split_whitespace() {
        Process::of(pid.parse().unwrap()).unwrap().expect("the caller's daemon lives on").kill().unwrap();
    }
}

#[test]
fn a_program_has_no_terminal_and_a_session_of_its_own() {
    let never = Interrupt::never();
    let output = shell("ps -o sid= -p $$; echo $$; : < /dev/tty", Environment::Inherited, &never).run().unwrap();
    let numbers: Vec<String> = text(&output.stdout).split_whitespace().map(str::to_owned).collect();
    assert_eq!(numbers[0], numbers[1]);
    assert!(!output.status.success(), "there is no terminal to open");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let never = Interrupt::never();
    let argv = vec!["/nowhere/migrate".into()];
    let error = Program { argv, ..shell("", Environment::Inherited, &never) }.run().unwrap_err();
    assert_eq!(error.to_string(), "cannot run `/nowhere/migrate`");
    let error = Program { argv: Vec::new(), ..shell("", Environment::Inherited, &never) }.run().unwrap_err();
    assert!(matches!(error, ProgramError::Empty));
}

/// SIGKILL was sent; the last of it is up to the kernel.
fn all_are_gone(note: &Path) {
    assert!(std::fs::metadata(note).unwrap().size() > 1);
    for pid in std::fs::read_to_string(note).unwrap().split_whitespace() {
        if let Some(process) = Process::of(pid.parse().unwrap()).unwrap() {
            assert!(process.ends_by(Deadline::after(Duration::from_secs(60))).unwrap());
        }
    }
}

/// In a second process of this very test, which is the installer that is killed.
fn installer(note: &Path) {
    let (never, private) = (Interrupt::never(), note.with_file_name("private"));
    let script = format!("echo $$ > {note}.new; mv {note}.new {note}; exec sleep 1000", note = note.display());
    let _ = shell(&script, Environment::Clean { private: &private, user: None }, &never).run();
}

#[test]
fn a_program_in_a_clean_environment_dies_with_a_killed_installer() {
    if let Some(note) = std::env::var_os("NOTE") {
        return installer(Path::new(&note));
    }
    let directory = tempfile::tempdir().unwrap();
    let note = directory.path().join("pid");
    let this = "sys::process::program::tests::a_program_in_a_clean_environment_dies_with_a_killed_installer";
    let mut installer = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this])
        .env("NOTE", &note)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Deadline::after(Duration::from_secs(60));
    while !note.exists() {
        assert!(!deadline.has_passed());
        crate::sys::clock::pause(Duration::from_millis(5));
    }
    installer.kill().unwrap();
    installer.wait().unwrap();
    all_are_gone(&note);
}
