//! A rollback to a service that misbehaves: everything is NEW again.

use serde_json::Value;

use super::{MISBEHAVES, reason};
use crate::tally::{self, End};
use crate::world::{NEW, OLD, Release, World};

/// The release before `NEW` does not read its schema, so that the database has to go back as well.
const ONLY: Release = Release::new("1.0.0", 1, &[1]);

/// Upgraded, with the old release broken since.
fn upgraded(old: Release, mode: &str) -> World {
    let world = World::installed(&[old, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.misbehave("1.0.0", mode);
    world.impatient()
}

#[track_caller]
fn fails(world: &World, arguments: &[&str]) -> Value {
    let answer = world.run(arguments).expect(4).json();
    assert_eq!(answer["outcome"], "restored");
    assert_eq!(answer["to"]["version"], "1.1.0");
    assert!(answer["downtime_ms"].is_u64(), "{answer:#}");
    world.stands_at("1.1.0", 2);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["held"], serde_json::json!([]), "a rollback holds nothing");
    tally::point("rollback", MISBEHAVES, End::Old);
    answer
}

const BINARY: [&str; 3] = ["rollback", "--yes", "--json"];
const DOWN: [&str; 5] = ["rollback", "--strategy", "down", "--yes", "--json"];
const RESTORE: [&str; 5] = ["rollback", "--strategy", "restore", "--yes", "--json"];

#[test]
fn a_rollback_of_the_binary_to_a_service_that_dies_is_undone() {
    let answer = fails(&upgraded(OLD, "dies-at-once"), &BINARY);
    assert!(reason(&answer).contains("dying at once"), "{answer:#}");
}

#[test]
fn a_rollback_to_a_service_that_is_never_healthy_is_undone() {
    fails(&upgraded(OLD, "never-healthy"), &BINARY);
}

#[test]
fn a_rollback_by_down_migrations_to_a_service_that_dies_is_undone() {
    fails(&upgraded(ONLY, "dies-at-once"), &DOWN);
}

#[test]
fn a_rollback_by_restore_to_a_service_that_dies_later_is_undone() {
    fails(&upgraded(ONLY, "never-healthy\ndies-after 200"), &RESTORE);
}

#[test]
fn a_rollback_to_a_service_that_ignores_the_stop_is_undone() {
    fails(&upgraded(ONLY, "never-healthy\nignores-term"), &DOWN);
}

#[test]
fn a_rollback_to_a_service_that_answers_as_the_new_one_is_undone() {
    fails(&upgraded(OLD, "answers-as 1.1.0"), &BINARY);
}

#[test]
fn what_the_old_service_wrote_before_a_rollback_was_undone_is_counted_and_kept() {
    let mode = "never-healthy\nwrites 4 INSERT INTO notes (text) VALUES ('lost')";
    let world = upgraded(ONLY, mode);
    let answer = fails(&world, &DOWN);
    assert_eq!(answer["loss"]["tables"][0]["inserted"], 4, "{answer:#}");
    world.run(&["backup", "verify", answer["backup"].as_str().unwrap()]).expect(0);
}

#[test]
fn what_it_wrote_on_a_restored_backup_is_counted_against_that_backup() {
    let world = upgraded(ONLY, "never-healthy\nwrites 2 INSERT INTO notes (text) VALUES ('lost')");
    world.execute("DELETE FROM notes WHERE id = 1; INSERT INTO notes (text) VALUES ('not restored away')");
    let answer = world.run(&RESTORE).expect(4).json();
    assert_eq!((&answer["loss"]["rows"], &answer["loss"]["tables"][0]["inserted"]), (&2.into(), &2.into()));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes WHERE text = 'not restored away'"), 1);
    assert_eq!(world.answers().as_deref(), Some("1.1.0"));
}

#[test]
fn rows_written_by_the_old_service_on_the_database_as_it_is_stay() {
    let world = upgraded(OLD, "never-healthy\nwrites 2 INSERT INTO notes (text) VALUES ('kept')");
    let answer = world.run(&BINARY).expect(4).json();
    assert_eq!(answer["loss"], Value::Null, "nothing was exchanged: {answer:#}");
    assert_eq!(world.answers().as_deref(), Some("1.1.0"));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 5);
}
