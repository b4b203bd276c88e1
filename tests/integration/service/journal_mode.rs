//! Databases with and without a write-ahead log, upgraded while they are written.

use serde_json::Value;

use crate::world::{NEW, OLD, World};

const WRITER: &str = "keeps-writing INSERT INTO notes (text) VALUES ('while it was upgraded')";

/// Upgrades from a service that writes until it is stopped, and asserts that no acknowledged row is missing.
fn upgraded_under_a_writer(mode: &str, before: &str) -> Value {
    let world = World::installed(&[OLD.mode(WRITER), NEW]);
    assert_eq!(world.query::<String>(&format!("PRAGMA journal_mode = {mode}")), mode);
    world.execute(before);
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
    answer
}

#[test]
fn a_database_with_a_write_ahead_log_loses_no_row() {
    upgraded_under_a_writer("wal", "");
}

#[test]
fn a_database_with_a_rollback_journal_loses_no_row() {
    upgraded_under_a_writer("delete", "");
}

/// Larger than the pages that are copied between two looks, so that every commit makes the copy begin anew.
const LARGE: &str = "CREATE TABLE filler AS
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 8000)
    SELECT n, zeroblob(4000) AS bytes FROM numbers";

#[test]
fn a_database_that_cannot_be_copied_while_it_is_written_is_copied_after_the_stop() {
    let answer = upgraded_under_a_writer("delete", LARGE);
    let warnings = answer["warnings"].to_string();
    assert!(warnings.contains("copied, and the migrations are rehearsed, while the service is stopped"), "{warnings}");
    assert!(answer["predicted_downtime_ms"].as_u64().is_some());
    assert_eq!(answer["receipt"]["schema"], 2);
}
