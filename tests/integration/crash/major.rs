//! To another major and back, killed everywhere: v1 whole, or v2 whole.

use super::frozen::quick;
use super::operations::AT_OLD;
use super::proof::Stand;
use super::sweep::Sweep;
use crate::world::{MAJOR, OLD, World};

const CROSS: &[&str] = &["upgrade", "--to", "2", "--yes"];
const BACK: &[&str] = &["rollback", "--strategy", "restore", "--yes"];

/// Release 2.0.0 after the import, with one row more. Its schema has the same number.
const ABOVE: Stand =
    Stand { release: Some(("2.0.0", 1)), notes: "one two three four", backups: &["before 1.0.0"], ..AT_OLD };

fn below(old: crate::world::Release) -> World {
    let world = World::within(quick(), &[old, MAJOR]);
    world.install("1.0.0");
    world
}

fn cross() -> Sweep {
    Sweep {
        name: "upgrade to another major",
        arguments: CROSS,
        code: 0,
        old: Stand { given_up: Some("abandoned 2.0.0"), ..AT_OLD },
        new: Stand { notes: AT_OLD.notes, ..ABOVE },
        after_old: (CROSS, 0),
        after_new: (&["rollback", "--yes"], 0),
    }
}

#[test]
fn a_step_to_another_major_killed_anywhere_ends_in_the_old_one_or_the_new_one() {
    let count = cross().run(below(OLD));
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}

/// What was written after the rehearsal has the file made once more.
#[test]
fn a_second_import_after_the_stop_killed_anywhere_ends_in_the_old_major_or_the_new_one() {
    let late = "writes-at-stop UPDATE notes SET id = id + 10";
    let count = cross().run_borrowed("kill, seam", 4, &below(OLD.mode(late)));
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}

#[test]
fn a_rollback_from_another_major_killed_anywhere_ends_in_the_new_one_or_the_old_one() {
    let world = below(OLD);
    world.run(CROSS).expect(0);
    world.execute("INSERT INTO notes (text) VALUES ('four')");
    let sweep = Sweep {
        name: "rollback from another major",
        arguments: BACK,
        code: 0,
        old: Stand { given_up: Some("abandoned 1.0.0"), ..ABOVE },
        new: Stand { backups: &["before 1.0.0", "abandoned 2.0.0"], ..AT_OLD },
        after_old: (BACK, 0),
        after_new: (CROSS, 0),
    };
    let count = sweep.run(world);
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}
