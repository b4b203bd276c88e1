//! `backup restore`: the database of a backup, with the program that runs on it.

use serde_json::json;

use super::{ONLY, refusal, stands, upgraded};
use crate::world::{OLD, World};

/// The backup that the upgrade made.
fn before(world: &World) -> String {
    let listed = world.run(&["backup", "list", "--json"]).expect(0).json();
    let backups = listed["backups"].as_array().unwrap();
    backups.iter().find(|one| one["kind"] == "before").unwrap()["id"].as_str().unwrap().to_owned()
}

/// The command that restores a backup with its loss: the one that `backup restore --yes` is refused with.
#[track_caller]
fn agreed<'a>(world: &World, to: &'a str, id: &'a str) -> [&'a str; 9] {
    let said = world.run(&["backup", "restore", id, "--yes", "--json"]).expect(3).json();
    assert_eq!(said["refusals"][0]["code"], "loss", "{said:#}");
    let command = ["rollback", "--to", to, "--strategy", "restore", "--backup", id, "--yes"];
    let hint = world.plain(said["refusals"][0]["remedy"].as_str().unwrap());
    assert!(hint.contains(&format!("`gantry-installer {}`", command.join(" "))), "{hint}");
    let [a, b, c, d, e, f, g, h] = command;
    [a, b, c, d, e, f, g, h, "--json"]
}

#[test]
fn the_program_stays_where_it_reads_the_schema_of_the_backup() {
    let world = upgraded(OLD);
    let answer = world.run(&agreed(&world, "1.1.0", &before(&world))).expect(0).json();
    assert_eq!((&answer["to"]["version"], &answer["to"]["schema"]), (&json!("1.1.0"), &json!(1)));
    world.stands_at("1.1.0", 1);
}

#[test]
fn the_release_of_the_backup_comes_along_where_the_program_does_not_read_its_schema() {
    const NEWER: crate::world::Release = crate::world::Release::new("1.1.0", 2, &[2]);
    let world = World::installed(&[ONLY, NEWER]);
    world.run(&["upgrade", "--yes"]).expect(0);
    super::write_on(&world);
    let answer = world.run(&agreed(&world, "1.0.0", &before(&world))).expect(0).json();
    assert_eq!(answer["to"]["version"], "1.0.0");
    assert_eq!(answer["loss"]["rows"], 4, "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_backup_of_the_same_schema_is_restored_and_the_loss_is_counted() {
    let world = World::installed(&[OLD]);
    let made = world.run(&["backup", "create", "--json"]).expect(0).json();
    let id = made["backup"]["id"].as_str().unwrap();
    world.execute("DELETE FROM notes WHERE id = 1; INSERT INTO notes (text) VALUES ('late'), ('later')");
    let shown = world.run(&["backup", "restore", id, "--dry-run", "--json"]).expect(0).json();
    assert_eq!(
        shown["strategies"].as_array().unwrap().iter().find(|one| one["name"] == "restore").unwrap()["loss"]["rows"],
        3
    );
    stands(&world, "1.0.0", 1, 4);
    let answer = world.run(&agreed(&world, "1.0.0", id)).expect(0).json();
    assert_eq!(
        answer["loss"]["tables"][0],
        json!({
            "name": "notes", "inserted": 2, "changed": 0, "deleted": 1, "rows": 3, "columns": [],
        })
    );
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_backup_that_was_damaged_is_not_restored() {
    let world = upgraded(ONLY);
    let id = before(&world);
    let file = world.path("backups").join(&id).join("database.db");
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    world.run(&["backup", "verify", &id]).expect(3);
    let (_, message) = refusal(world.run(&["backup", "restore", &id, "--yes", "--json"]));
    assert!(message.contains(&id), "{message}");
    stands(&world, "1.1.0", 2, 4);
}

#[test]
fn an_unknown_backup_is_refused() {
    let world = upgraded(ONLY);
    let (code, message) = refusal(world.run(&["backup", "restore", "nothing", "--yes", "--json"]));
    assert_eq!((code.as_str(), message.as_str()), ("no-backup", "there is no backup `nothing`"));
    stands(&world, "1.1.0", 2, 4);
}

// FM-19: what was restored is still there.
#[test]
fn a_backup_may_be_restored_again_and_again() {
    let world = upgraded(OLD);
    let id = before(&world);
    world.run(&agreed(&world, "1.1.0", &id)).expect(0);
    // Nothing is lost by it any more.
    for _ in 0..2 {
        world.run(&["backup", "restore", &id, "--yes"]).expect(0);
        world.run(&["backup", "verify", &id]).expect(0);
        world.stands_at("1.1.0", 1);
    }
}
