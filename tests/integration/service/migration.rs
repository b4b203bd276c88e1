//! Migrations that fail: in the rehearsal nothing was stopped, later everything is put back.

use serde_json::Value;

use super::{held, reason, undone};
use crate::world::{Answer, OLD, Release, World};

const UPGRADE: [&str; 5] = ["upgrade", "--to", "1.1", "--yes", "--json"];

const NOTES: (&str, &str) = ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);");

/// A release whose second migration is another one.
const fn release(migrations: &'static [(&'static str, &'static str)]) -> Release {
    Release::new("1.1.0", 2, &[1, 2]).migrations(migrations)
}

/// What follows a failure in the rehearsal: the service never stopped.
#[track_caller]
fn untouched(world: &World, answer: Answer) -> Value {
    let answer = answer.expect(1).json();
    assert_eq!(answer["outcome"], "failed");
    assert_eq!(answer["downtime_ms"], Value::Null);
    assert_eq!(answer["to"]["version"], "1.0.0");
    world.stands_at("1.0.0", 1);
    held(world);
    answer
}

#[test]
fn a_statement_that_fails_on_the_rows_that_are_there_is_named_and_nothing_was_stopped() {
    const AGAIN: &str = "SELECT 1;\nINSERT INTO notes SELECT id, text FROM notes;";
    const BROKEN: Release = release(&[NOTES, ("0002_broken.up.sql", AGAIN)]);
    let world = World::installed(&[OLD, BROKEN]);
    let before = std::fs::read_to_string(world.path("notes.pid")).unwrap();
    let answer = untouched(&world, world.run(&UPGRADE));
    let reason = reason(&answer);
    assert!(reason.contains("the rehearse step failed"), "{reason}");
    assert!(reason.contains("statement 2 of `0002_broken.up.sql` at line 2"), "{reason}");
    assert!(reason.contains("UNIQUE constraint failed: notes.id"), "{reason}");
    assert_eq!(std::fs::read_to_string(world.path("notes.pid")).unwrap(), before);
}

#[test]
fn a_statement_that_fails_everywhere_is_named_before_anything_is_copied() {
    const BROKEN: Release = release(&[NOTES, ("0002_broken.up.sql", "SELECT 1;\nINSERT INTO nowhere VALUES (1);")]);
    let world = World::installed(&[OLD, BROKEN]);
    let answer = world.run(&UPGRADE).expect(1).json();
    let reason = reason(&answer);
    assert!(reason.contains("statement 2 of `0002_broken.up.sql` at line 2"), "{reason}");
    assert!(reason.contains("no such table: nowhere"), "{reason}");
    assert!(!world.path("root/versions/1.1.0").exists());
    world.stands_at("1.0.0", 1);
}

// FM-12: the rebuild of a parent with foreign keys on empties its children, and every statement succeeds.
#[test]
fn a_table_rebuild_that_empties_its_children_is_refused_with_the_table_and_the_rows() {
    const ALBUM: (&str, &str) = (
        "0001_album.up.sql",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
         CREATE TABLE pictures (id INTEGER PRIMARY KEY, note INTEGER NOT NULL REFERENCES notes ON DELETE CASCADE);",
    );
    const PARENT: Release = OLD.migrations(&[ALBUM]);
    const REBUILD: Release = release(&[
        ALBUM,
        (
            "0002_rebuild.up.sql",
            "CREATE TABLE new (id INTEGER PRIMARY KEY, text TEXT NOT NULL, mood TEXT);
             INSERT INTO new SELECT id, text, NULL FROM notes;
             DROP TABLE notes;
             ALTER TABLE new RENAME TO notes;",
        ),
    ]);
    let world = World::installed(&[PARENT, REBUILD]);
    world.execute("INSERT INTO pictures (note) SELECT id FROM notes");
    world.replace("format = \"golang-migrate\"", "format = \"golang-migrate\"\nforeign_keys = true");
    let answer = world.run(&UPGRADE);
    let answer = answer.expect(1).json();
    assert!(reason(&answer).contains("pictures"), "{answer:#}");
    assert!(reason(&answer).contains('3'), "{answer:#}");
    world.stands_at("1.0.0", 1);
    assert_eq!(world.query::<i64>("SELECT count(*) FROM pictures"), 3);
    // As the product opens its database by default, the same migration keeps them all.
    world.configure("");
    world.run(&["upgrade", "--to", "1.1", "--retry", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
    assert_eq!(world.query::<i64>("SELECT count(*) FROM pictures"), 3);
}

#[test]
fn a_schema_that_is_not_the_one_of_the_manifest_is_refused() {
    const SIGNED: &str = "fingerprint = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"";
    let world = World::installed(&[OLD, Release::new("1.1.0", 2, &[1, 2]).extra(SIGNED)]);
    let answer = world.run(&UPGRADE);
    assert!([1, 3].contains(&answer.code), "{answer:#?}");
    let answer = answer.json();
    assert!(format!("{answer}").contains("fingerprint"), "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_migration_without_its_own_rows_for_dangling_references_is_refused() {
    const DANGLING: Release = release(&[
        NOTES,
        (
            "0002_dangling.up.sql",
            "CREATE TABLE pictures (note INTEGER REFERENCES notes); INSERT INTO pictures VALUES (99);",
        ),
    ]);
    let world = World::installed(&[OLD, DANGLING]);
    let answer = untouched(&world, world.run(&UPGRADE));
    assert!(reason(&answer).contains("pictures"), "{answer:#}");
}

// Works on the rehearsal, and fails on what was written between it and the stop.
// FM-15
#[test]
fn a_migration_that_fails_after_the_stop_leaves_the_old_one_running() {
    const UNIQUE: Release = release(&[NOTES, ("0002_unique.up.sql", "CREATE UNIQUE INDEX one ON notes (text);")]);
    let world = World::installed(&[OLD.mode("writes-at-stop INSERT INTO notes (text) VALUES ('one')"), UNIQUE]);
    let answer = world.run(&UPGRADE).expect(4).json();
    assert_eq!(answer["outcome"], "restored");
    assert!(answer["downtime_ms"].is_u64(), "{answer:#}");
    assert!(reason(&answer).contains("UNIQUE constraint failed"), "{answer:#}");
    assert_eq!(answer["loss"], Value::Null);
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
    assert_eq!(world.answers().as_deref(), Some("1.0.0"));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 4, "the row that came last is there");
}

#[test]
fn a_migration_that_meets_other_rows_than_in_the_rehearsal_and_loses_them_is_undone() {
    const PRUNE: Release = release(&[
        NOTES,
        ("0002_prune.up.sql", "ALTER TABLE notes ADD COLUMN mood TEXT; DELETE FROM notes WHERE text = 'late';"),
    ]);
    let world = World::installed(&[OLD.mode("writes-at-stop INSERT INTO notes (text) VALUES ('late')"), PRUNE]);
    let answer = world.run(&UPGRADE).expect(4).json();
    assert!(reason(&answer).contains("notes"), "{answer:#}");
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 4);
}

#[test]
fn a_release_whose_schema_the_new_service_spoils_is_undone() {
    let mode = "writes 1 DROP TABLE notes";
    let world = World::installed(&[OLD, Release::new("1.1.0", 2, &[1, 2]).mode(mode)]);
    let answer = undone(&world, world.run(&UPGRADE));
    assert!(reason(&answer).contains("notes"), "{answer:#}");
}
