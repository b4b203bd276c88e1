//! Back from another major: only by its backup, and with what was written since counted.

use serde_json::{Value, json};

use super::{above, below, cross};
use crate::world::{MAJOR, MAJOR_OF_NEW, NEW, OLD, World};

fn strategies(world: &World, arguments: &[&str]) -> Value {
    world.run(arguments).expect(0).json()["strategies"].clone()
}

fn named<'a>(strategies: &'a Value, name: &str) -> &'a Value {
    strategies.as_array().unwrap().iter().find(|strategy| strategy["name"] == name).unwrap()
}

// FM-58
#[test]
fn a_rollback_brings_the_old_database_back_with_every_row_that_it_had() {
    let world = above();
    let ways = strategies(&world, &["rollback", "--dry-run", "--json"]);
    for closed in ["binary", "down"] {
        assert_eq!(named(&ways, closed)["possible"], false, "{ways:#}");
        let reason = named(&ways, closed)["reason"].as_str().unwrap();
        assert!(reason.contains("made anew by an import"), "{reason}");
    }
    let restore = named(&ways, "restore");
    assert_eq!((&restore["possible"], &restore["loss"]["rows"]), (&json!(true), &json!(1)), "{ways:#}");
    assert_eq!(restore["loss"]["tables"][0]["inserted"], 1);

    // Nobody agreed to the loss.
    assert_eq!(world.run(&["rollback", "--yes", "--json"]).expect(3).json()["refusals"][0]["code"], "loss");
    let answer = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["to"], json!({ "version": "1.0.0", "schema": 1 }));
    assert_eq!(answer["loss"]["rows"], 1, "{answer:#}");
    world.stands_at("1.0.0", 1);
    let backups = world.run(&["backup", "list", "--json"]).expect(0).json();
    let listed: Vec<_> = backups["backups"].as_array().unwrap().iter().map(|backup| backup["kind"].clone()).collect();
    assert_eq!(listed, ["before", "abandoned"]);
}

/// Schema 1 of one major is not schema 1 of the other, though both are called so.
#[test]
fn equal_numbers_of_two_majors_open_no_way() {
    let world = above();
    // A release that reads the very number that the new database is at.
    let ways = strategies(&world, &["rollback", "--to", "1.0.0", "--dry-run", "--json"]);
    assert_eq!(named(&ways, "binary")["possible"], false);
    let state = world.path("state");
    let verdict = |version: &str| {
        let version = version.parse().unwrap();
        gantry_installer::gate::check(&state, &world.database(), &version)
    };
    assert!(verdict("2.0.0").is_ready());
    assert_eq!(verdict("1.0.0").word(), "ahead");
    world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
    assert!(verdict("1.0.0").is_ready());
    assert_ne!(verdict("2.0.0").word(), "ready");
}

#[test]
fn a_rollback_that_lost_nothing_needs_no_more_than_a_yes() {
    let world = below(MAJOR);
    cross(&world).expect(0);
    world.run(&["rollback", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
}

#[test]
fn after_a_rollback_the_major_is_gone_to_again() {
    let world = above();
    world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
    cross(&world).expect(0);
    world.stands_at("2.0.0", 1);
}

#[test]
fn a_given_up_database_of_the_higher_major_is_restored_with_its_release() {
    let world = above();
    world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
    world.execute("INSERT INTO notes (text) VALUES ('five'), ('six')");
    let backups = world.run(&["backup", "list", "--json"]).expect(0).json();
    let given_up = backups["backups"][1]["id"].as_str().unwrap().to_owned();
    let ways = strategies(&world, &["backup", "restore", &given_up, "--dry-run", "--json"]);
    let loss = &named(&ways, "restore")["loss"];
    // In the shape of 2.0.0: two rows that only 1.0.0 has, of which one has the number of the row that only 2.0.0 has.
    assert_eq!((&loss["tables"][0]["inserted"], &loss["tables"][0]["changed"]), (&json!(1), &json!(1)), "{loss:#}");
    let restore = ["rollback", "--to", "2.0.0", "--strategy", "restore", "--backup", &given_up, "--yes", "--json"];
    let answer = world.run(&restore).expect(0).json();
    assert_eq!(answer["to"], json!({ "version": "2.0.0", "schema": 1 }));
    assert_eq!(world.query::<String>("SELECT group_concat(text, ' ') FROM notes"), "one two three four");
    assert_eq!(world.answers().as_deref(), Some("2.0.0"));
}

#[test]
fn a_backup_of_the_lower_major_is_restored_with_its_release() {
    let world = above();
    let backups = world.run(&["backup", "list", "--json"]).expect(0).json();
    let id = backups["backups"][0]["id"].as_str().unwrap().to_owned();
    let refused = world.run(&["backup", "restore", &id, "--yes", "--json"]).expect(3).json();
    assert_eq!(refused["refusals"][0]["code"], "loss", "{refused:#}");
    let restore = ["rollback", "--to", "1.0.0", "--strategy", "restore", "--backup", &id, "--yes"];
    world.run(&restore).expect(0);
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_dry_run_removes_what_it_made_where_an_import_fails_on_the_way() {
    let world = below(MAJOR);
    // Longer than the major's own check lets through.
    world.execute("INSERT INTO notes (text) VALUES (printf('%0100d', 1))");
    world.run(&["backup", "create"]).expect(0);
    world.execute("DELETE FROM notes WHERE length(text) >= 100");
    cross(&world).expect(0);
    let backups = world.run(&["backup", "list", "--json"]).expect(0).json();
    let manual = backups["backups"].as_array().unwrap().iter().find(|backup| backup["kind"] == "manual").unwrap();
    let ways = strategies(&world, &["backup", "restore", manual["id"].as_str().unwrap(), "--dry-run", "--json"]);
    assert_eq!(named(&ways, "restore")["loss"], Value::Null, "it cannot be counted: {ways:#}");
    let work = world.path("data/.gantry-installer-notes");
    let left: Vec<_> = std::fs::read_dir(work).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["owner.json"]);
}

#[test]
fn what_the_way_back_needs_is_never_pruned() {
    let world = World::installed(&[OLD, NEW.extra("barrier = true"), MAJOR_OF_NEW]);
    world.replace("[install]", "[install]\nkeep = 0");
    world.configure("keep = 1");
    world.replace("[install]", "[install]\nkeep = 0");
    cross(&world).expect(0);
    for _ in 0..3 {
        world.run(&["backup", "create"]).expect(0);
    }
    world.run(&["backup", "prune", "--yes"]).expect(0);
    let backups = world.run(&["backup", "list", "--json"]).expect(0).json();
    let versions: Vec<_> = backups["backups"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect();
    assert_eq!(versions, ["1.1.0", "2.0.0"], "{backups:#}");
    world.execute("INSERT INTO notes (text) VALUES ('four')");
    let ways = strategies(&world, &["rollback", "--to", "1.1.0", "--dry-run", "--json"]);
    assert_eq!(named(&ways, "restore")["loss"]["rows"], 1, "{ways:#}");
    world.run(&["rollback", "--to", "1.1.0", "--strategy", "restore", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
}
