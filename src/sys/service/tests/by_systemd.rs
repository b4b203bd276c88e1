use super::*;

const SLEEP: &str = "exec $program 1000";

fn start(service: &Service) -> (Started, Process) {
    let mut started = service.start().unwrap();
    let main = main_of(service.until(&mut started, has_main));
    (started, main)
}

#[test]
fn what_belongs_to_the_service_is_stopped_before_it_and_started_after_it() {
    let world = World::new();
    let service = world.by_systemd(SLEEP, &["replicator.service"], &["gantry.socket"]);
    world.unit("replicator.service", SLEEP);
    world.unit("gantry.socket", SLEEP);
    // Only the socket knows: its service forgets it once it is stopped.
    world.write("gantry.socket.more", "Triggers=gantry.service\n");
    let (_started, main) = start(&service);
    service.start_also().unwrap();
    assert_eq!(service.state().unwrap(), State::Running { main: Some(main) });
    service.stop().unwrap();
    assert!(!main.is_alive().unwrap());
    assert_eq!(service.state().unwrap(), State::Stopped);
    let expected = [
        "reset-failed gantry.service",
        // A socket refuses to start beside a service that runs.
        "start gantry.socket",
        "start gantry.service",
        "reset-failed replicator.service gantry.socket",
        "start replicator.service gantry.socket",
        "stop replicator.service gantry.socket",
        "stop gantry.service",
    ];
    assert_eq!(world.calls(), expected);
}

// FM-31: starts that failed before must not use up the limit of starts.
#[test]
fn a_unit_that_has_reached_its_limit_of_starts_is_started() {
    let world = World::new();
    let service = world.by_systemd(SLEEP, &[], &[]);
    world.write("gantry.service.limit", "");
    world.write("gantry.service.exit", "1");
    assert_eq!(service.state().unwrap(), State::Failed);
    start(&service);
}

#[test]
fn a_service_that_dies_at_once_is_noticed_with_its_status_and_its_journal() {
    let world = World::new();
    let service = world.by_systemd("exit 78", &[], &[]);
    let mut started = service.start().unwrap();
    let life = service.until(&mut started, is_dead);
    assert_eq!(life, Life::Dead("exit status 78: the journal says why".to_owned()));
}

#[test]
fn a_start_that_systemd_refuses_is_noticed_with_its_words() {
    let world = World::new();
    let service = world.by_systemd(SLEEP, &[], &[]);
    let mut started = service.start().unwrap();
    service.until(&mut started, has_main);
    service.stop().unwrap();
    // As with a limit that comes back between the reset and the start.
    let mut started = Started {
        command: Background::start(
            &["/bin/sh".into(), "-c".into(), "echo refused >&2; exit 1".into()],
            &world.path("service.log"),
        )
        .unwrap(),
        since: Stopwatch::start(),
        seen: Seen::Nothing,
    };
    let Life::Dead(words) = service.until(&mut started, is_dead) else { panic!() };
    assert!(words.ends_with("`systemctl start`: exit status 1: refused"), "{words}");
}

#[test]
fn a_service_that_ignores_the_stop_is_reported_and_can_be_killed() {
    let world = World::new();
    let stubborn = "trap '' TERM; while :; do sleep 0.1; done";
    let service = world.by_systemd(stubborn, &[], &[]).with_stop_timeout(SHORT);
    let (_started, main) = start(&service);
    let error = service.stop().unwrap_err();
    assert!(matches!(error, ServiceError::WillNotStop { pid: Some(pid), .. } if pid == main.pid), "{error}");
    assert!(main.is_alive().unwrap());
    service.with_stop_timeout(Duration::from_secs(60)).kill().unwrap();
    assert!(!main.is_alive().unwrap());
}

#[test]
fn a_unit_that_does_not_exist_is_an_error_before_anything_is_stopped() {
    let world = World::new();
    let service = world.by_systemd(SLEEP, &[], &[]);
    std::fs::remove_file(world.path("gantry.service.program")).unwrap();
    assert!(matches!(service.state().unwrap_err(), ServiceError::UnknownUnit(_)));
    assert!(matches!(service.stop().unwrap_err(), ServiceError::UnknownUnit(_)));
    assert!(world.calls().is_empty());
}

#[test]
fn only_triggers_that_are_active_are_told() {
    let world = World::new();
    let service = world.by_systemd(SLEEP, &[], &[]);
    world.unit("gantry.socket", SLEEP);
    world.unit("gantry.timer", SLEEP);
    world.write("gantry.service.more", "TriggeredBy=gantry.socket gantry.timer\n");
    world.write("gantry.socket.pid", &std::process::id().to_string());
    assert_eq!(service.triggers().unwrap(), ["gantry.socket"]);
}

#[test]
fn the_processes_of_a_unit_are_those_of_its_control_group() {
    let world = World::new();
    let service = world.by_systemd(SLEEP, &[], &[]);
    let (_started, main) = start(&service);
    assert_eq!(
        service.own_processes().unwrap(),
        Some(vec![main]),
        "without a control group only the main one is known"
    );
    let groups = std::fs::read_to_string(format!("/proc/{}/cgroup", main.pid)).unwrap();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    world.write("gantry.service.more", &format!("ControlGroup={own}\n"));
    let found = service.own_processes().unwrap().unwrap();
    assert!(found.contains(&main));
    // The root group is everybody's, and not the unit's.
    assert!(own != "/" || found == [main]);
}
