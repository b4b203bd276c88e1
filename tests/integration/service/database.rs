//! A service that is hard on its database: it holds a lock on it, leaves its log behind, or damages what it runs on.

use super::{reason, succeeded, undone};
use crate::world::{NEW, OLD, World};

const UPGRADE: [&str; 5] = ["upgrade", "--to", "1.1", "--yes", "--json"];

#[test]
fn an_old_service_that_never_ends_a_write_is_upgraded() {
    for journal in ["wal", "delete"] {
        let world = World::installed(&[OLD, NEW]);
        assert_eq!(world.query::<String>(&format!("PRAGMA journal_mode = {journal}")), journal);
        restart_with(&world, "holds-lock");
        world.run(&UPGRADE).expect(0);
        succeeded(&world);
    }
}

#[test]
fn a_new_service_that_never_ends_a_write_is_proven_all_the_same() {
    let world = World::installed(&[OLD, NEW.mode("holds-lock")]);
    world.run(&UPGRADE).expect(0);
    succeeded(&world);
}

#[test]
fn a_new_service_that_never_ends_a_write_and_is_unwell_is_undone() {
    let world = World::installed(&[OLD, NEW.mode("holds-lock\nnever-healthy")]).impatient();
    undone(&world, world.run(&UPGRADE));
}

// It came through the gate with its parent, and is got rid of with it.
#[test]
fn a_child_of_an_unwell_new_service_that_keeps_the_database_open_does_not_keep_the_old_one_away() {
    let world = World::installed(&[OLD, NEW.mode("keeps-database\nnever-healthy")]).impatient();
    undone(&world, world.run(&UPGRADE));
    assert_eq!(world.processes().len(), 1, "{:?}", world.processes());
}

// FM-3: what is in the log alone belongs to the database.
#[test]
fn rows_that_an_old_service_left_in_its_log_come_along() {
    let world = World::installed(&[OLD, NEW]);
    restart_with(&world, "leaves-log\nwrites 1 UPDATE notes SET text = 'in the log alone' WHERE id = 1");
    world.run(&UPGRADE).expect(0);
    succeeded(&world);
    assert_eq!(world.query::<String>("SELECT text FROM notes WHERE id = 1"), "in the log alone");
}

#[test]
fn rows_that_a_new_service_left_in_its_log_are_counted_and_kept() {
    let words = "leaves-log\nnever-healthy\nwrites 3 INSERT INTO notes (text) VALUES ('lost')";
    let world = World::installed(&[OLD, NEW.mode(words)]).impatient();
    let answer = undone(&world, world.run(&UPGRADE));
    assert_eq!(answer["loss"]["rows"], 3, "{answer:#}");
    world.run(&["backup", "verify", answer["backup"].as_str().unwrap()]).expect(0);
}

#[test]
fn a_new_service_that_is_well_and_has_spoilt_its_ledger_is_undone() {
    for statement in ["DELETE FROM schema_migrations", "DROP TABLE notes", "UPDATE schema_migrations SET dirty = 1"] {
        let world = World::installed(&[OLD, NEW.mode(Box::leak(format!("writes 1 {statement}").into_boxed_str()))]);
        let answer = undone(&world, world.run(&UPGRADE));
        assert!(reason(&answer).contains("the database is not what it should be"), "{answer:#}");
    }
}

/// Starts the old service again with other faults, through the gate.
fn restart_with(world: &World, mode: &str) {
    world.stop_service();
    world.misbehave("1.0.0", mode);
    let listen = format!("127.0.0.1:{}", world.port);
    let program = world.path("root/current/bin/notes");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "exec \"$@\" &", "sh"]).arg(program).args(["serve", "--listen", &listen, "--database"]);
    command.arg(world.database()).arg("--pid-file").arg(world.path("notes.pid"));
    assert!(command.stderr(std::process::Stdio::null()).status().unwrap().success());
    while world.answers().is_none() {
        std::thread::yield_now();
    }
}
