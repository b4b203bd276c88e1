//! A service that does not let go.

use super::{MISBEHAVES, reason, restored, succeeded, undone};
use crate::tally::{self, End};
use crate::world::{NEW, OLD, World};

const UPGRADE: [&str; 5] = ["upgrade", "--to", "1.1", "--yes", "--json"];

#[test]
fn an_old_service_that_does_not_stop_goes_on_as_it_was() {
    let world = World::installed(&[OLD.mode("ignores-term"), NEW]).impatient();
    let before = std::fs::read_to_string(world.path("notes.pid")).unwrap();
    let answer = world.run(&UPGRADE).expect(4).json();
    world.stands_at("1.0.0", 1);
    assert!(reason(&answer).contains("did not stop"), "{answer:#}");
    assert!(answer["warnings"].to_string().contains("still runs"), "{answer:#}");
    assert_eq!(answer["downtime_ms"], serde_json::Value::Null, "it was never down");
    assert_eq!(std::fs::read_to_string(world.path("notes.pid")).unwrap(), before);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["held"], serde_json::json!([]), "it is not the new release's fault");
    assert_eq!(status["unfinished"], serde_json::Value::Null);
    tally::point("upgrade", MISBEHAVES, End::Old);
}

#[test]
fn a_new_service_that_is_unwell_and_ignores_the_stop_is_killed() {
    let world = World::installed(&[OLD, NEW.mode("ignores-term\nnever-healthy")]).impatient();
    undone(&world, world.run(&UPGRADE));
}

#[test]
fn a_child_that_keeps_the_database_open_undoes_the_run() {
    let world = World::installed(&[OLD.mode("keeps-database"), NEW]).impatient();
    let answer = restored(&world, world.run(&UPGRADE));
    let child = std::fs::read_to_string(world.path("notes.child")).unwrap();
    assert!(reason(&answer).contains("still holds the database"), "{answer:#}");
    assert!(!child.is_empty());
}

#[test]
fn a_service_that_stops_slowly_is_waited_for_and_the_time_counts() {
    let world = World::installed(&[OLD.mode("slow-stop 700"), NEW]);
    let answer = world.run(&UPGRADE).expect(0).json();
    assert!(answer["downtime_ms"].as_u64().unwrap() >= 700, "{answer:#}");
    succeeded(&world);
}

// FM-33: the program that runs is never written to: the new one has a directory of its own.
#[test]
fn a_program_that_runs_is_replaced_without_being_touched() {
    let world = World::installed(&[OLD, NEW]);
    let old = world.path("root/versions/1.0.0/bin/notes");
    let before = std::fs::metadata(&old).unwrap().modified().unwrap();
    world.run(&UPGRADE).expect(0);
    assert_eq!(std::fs::metadata(&old).unwrap().modified().unwrap(), before);
    succeeded(&world);
}
