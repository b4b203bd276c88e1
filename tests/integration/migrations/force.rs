//! The ledger of an installed product, put right by a run where it says something else than the schema is.

use serde_json::json;

use crate::world::{NEW, OLD, World};

/// The installer's own tool for it is asked for, and nothing but the ledger is other afterwards.
fn forced(world: &World, to: &str) {
    let answer = world.run(&["migrate", "force", to, "--yes", "--json"]).expect(0).json();
    assert_eq!((&answer["outcome"], &answer["to"]["schema"]), (&json!("done"), &json!(to.parse::<i64>().unwrap())));
    assert_eq!(world.run(&["gate", "--json"]).expect(0).json()["verdict"], "ready");
    world.run(&["verify"]).expect(0);
}

#[test]
fn a_ledger_that_says_dirty_over_a_whole_schema_is_put_right_by_a_run() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.execute("UPDATE schema_migrations SET dirty = 1");
    world.run(&["gate"]).expect(3);
    forced(&world, "2");
    world.stands_at("1.1.0", 2);
    let kept = world.run(&["backup", "list", "--json"]).expect(0).json();
    let file = kept["backups"].as_array().unwrap().iter().max_by_key(|one| one["id"].as_str()).unwrap()["path"].clone();
    let before = rusqlite::Connection::open(file.as_str().unwrap()).unwrap();
    let dirty: i64 = before.query_row("SELECT dirty FROM schema_migrations", [], |row| row.get(0)).unwrap();
    assert_eq!(dirty, 1, "the live file was exchanged, and never written to");
    let again = world.run(&["migrate", "force", "2", "--yes", "--json"]).expect(0).json();
    assert_eq!(again["outcome"], "nothing");
}

#[test]
fn a_ledger_that_names_a_schema_which_was_never_reached_is_put_back_to_the_one_that_is() {
    let world = World::installed(&[OLD]);
    // As golang-migrate leaves it when migration 2 fails.
    world.execute("UPDATE schema_migrations SET version = 2, dirty = 1");
    forced(&world, "1");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_row_that_is_missing_from_a_ledger_that_lists_is_written() {
    let world = World::installed(&[OLD.format("goose"), NEW.format("goose")]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.execute("DELETE FROM goose_db_version WHERE version_id = 1");
    world.run(&["gate"]).expect(3);
    forced(&world, "2");
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_ledger_is_never_made_to_say_what_the_schema_is_not() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let before = std::fs::read(world.database()).unwrap();
    for (to, code) in [("1", "untrue"), ("7", "unknown-schema"), ("none", "schema")] {
        let refused = world.run(&["migrate", "force", to, "--yes", "--json"]).expect(3).json();
        assert_eq!(refused["refusals"][0]["code"], code, "{refused:#}");
    }
    assert_eq!(std::fs::read(world.database()).unwrap(), before);
    world.stands_at("1.1.0", 2);
}
