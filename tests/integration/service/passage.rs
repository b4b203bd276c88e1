//! Between the gate's word and the moment in which the service opens its database: whoever is through counts.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::world::{NEW, OLD, Release, World};

const UPGRADE: [&str; 5] = ["upgrade", "--to", "1.1", "--yes", "--json"];

/// Opens its database when it is told.
const LATE: Release = NEW.mode("opens-late");

/// What makes a program that opens late go on.
fn pipe(world: &World) -> PathBuf {
    let pipe = world.path("notes.open");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}

/// An upgrade whose new service is through the gate, and has not opened its database.
fn started(world: &World) -> Child {
    let upgrade = world.command(&UPGRADE).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(world, "1.1.0");
    upgrade
}

/// Nothing tells when a process that is not ours runs another program.
fn wait_for(world: &World, version: &str) -> u32 {
    let program = world.path(&format!("root/versions/{version}/bin/notes"));
    loop {
        let processes = world.processes();
        let runs = |pid: &u32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program);
        if let Some((pid, _)) = processes.into_iter().find(|(pid, _)| runs(pid)) {
            return pid;
        }
        std::thread::yield_now();
    }
}

fn killed(mut upgrade: Child) {
    upgrade.kill().unwrap();
    upgrade.wait().unwrap();
}

// The manager knows nothing of it, and no look at who holds the database finds it.
#[test]
fn a_recovery_takes_no_database_from_under_a_service_that_is_about_to_open_it() {
    let world = World::installed(&[OLD, LATE]);
    let pipe = pipe(&world);
    killed(started(&world));
    let answer = world.run(&["recover", "--json"]).expect(0).json();
    assert_eq!(answer["outcome"], "restored");
    // Nobody is there any more who would hear this; whoever is would open the OLD database.
    let heard = rustix::fs::open(&pipe, rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK, 0.into());
    assert_eq!(heard.unwrap_err(), rustix::io::Errno::NXIO);
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_service_that_opens_its_database_while_a_recovery_waits_for_it_is_stopped_in_order() {
    let world = World::installed(&[OLD, LATE]);
    let pipe = pipe(&world);
    killed(started(&world));
    let recovery = world.command(&["recover", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Heard whenever it comes: the program waits at the other end, or the recovery has ended it.
    let _ = rustix::fs::open(&pipe, rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK, 0.into());
    let output = recovery.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_new_service_that_never_opens_its_database_is_got_rid_of_before_the_old_one_is_put_back() {
    let world = World::installed(&[OLD, LATE]).impatient();
    pipe(&world);
    let answer = super::undone(&world, world.run(&UPGRADE));
    assert!(super::reason(&answer).contains("was not well after"), "{answer:#}");
    assert_eq!(world.processes().len(), 1, "{:?}", world.processes());
}

#[test]
fn an_upgrade_takes_no_database_from_under_a_service_that_is_about_to_open_it() {
    let world = World::installed(&[OLD, NEW]).impatient();
    world.kill_service();
    std::fs::remove_file(world.path("notes.pid")).unwrap();
    world.misbehave("1.0.0", "opens-late");
    let pipe = pipe(&world);
    let program = world.path("root/current/bin/notes");
    let listen = format!("127.0.0.1:{}", world.port);
    let mut gate =
        world.command(&["gate", "--", program.to_str().unwrap(), "serve", "--listen", &listen, "--database"]);
    gate.arg(world.database()).arg("--pid-file").arg(world.path("notes.pid")).stderr(Stdio::null());
    let mut service = gate.spawn().unwrap();
    let pid = wait_for(&world, "1.0.0");
    let answer = world.run(&UPGRADE).expect(4).json();
    let message = super::reason(&answer);
    assert!(message.contains(&format!("process {pid} ")) && message.contains("came through the gate"), "{message}");
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
    // It may go on, and the machine is as before.
    std::fs::write(&pipe, "").unwrap();
    while world.answers().is_none() {
        std::thread::yield_now();
    }
    world.stands_at("1.0.0", 1);
    world.kill_service();
    service.wait().unwrap();
}
