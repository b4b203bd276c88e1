//! A run that puts the ledger right and runs no migration, killed everywhere, and its recovery too.

use super::operations::{AT_OLD, at_old, at_upgraded};
use super::proof::Stand;
use super::recovery::Written::{Done, Intent, Undone};
use super::recovery::{End, recover};
use super::sweep::Sweep;
use crate::tally;
use crate::world::{NEW, Release, World};

const FORCE: &[&str] = &["migrate", "force", "2", "--yes"];

/// Release 1.1.0, of whose ledger somebody made a lie: it says that a migration broke off.
fn dirty() -> World {
    let world = at_upgraded();
    world.execute("UPDATE schema_migrations SET dirty = 1");
    world
}

/// The same, with a service that dies where the ledger is right.
fn failing() -> World {
    // The ledger is right when it is installed, and nobody asked it yet to be otherwise.
    const LATE: Release = NEW
        .mode("dies-where SELECT dirty = 0 AND EXISTS (SELECT 1 FROM notes WHERE text = 'two') FROM schema_migrations");
    let world = at_old(LATE);
    world.execute("DELETE FROM notes WHERE text = 'two'");
    world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
    world.execute("UPDATE schema_migrations SET dirty = 1; INSERT INTO notes (id, text) VALUES (2, 'two')");
    world
}

const CLEAN: Stand = Stand { release: Some(("1.1.0", 2)), backups: &["before 1.0.0"], ..AT_OLD };

fn force() -> Sweep {
    Sweep {
        name: "migrate-force",
        arguments: FORCE,
        code: 0,
        old: Stand { verdict: "dirty", given_up: Some("abandoned 1.1.0"), ..CLEAN },
        new: Stand { backups: &["before 1.0.0", "before 1.1.0"], ..CLEAN },
        after_old: (FORCE, 0),
        after_new: (&["rollback", "--to", "1.0.0", "--yes"], 0),
    }
}

fn undone() -> Sweep {
    Sweep { name: "migrate-force-failing", code: 4, after_old: (FORCE, 4), ..force() }
}

#[test]
fn a_ledger_that_is_put_right_and_killed_anywhere_is_as_it_was_or_right() {
    let count = force().run_borrowed("kill, seam", tally::every(2), &dirty());
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}

#[test]
fn a_ledger_that_cannot_be_put_right_is_as_it_was_wherever_it_is_killed() {
    let count = undone().run_borrowed("kill, seam", tally::every(4), &failing());
    assert_eq!(count.old, count.points);
}

#[test]
fn a_recovery_of_a_ledger_that_is_put_right_may_be_killed_anywhere() {
    recover(&force(), &dirty(), Done, "exchange", End::Old);
    recover(&force(), &dirty(), Intent, "commit", End::New);
    recover(&undone(), &failing(), Undone, "exchange", End::Old);
}
