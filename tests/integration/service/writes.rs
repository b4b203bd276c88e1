//! What a new service wrote before it was given up is counted and kept.

use serde_json::{Value, json};

use super::undone;
use crate::world::{NEW, OLD, World};

const UPGRADE: [&str; 5] = ["upgrade", "--to", "1.1", "--yes", "--json"];

const WRITES: &str = "never-healthy\ndies-after 1\nwrites 7 INSERT INTO notes (text) VALUES ('lost')";

#[test]
fn rows_written_before_the_undo_are_counted_by_table() {
    let world = World::installed(&[OLD, NEW.mode(WRITES)]);
    let answer = undone(&world, world.run(&UPGRADE));
    assert_eq!(answer["loss"]["rows"], 7, "{answer:#}");
    let table = &answer["loss"]["tables"][0];
    assert_eq!((&table["name"], &table["inserted"]), (&json!("notes"), &json!(7)));
    assert_eq!(answer["loss"]["tables"].as_array().unwrap().len(), 1);
}

#[test]
fn the_database_that_was_given_up_is_kept_as_a_backup_and_verifies() {
    let world = World::installed(&[OLD, NEW.mode(WRITES)]);
    let answer = undone(&world, world.run(&UPGRADE));
    let id = answer["backup"].as_str().unwrap();
    let listed = world.run(&["backup", "list", "--json"]).expect(0).json();
    let listed: Vec<&Value> = listed["backups"].as_array().unwrap().iter().filter(|one| one["id"] == id).collect();
    assert_eq!(listed[0]["kind"], "abandoned");
    assert_eq!((&listed[0]["version"], &listed[0]["schema"]), (&json!("1.1.0"), &json!(2)));
    world.run(&["backup", "verify", id]).expect(0);
    let kept = rusqlite::Connection::open(listed[0]["path"].as_str().unwrap()).unwrap();
    let rows: i64 = kept.query_row("SELECT count(*) FROM notes WHERE mood IS NULL", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 10);
}

#[test]
fn rows_that_the_new_service_changed_or_deleted_are_counted_too() {
    let mode = "dies-after 100\nnever-healthy\nwrites 1 UPDATE notes SET text = text || '!' WHERE id < 3";
    let world = World::installed(&[OLD, NEW.mode(mode)]);
    let answer = undone(&world, world.run(&UPGRADE));
    assert_eq!(answer["loss"]["tables"][0]["changed"], 2, "{answer:#}");
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes WHERE text LIKE '%!'"), 0);
}

#[test]
fn where_the_new_service_wrote_nothing_nothing_is_reported_as_lost() {
    let world = World::installed(&[OLD, NEW.mode("never-healthy\ndies-after 1")]);
    let answer = undone(&world, world.run(&UPGRADE));
    assert!(answer["loss"].is_null() || answer["loss"]["rows"] == 0, "{answer:#}");
}

// FM-22: failed attempts do not fill the disk.
#[test]
fn repeated_failures_keep_no_more_backups_than_configured() {
    let world = World::installed(&[OLD, NEW.mode(WRITES)]);
    world.configure("keep = 2\n");
    for _ in 0..4 {
        world.run(&["upgrade", "--to", "1.1", "--retry", "--yes"]).expect(4);
    }
    let listed = world.run(&["backup", "list", "--json"]).expect(0).json();
    assert!(listed["backups"].as_array().unwrap().len() <= 2, "{listed:#}");
    world.stands_at("1.0.0", 1);
}
