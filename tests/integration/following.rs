//! Where the copy cannot follow the live database: the next best way is taken, named, and comes to the same end.

use serde_json::Value;

use crate::crash::frozen::{Frozen, quick};
use crate::crash::operations::upgrade;
use crate::crash::recovery::{Written, first, has};
use crate::disk::Disk;
use crate::release::Release;
use crate::standing::Standing;
use crate::world::{NEW, OLD, World};

/// Everything stays in its log.
const LOGGING: Release = OLD.mode("leaves-log");
/// Its rehearsal goes on for longer than it takes to look at the log again.
const LONG: Release = NEW.migrations(&[
    ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),
    (
        "0002_long.up.sql",
        "CREATE TABLE n AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) SELECT i FROM n; DROP TABLE n;",
    ),
]);

#[test]
fn a_service_that_has_its_database_to_itself_is_copied_after_the_stop() {
    const WRITES: Release = OLD.mode("keeps-to-itself\nwrites 3 INSERT INTO notes (text) VALUES ('kept')");
    let world = World::with(&[WRITES, NEW.mode("keeps-to-itself")]);
    world.run(&["install", "--to", "1.0.0", "--yes"]).expect(0);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert!(
        warned(&answer, "the service has the database to itself: it is copied, and the migrations are rehearsed"),
        "{answer:#}"
    );
    assert!(answer["predicted_downtime_ms"].is_u64() && answer["downtime_ms"].is_u64(), "{answer:#}");
    assert_eq!(world.answers().as_deref(), Some("1.1.0"));
    // As long as it lives nobody else reads it.
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!((&status["installed"]["version"], &status["database"]["schema"]), (&"1.1.0".into(), &2.into()));
    world.kill_service();
    assert_eq!((world.schema(), world.query::<i64>("SELECT count(*) FROM notes")), (2, 3));
    assert_eq!(world.query::<String>("PRAGMA integrity_check"), "ok");
}

#[test]
fn a_copy_after_the_stop_is_predicted_together_with_the_stop_and_the_start() {
    const SLOW: &str = "keeps-to-itself\nslow-stop 300";
    let world = World::with(&[OLD.mode(SLOW), NEW.mode(SLOW), Release::new("1.2.0", 3, &[3])]);
    world.run(&["install", "--to", "1.0.0", "--yes"]).expect(0);
    // How long its own stop and start take is known from then on.
    world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
    let before = world.processes();
    let answer = world.run(&["upgrade", "--yes", "--max-downtime", "200ms", "--json"]).expect(1).json();
    assert_eq!(answer["error"]["code"], "max-downtime", "{answer:#}");
    assert!(answer["predicted_downtime_ms"].as_u64().unwrap() >= 300, "{answer:#}");
    assert_eq!(world.processes(), before);
}

#[test]
fn a_log_that_grows_too_long_during_the_rehearsal_is_given_up_for_a_comparison() {
    let world = World::within(quick(), &[LOGGING, LONG]);
    world.install("1.0.0");
    // It is longer by a hole, which SQLite passes over.
    let answer = during_the_rehearsal(&world, || lengthen_log(&world, 2 << 30));
    assert!(warned(&answer, "its log has grown to 2048 MiB: the copy is compared with the database"), "{answer:#}");
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_log_that_takes_the_room_of_others_is_given_up_for_a_comparison() {
    let world = World::within(quick(), &[LOGGING, LONG]);
    let Some(disk) = Disk::mount(&world.path("data"), 2048) else { return };
    world.install("1.0.0");
    let answer = during_the_rehearsal(&world, || {
        lengthen_log(&world, 100 << 20);
        disk.leave(60 << 20);
    });
    assert!(warned(&answer, "MiB are free for its log: the copy is compared with the database"), "{answer:#}");
    world.stands_at("1.1.0", 2);
    world.kill_service();
}

/// An upgrade that stands still as soon as its rehearsal has begun, and goes on once that has happened.
fn during_the_rehearsal(world: &World, happens: impl FnOnce()) -> Value {
    let sweep = upgrade();
    let frozen = Frozen::of(world);
    let point = first(&sweep, &frozen, |run| has(run, Written::Intent, "rehearse"));
    let world = frozen.thaw();
    let mut command = world.command(sweep.arguments);
    command.arg("--json");
    let standing = Standing::before(point, command);
    assert!(standing.stands());
    happens();
    standing.goes_on().expect(0).json()
}

fn lengthen_log(world: &World, bytes: u64) {
    let log = std::fs::OpenOptions::new().write(true).open(world.path("data/notes.db-wal")).unwrap();
    assert!(log.metadata().unwrap().len() < bytes);
    log.set_len(bytes).unwrap();
}

fn warned(answer: &Value, words: &str) -> bool {
    answer["warnings"].as_array().unwrap().iter().any(|warning| warning.as_str().unwrap().contains(words))
}
