//! `--max-downtime`: a longer downtime does not begin, and one that is about to become longer is broken off.

use serde_json::json;

use crate::world::{NEW, OLD, Release, World};

#[test]
fn a_downtime_that_is_predicted_to_be_too_long_does_not_begin() {
    const SLOW: Release = NEW.mode("slow-stop 300");
    const NEXT: Release = Release::new("1.2.0", 2, &[2]);
    let world = World::installed(&[OLD, SLOW, NEXT]);
    world.run(&["upgrade", "--to", "1.1", "--yes"]).expect(0);
    // How long its own stop and start take is known from then on.
    world.run(&["rollback", "--yes"]).expect(0);
    world.run(&["upgrade", "--to", "1.1", "--yes"]).expect(0);
    let before = world.processes();
    let answer = world.run(&["upgrade", "--yes", "--max-downtime", "5ms", "--json"]).expect(1).json();
    assert_eq!(answer["error"]["code"], "max-downtime");
    assert_eq!(answer["downtime_ms"], json!(null));
    assert!(answer["predicted_downtime_ms"].as_u64().unwrap() > 5, "{answer:#}");
    assert_eq!(world.processes(), before);
    world.stands_at("1.1.0", 2);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["held"], json!([]));
    world.run(&["upgrade", "--yes", "--max-downtime", "1m"]).expect(0);
    world.stands_at("1.2.0", 2);
}

#[test]
fn a_downtime_that_becomes_too_long_before_the_exchange_is_broken_off() {
    // Nothing is known of the service before its first upgrade, so that only the clock can tell.
    let world = World::installed(&[OLD.mode("slow-stop 1000"), NEW]);
    let answer = world.run(&["upgrade", "--yes", "--max-downtime", "900ms", "--json"]).expect(4).json();
    assert_eq!(answer["error"]["code"], "max-downtime", "{answer:#}");
    assert!(answer["downtime_ms"].as_u64().unwrap() >= 1000);
    world.stands_at("1.0.0", 1);
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(status["held"], json!([]));
}

#[test]
fn migrations_that_take_too_long_are_broken_off() {
    const LONG: Release = NEW.migrations(&[
        ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),
        ("0002_long.up.sql", "CREATE TABLE n AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000000) SELECT i FROM n; DROP TABLE n;"),
    ]);
    let world = World::installed(&[OLD, LONG]);
    let answer = world.run(&["upgrade", "--yes", "--max-downtime", "100ms", "--json"]).json();
    assert_eq!(answer["error"]["code"], "max-downtime", "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_duration_that_is_none_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    let answer = world.run(&["upgrade", "--yes", "--max-downtime", "soon"]).expect(2);
    assert!(answer.stderr.contains("expected a duration such as `500ms`"), "{}", answer.stderr);
}
