//! Drift is told by column and line.

use serde_json::json;

use crate::refusals::words::{object, said, same};
use crate::world::{NEW, OLD, Release, World};

#[test]
fn drift_is_shown_by_column_and_line() {
    let world = World::installed(&[OLD, NEW]);
    world.execute(
        "ALTER TABLE notes DROP COLUMN text; ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';
         CREATE TABLE mine (a); CREATE TRIGGER mine AFTER INSERT ON notes BEGIN DELETE FROM mine; END",
    );
    same(&world, "drift-status", &said(&world, &["status"]));
    same(&world, "drift-verify", &said(&world, &["verify"]));
    let drift = &object(&world, &["verify"]).parse::<serde_json::Value>().unwrap()["drift"];
    assert_eq!(
        drift,
        &json!([
            { "kind": "extra", "object": "table mine", "severity": "tolerated", "differences": ["table mine is extra"] },
            { "kind": "changed", "object": "table notes", "severity": "fatal",
              "differences": ["table notes: column text is missing", "table notes: column colour is extra"] },
            { "kind": "extra", "object": "trigger mine", "severity": "fatal", "differences": ["trigger mine is extra"] },
        ])
    );
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(&status["database"]["drift"], drift);
}

#[test]
fn additions_that_do_no_harm_are_shown_and_found_good() {
    let world = World::installed(&[OLD]);
    world.execute("CREATE INDEX by_text ON notes (text)");
    let verified = world.run(&["verify"]).expect(0);
    assert!(verified.stdout.starts_with("index by_text is extra\nevery file is as it was"), "{verified:#?}");
}

#[test]
fn the_gate_names_what_drifted_whether_it_is_tolerated_or_not() {
    let world = World::installed(&[OLD]);
    let gate = |code| world.run(&["gate", "--json"]).expect(code).json();
    assert_eq!(gate(0)["drift"], json!([]));
    let index = json!({ "kind": "extra", "object": "index by_text", "severity": "tolerated" });
    world.execute("CREATE INDEX by_text ON notes (text)");
    assert_eq!((&gate(0)["verdict"], &gate(0)["drift"]), (&json!("ready"), &json!([index])));
    world.execute("CREATE TRIGGER mine AFTER INSERT ON notes BEGIN SELECT 1; END");
    let trigger = json!({ "kind": "extra", "object": "trigger mine", "severity": "fatal" });
    assert_eq!((&gate(3)["verdict"], &gate(3)["drift"]), (&json!("drifted"), &json!([index, trigger])));
}

/// Of a schema between those that a release reads only the fingerprint is recorded.
#[test]
fn drift_of_a_schema_between_two_releases_is_shown_as_well() {
    let world = World::installed(&[OLD, Release::new("1.1.0", 3, &[3])]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.execute("ALTER TABLE notes RENAME COLUMN title TO text; ALTER TABLE notes DROP COLUMN mood");
    world.execute("UPDATE schema_migrations SET version = 2");
    let drift = &world.run(&["status", "--json"]).expect(0).json()["database"]["drift"];
    assert_eq!(drift[0]["object"], "schema as a whole");
    assert_eq!(drift[0]["differences"], json!(["table notes: column mood is missing"]));
}

#[test]
fn what_the_migrations_on_disk_do_not_make_any_more_is_not_compared_with() {
    let world = World::installed(&[OLD]);
    world.execute("ALTER TABLE notes ADD COLUMN colour");
    let file = world.path("root/versions/1.0.0/migrations/0001_notes.up.sql");
    std::fs::write(&file, "CREATE TABLE notes (id INTEGER PRIMARY KEY, other)").unwrap();
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert!(status["warnings"].to_string().contains("do not make the schema 1 that was recorded"), "{status:#}");
    assert_eq!(status["database"]["drift"][0]["differences"], json!([]));
}
