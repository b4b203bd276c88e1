//! Every operation that changes something, killed everywhere.

use std::path::Path;

use super::frozen::quick;
use super::proof::Stand;
use super::sweep::{Count, Sweep};
use crate::world::{NEW, OLD, Release, World};

const ROWS: &str = "one two three";

/// Release 1.0.0 with three rows, as an upgrade finds it.
pub const AT_OLD: Stand =
    Stand { release: Some(("1.0.0", 1)), notes: ROWS, backups: &[], given_up: None, verdict: "ready" };
/// Release 1.1.0 after it, with one row more, as a rollback finds it.
pub const AT_NEW: Stand =
    Stand { release: Some(("1.1.0", 2)), notes: "one two three four", backups: &["before 1.0.0"], ..AT_OLD };

const UPGRADE: &[&str] = &["upgrade", "--to", "1.1.0", "--yes"];

pub fn at_old(new: Release) -> World {
    at_old_within(quick(), new)
}

/// The same in a directory of this one.
pub fn at_old_within(parent: &Path, new: Release) -> World {
    let world = World::within(parent, &[OLD, new]);
    world.install("1.0.0");
    world
}

pub fn at_upgraded() -> World {
    let world = at_old(NEW);
    world.run(UPGRADE).expect(0);
    world
}

pub fn at_new() -> World {
    let world = at_upgraded();
    world.execute("INSERT INTO notes (text) VALUES ('four')");
    world
}

fn both(count: &Count) {
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}

pub fn upgrade() -> Sweep {
    Sweep {
        name: "upgrade",
        arguments: UPGRADE,
        code: 0,
        old: Stand { given_up: Some("abandoned 1.1.0"), ..AT_OLD },
        new: Stand { release: Some(("1.1.0", 2)), backups: &["before 1.0.0"], ..AT_OLD },
        after_old: (UPGRADE, 0),
        after_new: (&["rollback", "--to", "1.0.0", "--yes"], 0),
    }
}

#[test]
fn an_upgrade_killed_anywhere_ends_in_old_or_new() {
    let world = at_old(NEW);
    world.run(&["backup", "create"]).expect(0);
    // The new backup drives the one that is there out.
    world.configure("keep = 1");
    let old = Stand { backups: &["manual 1.0.0"], ..upgrade().old };
    both(&Sweep { old, ..upgrade() }.run(world));
}

pub fn down() -> Sweep {
    Sweep {
        name: "rollback-down",
        arguments: &["rollback", "--strategy", "down", "--yes"],
        code: 0,
        old: Stand { given_up: Some("abandoned 1.0.0"), ..AT_NEW },
        new: Stand { release: Some(("1.0.0", 1)), backups: &["before 1.0.0", "abandoned 1.1.0"], ..AT_NEW },
        after_old: (&["rollback", "--strategy", "down", "--yes"], 0),
        after_new: (UPGRADE, 0),
    }
}

#[test]
fn a_rollback_by_down_migrations_killed_anywhere_ends_in_old_or_new() {
    both(&down().run(at_new()));
}

pub fn restore() -> Sweep {
    let arguments = &["rollback", "--strategy", "restore", "--yes"];
    Sweep {
        name: "rollback-restore",
        arguments,
        code: 0,
        old: Stand { given_up: Some("abandoned 1.0.0"), ..AT_NEW },
        new: Stand { backups: &["before 1.0.0", "abandoned 1.1.0"], ..AT_OLD },
        after_old: (arguments, 0),
        after_new: (UPGRADE, 0),
    }
}

#[test]
fn a_rollback_to_a_backup_killed_anywhere_ends_in_old_or_new() {
    both(&restore().run(at_new()));
}

/// Release 1.1.0 runs on the schema of the backup: the program stays, and no row is lost.
pub fn restore_backup() -> Sweep {
    let arguments = &["backup", "restore", "000002-upgrade-1.1.0", "--yes"];
    Sweep {
        name: "backup-restore",
        arguments,
        code: 0,
        old: Stand { notes: ROWS, given_up: Some("abandoned 1.1.0"), ..AT_NEW },
        new: Stand { release: Some(("1.1.0", 1)), backups: &["before 1.0.0", "abandoned 1.1.0"], ..AT_OLD },
        after_old: (arguments, 0),
        after_new: (&["rollback", "--to", "1.0.0", "--yes"], 0),
    }
}

#[test]
fn a_restore_of_a_backup_killed_anywhere_ends_in_old_or_new() {
    both(&restore_backup().run(at_upgraded()));
}

pub fn binary() -> Sweep {
    let arguments = &["rollback", "--strategy", "binary", "--yes"];
    Sweep {
        name: "rollback-binary",
        arguments,
        code: 0,
        old: AT_NEW,
        new: Stand { release: Some(("1.0.0", 2)), ..AT_NEW },
        after_old: (arguments, 0),
        after_new: (UPGRADE, 0),
    }
}

#[test]
fn a_rollback_of_the_program_killed_anywhere_ends_in_old_or_new() {
    both(&binary().run(at_new()));
}

pub fn install() -> Sweep {
    let arguments = &["install", "--to", "1.0.0", "--yes"];
    Sweep {
        name: "install",
        arguments,
        code: 0,
        old: Stand { release: None, notes: "", given_up: Some("abandoned 1.0.0"), verdict: "unknown", ..AT_OLD },
        new: Stand { notes: "", ..AT_OLD },
        after_old: (arguments, 0),
        after_new: (UPGRADE, 0),
    }
}

#[test]
fn a_first_installation_killed_anywhere_ends_in_nothing_or_all_of_it() {
    both(&install().run(World::within(quick(), &[OLD, NEW])));
}

/// Writes a row, is never well, and dies of it.
pub const FAILING: Release = NEW.mode("writes 1 INSERT INTO notes (text) VALUES ('lost')\nnever-healthy\ndies-after 1");

pub fn failing() -> Sweep {
    Sweep {
        name: "upgrade-failing",
        arguments: UPGRADE,
        code: 4,
        old: Stand { given_up: Some("abandoned 1.1.0"), ..AT_OLD },
        new: Stand { release: Some(("1.1.0", 2)), ..AT_OLD },
        after_old: (&["upgrade", "--to", "1.1.0", "--yes", "--retry"], 4),
        after_new: (&["status"], 0),
    }
}

#[test]
fn an_upgrade_that_undoes_itself_killed_anywhere_ends_in_old() {
    let count = failing().run(at_old(FAILING));
    assert_eq!(count.old, count.points);
}

pub fn prune() -> Sweep {
    let arguments = &["backup", "prune", "--yes"];
    Sweep {
        name: "prune",
        arguments,
        code: 0,
        old: Stand { backups: &["manual 1.0.0", "manual 1.0.0"], ..AT_OLD },
        new: Stand { backups: &["manual 1.0.0"], ..AT_OLD },
        after_old: (arguments, 0),
        after_new: (arguments, 0),
    }
}

#[test]
fn a_prune_killed_anywhere_removes_a_backup_whole_or_not_at_all() {
    let world = at_old(NEW);
    for _ in 0..2 {
        world.run(&["backup", "create"]).expect(0);
    }
    world.configure("keep = 1");
    both(&prune().run(world));
}

pub fn create() -> Sweep {
    let arguments = &["backup", "create"];
    Sweep {
        name: "backup-create",
        arguments,
        code: 0,
        old: AT_OLD,
        new: Stand { backups: &["manual 1.0.0"], ..AT_OLD },
        after_old: (arguments, 0),
        after_new: (arguments, 0),
    }
}

#[test]
fn a_backup_killed_anywhere_is_listed_whole_or_not_there() {
    both(&create().run(at_old(NEW)));
}
