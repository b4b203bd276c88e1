use super::super::stand_in::{DAEMON, FOREGROUND, STOP, STOP_AND_WAIT};
use super::*;

const STUBBORN: &str = "echo $$ > $pid; trap '' TERM; while :; do sleep 0.1; done";

#[test]
fn a_daemon_is_found_by_its_pid_file_and_is_gone_after_the_stop() {
    let world = World::new();
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    assert_eq!(service.state().unwrap(), State::Stopped);
    let mut started = service.start().unwrap();
    // The number is written by the shell, while its child may still be about to become the program.
    let is_program = |life: &Life| matches!(life, Life::Alive { main: Some(main), .. } if main.executable().unwrap() == Some(world.program()));
    let main = main_of(service.until(&mut started, is_program));
    assert_eq!(service.state().unwrap(), State::Running { main: Some(main) });
    assert!(service.own_processes().unwrap().unwrap().contains(&main));
    service.stop().unwrap();
    assert!(!main.is_alive().unwrap());
    assert_eq!(service.state().unwrap(), State::Stopped);
    assert_eq!(service.own_processes().unwrap(), Some(Vec::new()));
    service.stop().unwrap();
}

// The stop command waits until the number of the process is free: a zombie that nobody reaps would keep it.
#[test]
fn a_service_that_stays_in_the_foreground_is_reaped_when_it_stops() {
    let world = World::new();
    let service = world.by_commands(FOREGROUND, STOP_AND_WAIT, PidFile::Configured);
    let mut started = service.start().unwrap();
    let main = main_of(service.until(&mut started, has_main));
    assert_eq!(main, started.command.process());
    service.stop().unwrap();
    assert!(is_dead(&service.until(&mut started, is_dead)));
}

#[test]
fn without_a_pid_file_the_status_command_tells_when_the_stop_is_over() {
    let world = World::new();
    let service = world.by_commands(DAEMON, STOP, PidFile::Unknown);
    let mut started = service.start().unwrap();
    let running = |service: &Service| service.state().unwrap() == State::Running { main: None };
    service.until(&mut started, |_| running(&service));
    assert_eq!(service.own_processes().unwrap(), None);
    service.stop().unwrap();
    assert!(!running(&service));
}

#[test]
fn a_service_that_ignores_the_stop_is_reported_and_not_killed() {
    let world = World::new();
    let service = world.by_commands(STUBBORN, STOP, PidFile::Configured).with_stop_timeout(SHORT);
    let mut started = service.start().unwrap();
    let main = main_of(service.until(&mut started, has_main));
    let error = service.stop().unwrap_err();
    assert!(matches!(error, ServiceError::WillNotStop { pid: Some(pid), .. } if pid == main.pid), "{error}");
    assert!(main.is_alive().unwrap());
    let children = service.own_processes().unwrap().unwrap();
    assert!(children.contains(&main));
    service.with_stop_timeout(Duration::from_secs(60)).kill().unwrap();
    for process in children {
        assert!(process.ends_by(Deadline::after(Duration::from_secs(60))).unwrap());
    }
}

#[test]
fn a_stop_command_that_hangs_is_a_service_that_will_not_stop() {
    let world = World::new();
    let service = world.by_commands(DAEMON, "sleep 1000; : $notes", PidFile::Configured).with_stop_timeout(SHORT);
    let mut started = service.start().unwrap();
    let main = main_of(service.until(&mut started, has_main));
    assert!(matches!(service.stop().unwrap_err(), ServiceError::WillNotStop { pid: Some(_), .. }));
    assert!(main.is_alive().unwrap());
}

#[test]
fn a_stop_command_that_fails_counts_only_if_the_service_stays() {
    let world = World::new();
    let service = world.by_commands(DAEMON, "kill $(cat $pid); exit 1", PidFile::Configured);
    let mut started = service.start().unwrap();
    service.until(&mut started, has_main);
    service.stop().unwrap();
    let service = world.by_commands(DAEMON, "echo no >&2; exit 1", PidFile::Configured).with_stop_timeout(SHORT);
    let mut started = service.start().unwrap();
    service.until(&mut started, has_main);
    let error = service.stop().unwrap_err();
    assert!(error.to_string().ends_with("exit status 1: no"), "{error}");
}

#[test]
fn a_start_command_that_fails_is_noticed_with_its_last_words() {
    let world = World::new();
    let service = world.by_commands("echo cannot listen; exit 3", STOP, PidFile::Configured);
    let mut started = service.start().unwrap();
    let life = service.until(&mut started, is_dead);
    assert_eq!(life, Life::Dead("exit status 3: cannot listen".to_owned()));
}

#[test]
fn a_daemon_that_dies_after_its_start_command_returned_is_noticed() {
    let world = World::new();
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    let mut started = service.start().unwrap();
    let main = main_of(service.until(&mut started, has_main));
    main.kill().unwrap();
    assert!(is_dead(&service.until(&mut started, is_dead)));
}

#[test]
fn a_process_that_is_older_than_the_start_is_not_its_main_process() {
    let world = World::new();
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    let mut started = service.start().unwrap();
    let main = main_of(service.until(&mut started, has_main));
    let service = world.by_commands("echo again > $notes", STOP, PidFile::Configured);
    // The kernel tells starts in ticks: until the next one both look alike.
    let later = std::iter::repeat_with(|| service.start().unwrap())
        .find(|again| again.command.process().started > main.started);
    let mut again = later.unwrap();
    assert_eq!(service.life(&mut again).unwrap(), Life::Alive { main: None, progress: String::new() });
}

#[test]
fn a_pid_file_with_something_else_in_it_is_an_error_and_an_empty_one_is_not() {
    let world = World::new();
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    world.write("pid", "gantry\n");
    let error = service.own_processes().unwrap_err().to_string();
    assert!(error.contains("holds no process id: `gantry`"), "{error}");
    // What a power cut leaves of a file that nobody synced.
    for nothing in ["", "\0\0\0\0"] {
        world.write("pid", nothing);
        assert_eq!(service.own_processes().unwrap(), Some(Vec::new()));
    }
}

#[test]
fn what_a_service_that_is_down_left_in_its_pid_file_does_not_matter() {
    let world = World::new();
    let service = world.by_commands(DAEMON, STOP, PidFile::Configured);
    world.write("pid", "gantry");
    assert_eq!(service.state().unwrap(), State::Stopped);
}
