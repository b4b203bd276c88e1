//! What `status` offers: a command that would be refused is not named, and what it needs first is.

use super::databases::Holder;
use crate::world::{NEW, OLD, Release, World};

/// The line of `status` about what is available, and the reason in `--json`.
fn available(world: &World) -> (String, serde_json::Value) {
    let words = world.plain(&world.run(&["status"]).expect(0).stdout);
    let line = words.lines().find_map(|line| line.strip_prefix("available  ")).unwrap_or_else(|| panic!("{words}"));
    let object = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(object["available"]["upgrade"], "1.1.0", "{object:#}");
    (line.to_owned(), object["available"]["obstacle"].clone())
}

#[test]
fn an_upgrade_is_offered_where_nothing_is_in_its_way() {
    let world = World::installed(&[OLD, NEW]);
    assert_eq!(available(&world), ("1.1.0: run `gantry-installer upgrade`".to_owned(), ().into()));
}

#[test]
fn what_is_in_the_way_of_an_upgrade_is_said_in_the_place_of_its_command() {
    let world = World::installed(&[OLD, NEW]);
    {
        let _holder = Holder::of(&world.database());
        let (line, obstacle) = available(&world);
        assert!(line.starts_with("1.1.0, but not now: process ") && line.contains(" holds the database "), "{line}");
        assert_eq!(line, format!("1.1.0, {}", obstacle.as_str().unwrap()));
    }
    world.execute("ALTER TABLE notes ADD COLUMN colour TEXT");
    let (line, _) = available(&world);
    assert!(line.starts_with("1.1.0, but not now: the database is at schema 1 by its ledger, and"), "{line}");
}

#[test]
fn a_release_on_probation_is_first_to_end_it() {
    let world = World::with(&[OLD, Release::new("1.0.5", 1, &[1]), NEW]);
    world.replace("[health]\n", "[health]\nprobation = \"1h\"\n");
    world.install("1.0.0");
    world.run(&["upgrade", "--to", "1.0.5", "--yes"]).expect(0);
    assert_eq!(available(&world).0, "1.1.0, once the probation has ended");
}

#[test]
fn a_held_release_below_the_installed_one_is_not_offered() {
    let world = World::installed(&[OLD, NEW.mode("dies-at-once"), Release::new("1.2.0", 3, &[2, 3])]);
    world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(4);
    let held = |world: &World| {
        let words = world.plain(&world.run(&["status"]).expect(0).stdout);
        words.lines().find(|line| line.starts_with("held  ")).map(str::to_owned).unwrap_or_else(|| panic!("{words}"))
    };
    assert!(
        held(&world).ends_with("; `gantry-installer upgrade --to 1.1.0 --retry` takes it again"),
        "{}",
        held(&world)
    );
    world.run(&["upgrade", "--to", "1.2.0", "--yes"]).expect(0);
    assert!(!held(&world).contains("takes it again"), "{}", held(&world));
}
