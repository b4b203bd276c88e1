//! What is pruned, and what never is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::{NEW, OLD, Release, World};

/// Six releases of one schema after the first.
const MANY: [Release; 6] = [
    OLD,
    NEW,
    Release::new("1.2.0", 2, &[1, 2]),
    Release::new("1.3.0", 2, &[1, 2]),
    Release::new("1.4.0", 2, &[1, 2]),
    Release::new("1.5.0", 2, &[1, 2]),
];

fn versions(world: &World) -> BTreeSet<String> {
    let entries = std::fs::read_dir(world.path("root/versions")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn backups(world: &World) -> Vec<Value> {
    let listed = world.run(&["backup", "list", "--json"]).expect(0).json();
    listed["backups"].as_array().unwrap().clone()
}

fn ids(world: &World) -> Vec<String> {
    backups(world).iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn upgrade(world: &World, version: &str) {
    world.run(&["upgrade", "--to", version, "--yes"]).expect(0);
}

#[test]
fn as_many_versions_as_configured_are_kept_beside_the_current_one() {
    let world = World::with(&MANY);
    world.run(&["install", "--to", "1.1.0", "--yes"]).expect(0);
    world.replace("[manifest]", "keep = 2\n[manifest]");
    for version in ["1.2.0", "1.3.0", "1.4.0", "1.5.0"] {
        upgrade(&world, version);
    }
    assert_eq!(versions(&world), set(&["1.3.0", "1.4.0", "1.5.0"]));
    assert!(!world.path("state/releases/1.1.0.json").exists(), "its record goes with it");
}

#[test]
fn the_release_before_the_current_one_is_kept_whatever_is_configured() {
    let world = World::with(&MANY);
    world.run(&["install", "--to", "1.1.0", "--yes"]).expect(0);
    world.replace("[manifest]", "keep = 0\n[manifest]");
    upgrade(&world, "1.2.0");
    upgrade(&world, "1.3.0");
    assert_eq!(versions(&world), set(&["1.2.0", "1.3.0"]));
    world.run(&["rollback", "--yes"]).expect(0);
    assert_eq!(world.answers().as_deref(), Some("1.2.0"));
}

#[test]
fn the_release_of_a_kept_backup_is_kept_with_it() {
    let world = World::installed(&MANY);
    world.replace("[manifest]", "keep = 0\n[manifest]");
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        upgrade(&world, version);
    }
    assert_eq!(versions(&world), set(&["1.0.0", "1.2.0", "1.3.0"]), "1.0.0 is that of the backup");
    let backup = ids(&world).pop().unwrap();
    world.run(&["rollback", "--to", "1.0.0", "--backup", &backup, "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
}

// The down migrations of the live schema are only in releases that know it.
#[test]
fn the_release_whose_migrations_made_the_live_schema_is_kept() {
    let world = World::installed(&MANY);
    world.replace("[manifest]", "keep = 0\n[manifest]");
    upgrade(&world, "1.1.0");
    world.run(&["rollback", "--strategy", "binary", "--yes"]).expect(0);
    assert_eq!(world.schema(), 2);
    assert!(versions(&world).contains("1.1.0"));
    world.run(&["backup", "prune", "--yes"]).expect(0);
    let strategies = world.run(&["rollback", "--to", "1.0.0", "--dry-run", "--json"]);
    assert_eq!(strategies.code, 0, "{strategies:#?}");
    world.stands_at("1.0.0", 2);
}

#[test]
fn as_many_backups_as_configured_are_kept_and_the_oldest_go() {
    let world = World::installed(&[OLD]);
    let made: Vec<String> = (0..4)
        .map(|_| {
            let made = world.run(&["backup", "create", "--json"]).expect(0).json();
            made["backup"]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    world.configure("keep = 2\n");
    let asked = world.run(&["backup", "prune", "--json"]).expect(3).json();
    assert_eq!(asked["refusals"][0]["code"], "no-terminal", "{asked:#}");
    assert_eq!(ids(&world), made);
    let pruned = world.run(&["backup", "prune", "--yes", "--json"]).expect(0).json();
    assert_eq!(pruned["removed"].as_array().unwrap().len(), 2, "{pruned:#}");
    assert_eq!(ids(&world), made[2..]);
    assert_eq!(std::fs::read_dir(world.path("backups")).unwrap().count(), 2, "their files go with them");
    world.run(&["backup", "verify"]).expect(0);
    let again = world.run(&["backup", "prune", "--json"]).expect(0).json();
    assert_eq!(again["outcome"], "nothing");
}

#[test]
fn a_backup_that_is_made_pushes_out_the_oldest_and_never_itself() {
    let world = World::installed(&[OLD]);
    world.configure("keep = 1\n");
    let first = world.run(&["backup", "create", "--json"]).expect(0).json();
    let second = world.run(&["backup", "create", "--json"]).expect(0).json();
    assert_eq!(second["removed"][0]["id"], first["backup"]["id"]);
    assert_eq!(ids(&world), [second["backup"]["id"].as_str().unwrap()]);
}

#[test]
fn the_newest_backup_is_kept_even_if_it_is_too_large() {
    let world = World::installed(&[OLD]);
    world.run(&["backup", "create"]).expect(0);
    world.run(&["backup", "create"]).expect(0);
    world.configure("max_bytes = \"1 KiB\"\n");
    let newest = ids(&world).pop().unwrap();
    world.run(&["backup", "prune", "--yes"]).expect(0);
    assert_eq!(ids(&world), [newest]);
}

#[test]
fn an_upgrade_prunes_backups_as_well_and_keeps_its_own() {
    let world = World::installed(&[OLD, NEW]);
    world.configure("keep = 1\n");
    world.run(&["backup", "create"]).expect(0);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert_eq!(ids(&world), [answer["backup"].as_str().unwrap()]);
}

// Databases that were given up are kept for people, and must not push out what a rollback would take.
#[test]
fn the_newest_backup_to_go_back_to_outlives_any_number_of_given_up_databases() {
    let mode = "never-healthy\ndies-after 1\nwrites 1 INSERT INTO notes (text) VALUES ('lost')";
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 3, &[2, 3]).mode(mode)]);
    world.configure("keep = 2\n");
    upgrade(&world, "1.1.0");
    let before = ids(&world);
    for _ in 0..3 {
        world.run(&["upgrade", "--to", "1.2.0", "--retry", "--yes"]).expect(4);
    }
    let kept = backups(&world);
    assert!(kept.iter().any(|one| one["id"] == before[0].as_str()), "{kept:#?}");
    assert_eq!(kept.len(), 3);
    world.stands_at("1.1.0", 2);
}

// FM-23: what is newest is told by the order in which the backups were made, not by when files were touched.
#[test]
fn the_age_of_the_files_does_not_matter() {
    let world = World::installed(&[OLD]);
    world.run(&["backup", "create"]).expect(0);
    world.run(&["backup", "create"]).expect(0);
    world.configure("keep = 1\n");
    let newest = ids(&world).pop().unwrap();
    let file = std::fs::File::open(world.path("backups").join(&newest).join("database.db")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    world.run(&["backup", "prune", "--yes"]).expect(0);
    assert_eq!(ids(&world), [newest]);
}
