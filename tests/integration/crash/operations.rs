//! Every operation that changes something, killed everywhere.

use super::proof::Stand;
use super::sweep::{Count, Sweep};
use crate::world::{NEW, OLD, World};

const ROWS: &str = "one two three";

/// Release 1.0.0 with three rows, as every operation but the first installation finds it.
const AT_OLD: Stand = Stand { release: Some(("1.0.0", 1)), notes: ROWS, backups: &[], given_up: None };

fn both(count: &Count) {
    assert!(count.old > 0 && count.new > 0, "{count:?}");
    assert_eq!(count.old + count.new, count.points);
}

#[test]
fn an_upgrade_killed_anywhere_ends_in_old_or_new() {
    let sweep = Sweep {
        name: "upgrade",
        arguments: &["upgrade", "--to", "1.1.0", "--yes"],
        code: 0,
        old: Stand { given_up: Some("abandoned 1.1.0"), ..AT_OLD },
        new: Stand { release: Some(("1.1.0", 2)), backups: &["before 1.0.0"], ..AT_OLD },
        after_old: (&["upgrade", "--to", "1.1.0", "--yes"], 0),
        after_new: (&["rollback", "--to", "1.0.0", "--yes"], 0),
    };
    both(&sweep.run(World::installed(&[OLD, NEW])));
}
