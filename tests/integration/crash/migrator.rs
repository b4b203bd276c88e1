//! An upgrade by the product's own migrator, killed everywhere: the program that it runs ends with it.

use super::frozen::quick;
use super::operations::{AT_OLD, upgrade};
use super::proof::Stand;
use super::sweep::Sweep;
use crate::migrations::command::{FIRST, SECOND, configure};
use crate::world::World;

#[test]
fn an_upgrade_by_the_products_own_migrator_killed_anywhere_ends_in_old_or_new() {
    let world = World::within(quick(), &[FIRST, SECOND]);
    configure(&world);
    let file = world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text.replace("\"2s\"", "\"60s\"")).unwrap();
    world.install("1.0.0");
    let new = Stand { release: Some(("1.1.0", 2)), backups: &["before 1.0.0"], ..AT_OLD };
    let count = Sweep { name: "upgrade-migrator", new, ..upgrade() }.run(world);
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}
