//! Upgrades, from outside.

use crate::world::{NEW, OLD, Release, World};

#[test]
fn an_upgrade_moves_program_and_database_together_and_keeps_every_row() {
    let world = World::installed(&[OLD, NEW]);
    let answer = world.run(&["upgrade", "--to", "1.1", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["outcome"], "done");
    assert_eq!(answer["to"]["version"], "1.1.0");
    assert_eq!(answer["to"]["schema"], 2);
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_failed_health_check_restores_the_old_database_and_program() {
    let world = World::installed(&[OLD, NEW.mode("never-healthy")]).impatient();
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(4).json();
    assert_eq!(answer["outcome"], "restored");
    assert_eq!(answer["to"]["version"], "1.0.0");
    world.stands_at("1.0.0", 1);
}

// FM-28
#[test]
fn a_way_of_several_hops_is_one_command() {
    let barrier = Release::new("1.2.0", 3, &[3]).extra("barrier = true");
    let world = World::installed(&[OLD, NEW, barrier, Release::new("1.3.0", 4, &[3, 4])]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    let hops: Vec<_> = answer["hops"].as_array().unwrap().iter().map(|hop| hop["to"]["version"].clone()).collect();
    assert_eq!(hops, ["1.2.0", "1.3.0"]);
    world.stands_at("1.3.0", 4);
}
