//! Ledgers that do not say what they should.

use serde_json::json;

use super::gate;
use crate::world::{NEW, OLD, Release, World};

const LATER: Release = Release::new("1.2.0", 3, &[3]);

/// At the third migration of goose, with a fourth not yet there.
fn third() -> World {
    let world = World::with(&[LATER.format("goose"), Release::new("1.3.0", 4, &[4]).format("goose")]);
    world.run(&["install", "--to", "1.2.0", "--yes"]).expect(0);
    assert_eq!(gate(&world), "ready");
    world
}

fn refused(world: &World) -> (String, String) {
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(3).json();
    let refusal = &answer["refusals"][0];
    (refusal["code"].as_str().unwrap().to_owned(), refusal["message"].as_str().unwrap().to_owned())
}

#[test]
fn a_migration_that_was_left_out_is_drift_by_its_name() {
    let world = third();
    world.execute("DELETE FROM goose_db_version WHERE version_id = 2");
    assert_eq!(gate(&world), "drifted");
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["database"]["schema"], 3);
    let drift = status["database"]["drift"].as_array().unwrap();
    assert_eq!((drift.len(), &drift[0]["kind"], &drift[0]["object"]), (1, &json!("unapplied"), &json!("migration 2")));
    let (code, message) = refused(&world);
    assert_eq!(code, "drifted");
    assert!(message.ends_with("migration 2 left out"), "{message}");
    world.run(&["verify"]).expect(3);
    let listed = world.run(&["migrate", "status", "--json"]).expect(0).json();
    let applied: Vec<_> = listed["migrations"].as_array().unwrap().iter().map(|one| &one["applied"]).collect();
    assert_eq!(applied, [&json!(true), &json!(false), &json!(true)]);
    assert!(listed["warnings"][0].as_str().unwrap().contains("left out"), "{listed:#}");
}

#[test]
fn a_migration_that_no_release_here_has_is_unknown() {
    let world = third();
    world.execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9, 1)");
    assert_eq!(gate(&world), "unknown");
    let (code, message) = refused(&world);
    assert_eq!(code, "unknown-schema");
    assert!(message.contains("schema 9"), "{message}");
}

#[test]
fn a_row_that_the_engine_would_stumble_over_is_not_passed_over() {
    let world = third();
    world.execute("DELETE FROM goose_db_version WHERE version_id = 0");
    assert_eq!(gate(&world), "unknown");
    let (code, message) = refused(&world);
    assert_eq!(code, "database-unusable");
    assert!(message.contains("no row for version 0"), "{message}");
}

#[test]
fn a_revision_of_atlas_that_was_broken_off_is_dirty() {
    let world = World::installed(&[OLD.format("atlas"), NEW.format("atlas")]);
    world.execute("UPDATE atlas_schema_revisions SET applied = 0, error = 'disk full'");
    assert_eq!(gate(&world), "dirty");
    let (code, message) = refused(&world);
    assert_eq!(code, "dirty");
    assert!(message.contains("the schema itself is exactly that of version 0001"), "{message}");
}

#[test]
fn the_ledger_of_another_engine_is_refused_with_the_format_that_it_has() {
    let world = World::with(&[OLD.format("dbmate")]);
    world.execute(
        "CREATE TABLE schema_migrations (version uint64,dirty bool); INSERT INTO schema_migrations VALUES (1, 0)",
    );
    let answer = world.run(&["install", "--yes", "--json"]).expect(3).json();
    assert_eq!(answer["refusals"][0]["code"], "other-format");
    let remedy = answer["refusals"][0]["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("set `database.format = \"golang-migrate\"`"), "{remedy}");
}

#[test]
fn a_database_that_an_engine_made_is_adopted_with_the_rows_that_it_wrote() {
    let world = World::with(&[LATER.format("dbmate")]);
    world.execute(
        "CREATE TABLE \"schema_migrations\" (version varchar(128) primary key);
         CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, mood TEXT);
         INSERT INTO schema_migrations VALUES ('0001'), ('0003');",
    );
    // What is left out shows once the migrations are here.
    let answer = world.run(&["install", "--yes", "--json"]).expect(1).json();
    assert!(answer["error"]["message"].as_str().unwrap().contains("migration 0002 left out"), "{answer:#}");
    world.execute("INSERT INTO schema_migrations VALUES ('0002')");
    world.run(&["install", "--yes"]).expect(0);
    assert_eq!(gate(&world), "ready");
}
