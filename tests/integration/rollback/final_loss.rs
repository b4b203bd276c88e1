//! What a restore lost in the end: counted from the database that was given up, after the start.

use serde_json::json;

use super::{ONLY, upgraded};
use crate::world::{NEW, World};

#[test]
fn the_loss_of_a_restore_is_reported_after_it() {
    let world = upgraded(ONLY);
    let answer = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    let notes = &answer["loss"]["tables"][0];
    assert_eq!((&notes["inserted"], &notes["changed"], &notes["deleted"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(answer["loss"]["rows"], 4);
}

#[test]
fn rows_written_until_the_stop_are_in_the_loss_that_is_reported() {
    const LAST: &str = "writes-at-stop INSERT INTO notes (text) VALUES ('late')";
    let world = World::installed(&[ONLY, NEW.mode(LAST)]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let shown = super::dry_run(&world);
    assert_eq!(super::named(&shown, "restore")["loss"]["rows"], 0);
    let answer = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["loss"]["tables"][0]["inserted"], 1, "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn the_database_that_was_given_up_is_kept_whole_and_can_be_had_again() {
    let world = upgraded(ONLY);
    let answer = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    let id = answer["backup"].as_str().unwrap();
    let listed = world.run(&["backup", "list", "--json"]).expect(0).json();
    let kept = listed["backups"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    assert_eq!((&kept["kind"], &kept["version"], &kept["schema"]), (&json!("abandoned"), &json!("1.1.0"), &json!(2)));
    world.run(&["backup", "verify", id]).expect(0);
    let again = ["rollback", "--to", "1.1.0", "--strategy", "restore", "--backup", id, "--yes"];
    world.run(&again).expect(0);
    super::stands(&world, "1.1.0", 2, 4);
}
