//! Binary, down and restore: the loss before, and what is there after.

use super::{ONLY, dry_run, named, stands, upgraded};
use crate::world::{NEW, OLD, Release, World};

#[test]
fn the_binary_alone_goes_back_and_loses_nothing() {
    let world = upgraded(OLD);
    let strategies = dry_run(&world);
    assert_eq!((&strategies[0]["name"], &strategies[0]["possible"]), (&"binary".into(), &true.into()));
    assert_eq!(strategies[0]["loss"]["rows"], 0);
    let answer = world.run(&["rollback", "--yes", "--json"]).expect(0).json();
    assert_eq!((&answer["strategy"], &answer["to"]["schema"]), (&"binary".into(), &2.into()));
    assert_eq!(answer["loss"]["rows"].as_u64().unwrap_or(0), 0);
    stands(&world, "1.0.0", 2, 4);
    assert_eq!(world.query::<String>("SELECT mood FROM notes WHERE text = 'four'"), "glad", "nothing was touched");
}

#[test]
fn down_migrations_keep_the_rows_and_name_the_column_that_goes() {
    let world = upgraded(ONLY);
    let strategies = dry_run(&world);
    let down = named(&strategies, "down");
    assert_eq!(strategies[0], *down, "the least loss comes first");
    assert_eq!(down["loss"]["rows"], 0, "{down:#}");
    assert_eq!(down["loss"]["tables"][0]["columns"][0]["name"], "mood");
    assert_eq!(down["loss"]["tables"][0]["columns"][0]["values"], 1);
    let answer = world.run(&["rollback", "--strategy", "down", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["loss"], down["loss"], "what was shown is what was lost");
    stands(&world, "1.0.0", 1, 4);
}

#[test]
fn a_restore_brings_the_backup_back_and_names_every_row() {
    let world = upgraded(ONLY);
    let strategies = dry_run(&world);
    let restore = named(&strategies, "restore");
    let notes = &restore["loss"]["tables"][0];
    assert_eq!((&notes["inserted"], &notes["changed"], &notes["deleted"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!((&notes["rows"], &restore["loss"]["rows"]), (&4.into(), &4.into()));
    let answer = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["strategy"], "restore");
    world.stands_at("1.0.0", 1);
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes WHERE text IN ('one', 'two', 'three')"), 3);
}

// FM-17: the program never goes back without its data.
#[test]
fn the_binary_alone_is_not_offered_where_it_cannot_read_the_schema() {
    let world = upgraded(ONLY);
    let strategies = dry_run(&world);
    let binary = named(&strategies, "binary");
    assert_eq!(binary["possible"], false);
    assert!(binary["reason"].as_str().unwrap().contains("does not run on schema 2; it reads 1"), "{binary:#}");
    let answer = world.run(&["rollback", "--strategy", "binary", "--yes", "--json"]).expect(3).json();
    assert!(answer["refusals"][0]["message"].as_str().unwrap().contains("it reads 1"), "{answer:#}");
    stands(&world, "1.1.0", 2, 4);
}

#[test]
fn down_migrations_that_lead_to_another_schema_are_not_offered() {
    const LIES: Release = NEW.migrations(&[
        ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),
        ("0001_notes.down.sql", "DROP TABLE notes;"),
        ("0002_mood.up.sql", "ALTER TABLE notes ADD COLUMN mood TEXT; CREATE INDEX moods ON notes (mood);"),
        ("0002_mood.down.sql", "DROP INDEX moods;"),
    ]);
    let world = World::installed(&[ONLY, LIES]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let strategies = dry_run(&world);
    let down = named(&strategies, "down");
    assert_eq!(down["possible"], false, "{down:#}");
    let reason = down["reason"].as_str().unwrap();
    assert!(reason.contains("do not lead to schema 1") && reason.contains("notes"), "{reason}");
    world.run(&["rollback", "--strategy", "down", "--yes"]).expect(3);
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_release_without_down_migrations_offers_no_way_down() {
    const ONE_WAY: Release = NEW.migrations(&[
        ("0001_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),
        ("0002_mood.up.sql", "ALTER TABLE notes ADD COLUMN mood TEXT;"),
    ]);
    let world = World::installed(&[ONLY, ONE_WAY]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let strategies = dry_run(&world);
    assert_eq!(named(&strategies, "down")["possible"], false);
    assert_eq!(named(&strategies, "restore")["possible"], true);
}

// FM-11, FM-19: a damaged database does not stand in the way of a good backup, and the backup is not used up by it.
#[test]
fn a_restore_works_while_the_live_database_is_damaged() {
    restored_uncounted(damage);
}

// FM-11: the copy of such a database is whole, and only the count fails on it.
#[test]
fn a_restore_works_while_a_page_of_a_table_is_damaged() {
    restored_uncounted(damage_table);
}

fn restored_uncounted(damage: fn(&World)) {
    let world = upgraded(ONLY);
    damage(&world);
    let strategies = dry_run(&world);
    let restore = named(&strategies, "restore");
    assert_eq!((&restore["possible"], &restore["loss"]), (&true.into(), &serde_json::Value::Null));
    assert!(restore["reason"].as_str().unwrap().contains("cannot be counted"), "{restore:#}");
    let (code, _) = super::refusal(world.run(&["rollback", "--yes", "--json"]));
    assert_eq!(code, "loss", "what cannot be counted is not agreed to by `--yes`");
    let answer = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    assert!(answer["warnings"].to_string().contains("cannot be counted"), "{answer:#}");
    world.stands_at("1.0.0", 1);
    world.run(&["backup", "verify"]).expect(0);
}

#[test]
fn a_restore_that_is_undone_gives_a_damaged_database_back_byte_for_byte() {
    let world = upgraded(ONLY);
    damage(&world);
    let before = std::fs::read(world.database()).unwrap();
    world.misbehave("1.0.0", "dies-at-once");
    world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(4);
    assert_eq!(std::fs::read(world.database()).unwrap(), before);
    assert_eq!(world.current().as_deref(), Some("1.1.0"));
    world.misbehave("1.0.0", "");
    world.run(&["rollback", "--strategy", "restore", "--yes"]).expect(0);
    world.stands_at("1.0.0", 1);
    world.run(&["backup", "verify"]).expect(0);
}

/// Stops the service and overwrites the first page of the table of notes. The schema is as it was.
fn damage_table(world: &World) {
    world.stop_service();
    let page = world.query::<u32>("SELECT rootpage FROM sqlite_schema WHERE name = 'notes'") as usize;
    let mut bytes = std::fs::read(world.database()).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0xff);
    std::fs::write(world.database(), bytes).unwrap();
}

/// Stops the service and overwrites the first page of its database, the schema with it.
fn damage(world: &World) {
    world.stop_service();
    let mut bytes = std::fs::read(world.database()).unwrap();
    bytes[100..4096].fill(0xff);
    std::fs::write(world.database(), bytes).unwrap();
}
