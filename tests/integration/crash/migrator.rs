//! An upgrade by the product's own migrator, killed everywhere: the program that it runs ends with it.

use super::frozen::quick;
use super::operations::{AT_OLD, upgrade};
use super::proof::Stand;
use super::sweep::Sweep;
use crate::own_migrator::{FIRST, SECOND, configure};
use crate::tally;
use crate::world::World;

#[test]
fn an_upgrade_by_the_products_own_migrator_killed_anywhere_ends_in_old_or_new() {
    let world = World::within(quick(), &[FIRST, SECOND]);
    configure(&world);
    world.install("1.0.0");
    let new = Stand { release: Some(("1.1.0", 2)), backups: &["before 1.0.0"], ..AT_OLD };
    let count =
        Sweep { name: "upgrade-migrator", new, ..upgrade() }.run_borrowed("kill, seam", tally::every(4), &world);
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}
