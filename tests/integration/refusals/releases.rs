//! Releases that cannot be gone to.

use super::{refused, shaped};
use crate::world::{NEW, OLD, Release, World};

fn upgrade(world: &World, to: &str, code: &str, words: &[&str]) {
    refused(world, &["upgrade", "--to", to, "--yes"], code, words);
}

#[test]
fn a_version_that_does_not_exist_is_refused_with_the_nearest() {
    let world = World::installed(&[OLD, NEW]);
    let near = ["no release `1.7.3`", "nearest is 1.1.0", "run `gantry-installer upgrade --to 1.1.0`"];
    upgrade(&world, "1.7.3", "no-way", &near);
    upgrade(&world, "3", "no-way", &["no release `3`"]);
}

// Below the installed release or above it, what was never released is first of all not there.
#[test]
fn a_version_that_does_not_exist_below_the_installed_one_is_refused_with_the_nearest() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 2, &[1, 2]), Release::new("1.3.0", 2, &[1, 2])]);
    world.run(&["upgrade", "--to", "1.2.0", "--yes"]).expect(0);
    let both = ["the nearest are 1.1.0, 1.2.0", "`gantry-installer rollback --to 1.1.0`", "1.2.0 is installed already"];
    upgrade(&world, "1.1.9", "no-way", &both);
    upgrade(&world, "1.2.9", "no-way", &["nearest are 1.2.0, 1.3.0", "run `gantry-installer upgrade --to 1.3.0`"]);
    // What is on disk can be gone back to, though no manifest knows it any more.
    let text = std::fs::read_to_string(world.path("releases/notes.toml")).unwrap();
    let (head, rest) = text.split_once("[[release]]").unwrap();
    let (_, rest) = rest.split_once("[[release]]").unwrap();
    world.publish_text(&format!("{head}[[release]]{rest}").replace("sequence = 1\n", "sequence = 2\n"));
    upgrade(&world, "1.0.0", "no-way", &["`1.0.0` is below", "`gantry-installer rollback --to 1.0.0`"]);
}

#[test]
fn a_withdrawn_release_is_refused_with_the_reason() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 2, &[2]).extra("yanked = \"eats rows\"")]);
    upgrade(&world, "1.2.0", "no-way", &["`1.2.0` is withdrawn: eats rows", "choose another release"]);
    upgrade(&world, "1.2", "no-way", &["`1.2.0` is withdrawn: eats rows"]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
}

// FM-28
#[test]
fn a_stop_that_is_withdrawn_blocks_the_way_by_name() {
    let stop = Release::new("1.1.0", 2, &[2]).extra("barrier = true\nyanked = \"eats rows\"");
    let world = World::installed(&[OLD, stop, Release::new("1.2.0", 3, &[3])]);
    upgrade(&world, "1.2", "no-way", &["`1.2.0`", "`1.1.0`", "eats rows"]);
}

#[test]
fn a_release_that_takes_only_others_is_refused_with_its_range() {
    let world = World::installed(&[OLD, Release::new("1.2.0", 2, &[2]).extra("from = \">=1.1.0\"")]);
    upgrade(&world, "1.2", "no-way", &["`1.0.0` to `1.2.0`", ">=1.1.0"]);
}

#[test]
fn a_release_that_needs_a_newer_installer_says_which() {
    let world = World::installed(&[OLD, NEW.extra("installer = \">=9\"")]);
    upgrade(&world, "1.1", "no-way", &["`1.1.0` needs an installer >=9", env!("CARGO_PKG_VERSION"), "install gantry-"]);
    refused(&world, &["upgrade", "--yes"], "no-way", &[">=9"]);
}

#[test]
fn a_dead_end_is_not_left() {
    let world = World::installed(&[OLD.extra("deadend = \"ends here\""), NEW]);
    upgrade(&world, "1.1", "no-way", &["`1.0.0`", "ends here"]);
}

#[test]
fn another_major_is_not_reached_in_place() {
    let world = World::installed(&[OLD, Release::new("2.0.0", 2, &[2])]);
    upgrade(&world, "2", "no-way", &["`2.0.0` is of another major than `1.0.0`"]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0);
    assert_eq!(shaped(&answer)["outcome"], "nothing");
}

#[test]
fn a_release_of_another_channel_is_left_out_unless_it_is_named() {
    let world = World::installed(&[OLD, NEW.extra("channel = \"beta\"")]);
    assert_eq!(shaped(&world.run(&["upgrade", "--yes", "--json"]).expect(0))["outcome"], "nothing");
    upgrade(&world, "1.1", "no-way", &["`stable`", "`1.1.0` is of the channel `beta`", "--to 1.1.0"]);
    world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_release_for_another_machine_only_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    let text = std::fs::read_to_string(world.path("releases/notes.toml")).unwrap();
    let at = text.rfind("target = \"any\"").unwrap();
    let text = text[..at].to_owned() + "target = \"s390x-unknown-linux-gnu\"" + &text[at + 14..];
    world.publish_text(&text.replace("sequence = 1\n", "sequence = 2\n"));
    upgrade(&world, "1.1", "no-artifact", &["1.1.0", std::env::consts::ARCH, "s390x-unknown-linux-gnu"]);
}

// FM-26
#[test]
fn upwards_and_downwards_are_two_commands() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 2, &[1, 2])]);
    world.run(&["upgrade", "--to", "1.1", "--yes"]).expect(0);
    upgrade(&world, "1.0.0", "no-way", &["`1.0.0`", "`1.1.0`", "gantry-installer rollback --to 1.0.0"]);
    upgrade(&world, "1.0", "no-way", &["gantry-installer rollback --to 1.0.0"]);
    for to in ["1.2.0", "1.2", "2"] {
        let words = ["above the installed release", &format!("gantry-installer upgrade --to {to}")];
        refused(&world, &["rollback", "--to", to, "--yes"], "above", &words);
    }
}

#[test]
fn what_is_installed_already_is_nothing_to_do() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    for arguments in [
        &["upgrade", "--yes", "--json"][..],
        &["upgrade", "--to", "1.1", "--yes", "--json"],
        &["upgrade", "--to", "1.1.0", "--json"],
        &["rollback", "--to", "1.1.0", "--json"],
        &["install", "--json"],
        &["install", "--to", "1.1", "--json"],
    ] {
        let object = shaped(&world.run(arguments).expect(0));
        assert_eq!(object["outcome"], "nothing", "{arguments:?}: {object:#}");
        assert_eq!(object["to"]["version"], "1.1.0", "{arguments:?}: {object:#}");
    }
    let below = ["1.1.0 is installed already", "run `gantry-installer rollback --to 1.0`"];
    refused(&world, &["install", "--to", "1.0"], "installed", &below);
    let above = ["1.1.0 is installed already", "run `gantry-installer upgrade --to 1.2`"];
    refused(&world, &["install", "--to", "1.2"], "installed", &above);
}

#[test]
fn nothing_is_upgraded_or_gone_back_from_where_nothing_is_installed() {
    let world = World::with(&[OLD, NEW]);
    let install = ["gantry-installer install"];
    refused(&world, &["upgrade", "--yes"], "not-installed", &install);
    refused(&world, &["rollback", "--yes"], "not-installed", &install);
    refused(&world, &["gate"], "unknown", &["nothing is installed"]);
}

#[test]
fn what_was_installed_first_has_no_way_back() {
    let world = World::installed(&[OLD, NEW]);
    refused(&world, &["rollback", "--yes"], "no-past", &["no earlier release", "nothing older is on disk"]);
    refused(&world, &["backup", "restore", "no-such", "--yes"], "no-backup", &["`no-such`", "backup list"]);
    refused(&world, &["backup", "verify", "no-such"], "no-backup", &["`no-such`", "backup list"]);
    refused(&world, &["history", "../state"], "no-run", &["`../state`", "gantry-installer history"]);
}
