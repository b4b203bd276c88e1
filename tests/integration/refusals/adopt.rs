//! Installations beside a database that is there already.

use rusqlite::Connection;

use super::{Stand, failed, refused, shaped};
use crate::world::{NEW, OLD, World};

const LEDGER: &str = "CREATE TABLE schema_migrations (version uint64, dirty bool);
     CREATE UNIQUE INDEX version_unique ON schema_migrations (version);";
const NOTES: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
     INSERT INTO notes (text) VALUES ('one'), ('two'), ('three');";

/// A world without the product, but with a database of it.
fn with_database(sql: &[&str]) -> World {
    let world = World::with(&[OLD, NEW]);
    let database = Connection::open(world.database()).unwrap();
    database.execute_batch(&sql.concat()).unwrap();
    world
}

#[test]
fn a_database_whose_ledger_and_schema_fit_is_adopted_as_it_is() {
    let world = with_database(&[LEDGER, NOTES, "INSERT INTO schema_migrations VALUES (1, 0);"]);
    let bytes = std::fs::read(world.database()).unwrap();
    world.run(&["install", "--to", "1.0.0", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
    assert_eq!(std::fs::read(world.database()).unwrap(), bytes);
    let before = Stand::of(&world);
    assert_eq!(shaped(&world.run(&["install", "--yes", "--json"]).expect(0))["outcome"], "nothing");
    assert_eq!(Stand::of(&world), before);
}

#[test]
fn a_database_of_a_schema_that_the_release_does_not_read_is_refused() {
    let world = with_database(&[LEDGER, NOTES, "INSERT INTO schema_migrations VALUES (4, 0);"]);
    let words = ["1.0.0 cannot adopt", "its ledger says schema 4", "name it with `--to`"];
    refused(&world, &["install", "--to", "1.0.0", "--yes"], "database-unfit", &words);
}

#[test]
fn a_dirty_database_is_not_adopted() {
    let world = with_database(&[LEDGER, NOTES, "INSERT INTO schema_migrations VALUES (1, 1);"]);
    refused(&world, &["install", "--to", "1.0.0", "--yes"], "database-unfit", &["dirty at 1"]);
}

#[test]
fn a_database_without_a_ledger_is_not_adopted() {
    let world = with_database(&[NOTES]);
    refused(&world, &["install", "--to", "1.0.0", "--yes"], "database-unfit", &["its ledger says schema none"]);
}

#[test]
fn a_database_whose_schema_drifted_is_not_adopted() {
    let drift = "ALTER TABLE notes ADD COLUMN colour; INSERT INTO schema_migrations VALUES (1, 0);";
    let world = with_database(&[LEDGER, NOTES, drift]);
    failed(&world, &["install", "--to", "1.0.0", "--yes"], "database-unfit", &["table notes changed", "nothing was"]);
    assert_eq!((world.current(), world.answers()), (None, None));
}

#[test]
fn a_database_whose_schema_is_later_than_the_releases_own_migrations_cannot_be_checked() {
    let later = "ALTER TABLE notes ADD COLUMN mood TEXT; INSERT INTO schema_migrations VALUES (2, 0);";
    let world = with_database(&[LEDGER, NOTES, later]);
    failed(&world, &["install", "--to", "1.0.0", "--yes"], "database-unfit", &["how schema 2 must look"]);
    world.run(&["install", "--to", "1.1.0", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_file_that_is_no_database_is_not_overwritten() {
    let world = World::with(&[OLD]);
    for content in [&b"precious"[..], b""] {
        std::fs::write(world.database(), content).unwrap();
        let words = ["notes.db", "move it away", "notes.db.aside"];
        refused(&world, &["install", "--yes"], "database-unusable", &words);
    }
}

#[test]
fn an_installation_that_failed_leaves_no_database_behind() {
    let world = World::with(&[OLD.mode("never-healthy\ndies-after 1")]);
    let object = shaped(&world.run(&["install", "--yes", "--json"]).expect(4));
    assert_eq!(object["outcome"], "restored");
    assert!(!world.database().exists() && world.current().is_none() && world.answers().is_none());
}
