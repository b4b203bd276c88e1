#![allow(clippy::disallowed_methods, reason = "a test makes its own world")]

mod answers;

use super::*;
use crate::config::OnCrash;
use crate::sys::service::State;
use crate::sys::service::stand_in::{DAEMON, FOREGROUND, PidFile, STOP, World};
use crate::sys::signal::pretend;

use answers::Answers;

const LONG: Duration = Duration::from_secs(3600);
/// Waited for in vain, and long enough for a busy machine to ask once.
const SHORT: Duration = Duration::from_secs(3);

fn version() -> Version {
    "1.5.0".parse().unwrap()
}

fn check(world: &World, probe: Probe, timeout: Duration) -> HealthCheck {
    let mut check = HealthCheck::new(
        &Health { probe, timeout, probation: Duration::ZERO, on_crash: OnCrash::Report },
        world.path("private"),
        None,
    );
    check.alive_for = Duration::from_millis(50);
    check
}

/// The outcome of a start of `service`, of which nothing was seen before.
fn prove(world: &World, service: &Service, check: &HealthCheck, silence: Silence) -> Result<Proof, HealthError> {
    let (version, directory) = (version(), world.release());
    let expected = Expectation { version: &version, directory: &directory, before: None, silence };
    let mut started = service.start().unwrap();
    check.prove(&expected, service, &mut started, &Interrupt::never())
}

#[test]
fn a_good_answer_while_the_release_s_program_is_the_main_process_is_the_proof() {
    let (world, answers) = (World::new(), Answers::version("1.5.0"));
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    let proof = prove(&world, &service, &check(&world, answers.probe(), LONG), Silence::Unproven).unwrap();
    let State::Running { main: Some(main) } = service.state().unwrap() else { panic!() };
    assert_eq!((proof.pid, proof.answered.as_deref()), (Some(main.pid), Some("1.5.0")));
}

#[test]
fn systemd_s_main_process_counts_as_well_and_a_tagged_version_too() {
    let (world, answers) = (World::new(), Answers::version("v1.5.0"));
    let service = world.by_systemd("exec $program 1000", &[], &[]);
    let proof = prove(&world, &service, &check(&world, answers.probe(), LONG), Silence::Unproven).unwrap();
    assert!(proof.pid.is_some());
}

// FM-30: an old process, or a cache, that still answers for a while.
#[test]
fn an_answer_as_the_old_version_is_not_believed_and_not_final() {
    let (world, answers) = (World::new(), Answers::by_turn(|turn| (200, if turn < 5 { OLD } else { NEW }.to_owned())));
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    prove(&world, &service, &check(&world, answers.probe(), LONG), Silence::Proven).unwrap();
    assert!(answers.turns() > 5);
}

const OLD: &str = r#"{"version":"1.4.0"}"#;
const NEW: &str = r#"{"version":"1.5.0"}"#;

#[test]
fn an_answer_that_stays_that_of_the_old_version_is_named_at_the_deadline() {
    let (world, answers) = (World::new(), Answers::version("1.4.0"));
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    let error = prove(&world, &service, &check(&world, answers.probe(), SHORT), Silence::Proven).unwrap_err();
    assert!(matches!(&error, HealthError::WrongVersion { answered, .. } if answered == "1.4.0"), "{error}");
}

// FM-30
#[test]
fn a_good_answer_while_another_program_is_the_main_process_proves_nothing() {
    let (world, answers) = (World::new(), Answers::version("1.5.0"));
    let other = world.other_program();
    let service = world.by_commands(&format!("{} 1000 & echo $! > $pid", other.display()), STOP, PidFile::Configured);
    let (version, directory) = (version(), world.release());
    let mut started = service.start().unwrap();
    service.until(&mut started, |life| matches!(life, Life::Alive { main: Some(_), .. }));
    let expected = Expectation { version: &version, directory: &directory, before: None, silence: Silence::Proven };
    let check = check(&world, answers.probe(), SHORT);
    let error = check.prove(&expected, &service, &mut started, &Interrupt::never()).unwrap_err();
    assert!(
        matches!(&error, HealthError::WrongProcess { reason, .. } if reason.contains(other.to_str().unwrap())),
        "{error}"
    );
}

#[test]
fn the_process_from_before_the_stop_proves_nothing() {
    let (world, answers) = (World::new(), Answers::version("1.5.0"));
    let service = world.by_commands(FOREGROUND, STOP, PidFile::Configured);
    let (version, directory) = (version(), world.release());
    let mut started = service.start().unwrap();
    let main = service.until(&mut started, |life| matches!(life, Life::Alive { main: Some(_), .. }));
    let Life::Alive { main: before, .. } = main else { panic!() };
    let expected = Expectation { version: &version, directory: &directory, before, silence: Silence::Proven };
    let check = check(&world, answers.probe(), SHORT);
    let error = check.prove(&expected, &service, &mut started, &Interrupt::never()).unwrap_err();
    assert!(matches!(error, HealthError::WrongProcess { .. }), "{error}");
}

#[test]
fn for_a_script_the_silence_before_the_start_is_the_proof() {
    let (world, answers) = (World::new(), Answers::by_turn(|_| (200, "ok".to_owned())));
    std::fs::write(world.release().join("bin/run"), "while :; do sleep 0.1; done").unwrap();
    let start = format!("sh {} & echo $! > $pid", world.release().join("bin/run").display());
    let service = world.by_commands(&start, STOP, PidFile::Configured);
    let error = prove(&world, &service, &check(&world, answers.probe(), SHORT), Silence::Unproven).unwrap_err();
    assert!(matches!(error, HealthError::WrongProcess { .. }), "{error}");
    service.stop().unwrap();
    prove(&world, &service, &check(&world, answers.probe(), LONG), Silence::Proven).unwrap();
}

#[test]
fn without_a_main_process_and_a_version_the_status_must_say_that_it_runs() {
    let (world, answers) = (World::new(), Answers::by_turn(|_| (200, "ok".to_owned())));
    let service = world.by_commands(": $program", STOP, PidFile::Unknown);
    let check_briefly = check(&world, answers.probe(), SHORT);
    let error = prove(&world, &service, &check_briefly, Silence::Proven).unwrap_err();
    assert!(matches!(error, HealthError::WrongProcess { .. }), "{error}");
    let service = world.by_commands(DAEMON, STOP, PidFile::Unknown);
    prove(&world, &service, &check(&world, answers.probe(), LONG), Silence::Proven).unwrap();
}

#[test]
fn a_service_that_dies_at_once_is_not_waited_for() {
    let (world, answers) = (World::new(), Answers::nobody());
    let service = world.by_commands("echo no such table; exit 1", STOP, PidFile::Configured);
    let error = prove(&world, &service, &check(&world, answers.probe(), LONG), Silence::Proven).unwrap_err();
    assert!(matches!(&error, HealthError::Died { words, .. } if words == "exit status 1: no such table"), "{error}");
}

#[test]
fn a_service_that_dies_while_it_owes_an_answer_is_not_waited_for() {
    let (world, answers) = (World::new(), Answers::that_hang());
    let service = world.by_commands(FOREGROUND, STOP, PidFile::Configured);
    let check = check(&world, answers.probe(), LONG);
    let pid_file = world.pid_file();
    let killer = std::thread::spawn(move || {
        let question = answers.wait_for_a_question();
        // The question may come before the shell has written the number, and nothing tells when it has.
        let pid = loop {
            let text = std::fs::read_to_string(&pid_file).unwrap_or_default();
            match text.trim().parse() {
                Ok(pid) if text.ends_with('\n') => break pid,
                _ => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        Process::of(pid).unwrap().unwrap().kill().unwrap();
        question
    });
    let error = prove(&world, &service, &check, Silence::Proven).unwrap_err();
    drop(killer.join().unwrap());
    assert!(matches!(&error, HealthError::Died { words, .. } if words == "killed by signal 9"), "{error}");
}

// FM-29
#[test]
fn a_service_that_reports_progress_is_given_more_time() {
    let world = World::new();
    let migrating = |turn: usize| if turn < 800 { (503, format!("migrating {turn}")) } else { (200, NEW.to_owned()) };
    let answers = Answers::by_turn(migrating);
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    // Eight hundred questions, with pauses of 5 ms once it takes longer than 50 ms, take longer.
    let check = check(&world, answers.probe(), Duration::from_secs(2));
    let proof = prove(&world, &service, &check, Silence::Proven).unwrap();
    assert!(proof.after_ms > 2000);
}

#[test]
fn a_service_that_never_becomes_well_is_told_with_its_last_answer() {
    let (world, answers) = (World::new(), Answers::by_turn(|_| (503, "no quorum".to_owned())));
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    let error = prove(&world, &service, &check(&world, answers.probe(), SHORT), Silence::Proven).unwrap_err();
    assert!(error.to_string().ends_with("503 Service Unavailable: no quorum"), "{error}");
    let answers = Answers::by_turn(|_| (302, String::new()));
    service.stop().unwrap();
    let error = prove(&world, &service, &check(&world, answers.probe(), SHORT), Silence::Proven).unwrap_err();
    assert!(error.to_string().ends_with("302 Found"), "{error}");
}

#[test]
fn a_signal_ends_the_wait() {
    let (world, answers) = (World::new(), Answers::nobody());
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    let (version, directory) = (version(), world.release());
    let expected = Expectation { version: &version, directory: &directory, before: None, silence: Silence::Proven };
    let mut started = service.start().unwrap();
    let (interrupt, raise) = pretend::interrupt();
    let raiser = std::thread::spawn(raise);
    let check = check(&world, answers.probe(), LONG);
    let error = check.prove(&expected, &service, &mut started, &interrupt).unwrap_err();
    raiser.join().unwrap();
    assert!(matches!(error, HealthError::Interrupted(Signal::Terminate)), "{error}");
}

#[test]
fn without_a_probe_a_service_is_well_when_it_has_lived_for_a_while() {
    let world = World::new();
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    let check = check(&world, Probe::Alive, LONG);
    assert!(check.is_silent().unwrap());
    let proof = prove(&world, &service, &check, Silence::Proven).unwrap();
    assert!(proof.after_ms >= 50 && proof.pid.is_some());
    service.stop().unwrap();
    let service = world.by_commands("exit 1", STOP, PidFile::Configured);
    let error = prove(&world, &service, &check, Silence::Proven).unwrap_err();
    assert!(matches!(error, HealthError::Died { .. }), "{error}");
}

#[test]
fn a_command_may_tell_whether_the_service_is_well() {
    let world = World::new();
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    let ask = |script: String| Probe::Command(["/bin/sh", "-c", &script].map(str::to_owned).to_vec());
    let well = check(&world, ask(format!("echo '{NEW}'")), LONG);
    assert!(!well.is_silent().unwrap());
    assert_eq!(prove(&world, &service, &well, Silence::Proven).unwrap().answered.as_deref(), Some("1.5.0"));
    service.stop().unwrap();
    let unwell = check(&world, ask("echo not yet; exit 2".to_owned()), SHORT);
    assert!(unwell.is_silent().unwrap());
    let error = prove(&world, &service, &unwell, Silence::Proven).unwrap_err();
    assert!(error.to_string().ends_with("exit status 2: not yet"), "{error}");
}

#[test]
fn whoever_answers_in_any_way_is_not_silent() {
    let world = World::new();
    let silent = |answers: &Answers| check(&world, answers.probe(), LONG).is_silent().unwrap();
    assert!(silent(&Answers::nobody()));
    assert!(!silent(&Answers::version("1.4.0")));
    assert!(!silent(&Answers::by_turn(|_| (500, String::new()))));
}
