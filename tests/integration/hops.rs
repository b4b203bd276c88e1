//! Ways of several hops, when one of them goes wrong.

use serde_json::{Value, json};

use crate::world::{NEW, OLD, Release, World};

const STOP: Release = NEW.extra("barrier = true");
const LAST: Release = Release::new("1.2.0", 3, &[3]);

fn held(world: &World) -> Vec<Value> {
    let status = world.run(&["status", "--json"]).expect(0).json();
    let held = status["held"].as_array().unwrap();
    held.iter().map(|held| held["version"].clone()).collect()
}

#[test]
fn the_hop_whose_migrations_fail_is_held_and_nothing_before_it_is_done() {
    const BROKEN: Release = Release::new("1.2.0", 3, &[3]).migrations(&[
        ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),
        ("0002_mood.up.sql", "ALTER TABLE notes ADD COLUMN mood TEXT;"),
        // It passes on an empty database, and so is brought in.
        ("0003_unique.up.sql", "CREATE UNIQUE INDEX one ON notes (length(text));"),
    ]);
    let world = World::installed(&[OLD, STOP, BROKEN]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(1).json();
    assert_eq!(answer["error"]["code"], "rehearsal", "{answer:#}");
    world.stands_at("1.0.0", 1);
    assert_eq!(held(&world), ["1.2.0"]);
    // The hop before it is not to blame.
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_later_hop_that_fails_leaves_the_machine_at_the_one_before() {
    let world = World::installed(&[OLD, STOP, LAST.mode("never-healthy\ndies-after 1")]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(4).json();
    assert_eq!(answer["to"], json!({ "version": "1.1.0", "schema": 2 }));
    let outcomes: Vec<_> = answer["hops"].as_array().unwrap().iter().map(|hop| hop["outcome"].clone()).collect();
    assert_eq!(outcomes, ["done", "restored"]);
    world.stands_at("1.1.0", 2);
    assert_eq!(held(&world), ["1.2.0"]);
}

#[test]
fn the_next_hop_is_not_pruned_before_it_is_taken() {
    let world = World::installed(&[OLD, STOP, LAST]);
    // Kept beside the current one is none but what is needed.
    let config = std::fs::read_to_string(world.path("installer.toml")).unwrap();
    std::fs::write(world.path("installer.toml"), config.replacen("[install]", "[install]\nkeep = 0", 1)).unwrap();
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.2.0", 3);
}
