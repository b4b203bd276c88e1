//! Releases that failed here, or were gone back from.

use super::{refused, shaped};
use crate::world::{NEW, OLD, Release, World};

#[test]
fn a_release_that_failed_here_is_not_taken_again_by_itself() {
    let mut world = World::installed(&[OLD, NEW.mode("never-healthy\ndies-after 1")]);
    world.run(&["upgrade", "--yes"]).expect(4);
    let words = ["1.1.0 failed here in run 0000", "--retry"];
    refused(&world, &["upgrade", "--to", "1.1.0", "--yes"], "held", &words);
    let object = shaped(&world.run(&["upgrade", "--yes", "--json"]).expect(0));
    assert_eq!(object["outcome"], "nothing");
    let warning = world.plain(object["warnings"][0].as_str().unwrap());
    assert!(warning.contains("`gantry-installer upgrade --to 1.1.0 --retry` takes it again"), "{object:#}");
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!((&status["held"][0]["version"], &status["available"]["upgrade"]), (&"1.1.0".into(), &().into()));
    // It is taken when it is asked for, and fails again.
    world.run(&["upgrade", "--retry", "--yes"]).expect(4);
    world.stands_at("1.0.0", 1);
    // Another archive of that version is another attempt.
    let text = std::fs::read_to_string(world.path("releases/notes.toml")).unwrap();
    let old = world.path("releases/notes-1.1.0.tar.gz");
    let (size, sha256) = crate::world::measure(&old);
    world.add(&NEW);
    let (new_size, new_sha256) = crate::world::measure(&old);
    let text = text.replace(&sha256, &new_sha256).replace(&format!("size = {size}\n"), &format!("size = {new_size}\n"));
    world.publish_text(&text.replace("sequence = 1\n", "sequence = 2\n"));
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
    assert_eq!(world.run(&["status", "--json"]).json()["held"].as_array().unwrap().len(), 0);
}

#[test]
fn a_release_that_was_gone_back_from_is_taken_only_by_name() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.run(&["rollback", "--yes"]).expect(0);
    assert_eq!(world.current().as_deref(), Some("1.0.0"));
    let object = shaped(&world.run(&["upgrade", "--yes", "--json"]).expect(0));
    assert_eq!(object["outcome"], "nothing");
    let warning = world.plain(object["warnings"][0].as_str().unwrap());
    assert!(warning.contains("`gantry-installer upgrade --to 1.1.0` takes it again"), "{object:#}");
    world.run(&["upgrade", "--to", "1.1", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
}

/// 1.1.0 is a stop that must be made on the way to 1.2.0, and was gone back from.
fn gone_back_from_a_stop() -> World {
    let world = World::installed(&[OLD, NEW.extra("barrier = true"), Release::new("1.2.0", 3, &[2, 3])]);
    world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
    world.run(&["rollback", "--yes"]).expect(0);
    world
}

#[test]
fn a_stop_that_was_gone_back_from_is_not_passed_through_in_silence() {
    let world = gone_back_from_a_stop();
    let stop = "1.1.0, a stop on the way to 1.2.0, was gone back from in run 0000";
    let words = [stop, "upgrade --to 1.2.0`"];
    refused(&world, &["upgrade", "--yes"], "held", &words);
    let status = world.run(&["status"]).expect(0).stdout;
    assert!(status.contains("available  1.2.0 by way of 1.1.0, which is held: run `"), "{status}");
    // Where warnings go: beside the answer, and in it.
    let would = world.run(&["upgrade", "--to", "1.2", "--dry-run", "--json"]).expect(0);
    assert!(would.json()["warnings"][0].as_str().unwrap().contains(stop), "{would:#?}");
    let taken = world.run(&["upgrade", "--to", "1.2", "--yes"]).expect(0);
    assert_eq!(taken.stderr.matches(&format!("warning: release {stop}")).count(), 1, "{}", taken.stderr);
    world.stands_at("1.2.0", 3);
}

#[test]
fn a_held_release_that_can_be_left_out_is_left_out() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 3, &[2, 3])]);
    world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
    world.run(&["rollback", "--yes"]).expect(0);
    let hops = world.run(&["upgrade", "--to", "1.2", "--yes", "--json"]).expect(0).json()["hops"].clone();
    assert_eq!(hops.as_array().unwrap().len(), 1, "{hops:#}");
}
