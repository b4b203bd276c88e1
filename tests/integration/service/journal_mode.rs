//! Databases with and without a write-ahead log, upgraded while they are written.

use crate::world::{NEW, OLD, World};

const WRITER: &str = "keeps-writing INSERT INTO notes (text) VALUES ('while it was upgraded')";

/// Upgrades from a service that writes until it is stopped, and asserts that no acknowledged row is missing.
fn upgraded_under_a_writer(mode: &str) {
    let world = World::installed(&[OLD.mode(WRITER), NEW]);
    assert_eq!(world.query::<String>(&format!("PRAGMA journal_mode = {mode}")), mode);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    let acknowledged = i64::try_from(std::fs::read(world.path("notes.acknowledged")).unwrap().len()).unwrap();
    assert!(acknowledged > 0);
    let rows: i64 = world.query("SELECT count(*) FROM notes");
    // The last one may have been committed and not acknowledged before the end.
    assert!((acknowledged + 3..=acknowledged + 4).contains(&rows), "{acknowledged} and 3 were acknowledged: {rows}");
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.1.0"), 2));
    assert_eq!(world.answers().as_deref(), Some("1.1.0"));
    assert_eq!(world.query::<String>("PRAGMA journal_mode"), mode, "the new file has the old one's mode");
    assert_eq!(world.query::<String>("PRAGMA integrity_check"), "ok");
    let backup = answer["backup"].as_str().unwrap();
    world.run(&["backup", "verify", backup]).expect(0);
}

#[test]
fn a_database_with_a_write_ahead_log_loses_no_row() {
    upgraded_under_a_writer("wal");
}

#[test]
fn a_database_with_a_rollback_journal_loses_no_row() {
    upgraded_under_a_writer("delete");
}
