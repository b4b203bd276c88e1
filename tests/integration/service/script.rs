//! Migrations that cannot share a transaction: they run, and it is said what their own engine would do with them.

use crate::world::{OLD, Release, World};

const NOTES: (&str, &str) = ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);");

/// Upgrades to a release with this second migration, and returns what was warned of.
fn warned(release: Release) -> (World, String) {
    let world = World::installed(&[OLD, release]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    world.stands_at("1.1.0", 2);
    (world, answer["warnings"].to_string())
}

const fn release(migrations: &'static [(&'static str, &'static str)]) -> Release {
    Release::new("1.1.0", 2, &[1, 2]).migrations(migrations)
}

#[test]
fn a_file_with_a_transaction_of_its_own_runs_and_is_warned_of() {
    const OWN: Release = release(&[NOTES, ("0002_own.up.sql", "BEGIN; CREATE TABLE own (id INTEGER); COMMIT;")]);
    let (world, warnings) = warned(OWN);
    assert!(
        warnings.contains("`0002_own.up.sql` has a transaction of its own, which its own engine refuses"),
        "{warnings}"
    );
    assert_eq!(world.query::<i64>("SELECT count(*) FROM own"), 0);
}

#[test]
fn a_vacuum_runs_and_is_warned_of() {
    const VACUUM: Release = release(&[NOTES, ("0002_vacuum.up.sql", "CREATE TABLE more (id INTEGER);\nVACUUM;")]);
    let (_, warnings) = warned(VACUUM);
    assert!(warnings.contains("`0002_vacuum.up.sql` has VACUUM, which its own engine refuses"), "{warnings}");
}

#[test]
fn a_pragma_runs_and_is_warned_of() {
    const PRAGMA: Release = release(&[
        NOTES,
        ("0002_pragma.up.sql", "PRAGMA foreign_keys = OFF; CREATE TABLE more (id INTEGER); PRAGMA foreign_keys = ON;"),
    ]);
    let (_, warnings) = warned(PRAGMA);
    assert!(warnings.contains("`0002_pragma.up.sql` sets `foreign_keys`"), "{warnings}");
}

#[test]
fn a_file_that_leaves_its_transaction_open_is_refused() {
    const OPEN: Release = release(&[NOTES, ("0002_open.up.sql", "BEGIN; CREATE TABLE own (id INTEGER);")]);
    let world = World::installed(&[OLD, OPEN]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(1).json();
    assert!(answer.to_string().contains("`0002_open.up.sql` leaves its transaction open"), "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_migration_that_reaches_out_of_its_database_is_refused() {
    const ATTACH: Release = release(&[NOTES, ("0002_attach.up.sql", "ATTACH '/tmp/elsewhere.db' AS elsewhere;")]);
    let world = World::installed(&[OLD, ATTACH]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(1).json();
    assert!(answer.to_string().contains("`0002_attach.up.sql` uses"), "{answer:#}");
    world.stands_at("1.0.0", 1);
}
