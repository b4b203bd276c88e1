//! A product in each migration format: its life, and its ledger row by row as its own engine would have written it.

mod suspicion;

use serde_json::{Value, json};

use crate::format;
use crate::rollback::{dry_run, named};
use crate::world::{NEW, OLD, Release, World};

const ONLY: Release = Release::new("1.0.0", 1, &[1]);

/// The ledger's rows, without what differs from run to run.
fn rows(world: &World, format: &str) -> Vec<String> {
    let sql = match format {
        "golang-migrate" => {
            "SELECT rowid || '|' || version || '|' || dirty || '|' || typeof(version) || typeof(dirty)
             FROM schema_migrations"
        }
        "goose" => {
            "SELECT id || '|' || version_id || '|' || is_applied || '|' || typeof(version_id) || typeof(is_applied)
             FROM goose_db_version WHERE datetime(tstamp) = tstamp ORDER BY id"
        }
        "dbmate" => "SELECT version || '|' || typeof(version) FROM schema_migrations ORDER BY rowid",
        "sql-migrate" => {
            "SELECT id || '|' || typeof(id) FROM gorp_migrations
             WHERE applied_at GLOB '20[0-9][0-9]-*:*:*.*+00:00' ORDER BY rowid"
        }
        _ => {
            "SELECT version || '|' || description || '|' || type || '|' || applied || '/' || total || '|' || error ||
             error_stmt || '|' || hash || '|' || hex(partial_hashes) || typeof(partial_hashes)
             FROM atlas_schema_revisions WHERE executed_at GLOB '20[0-9][0-9]-*:*:*.*+00:00' AND execution_time > 0
             ORDER BY rowid"
        }
    };
    let connection = rusqlite::Connection::open(world.database()).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// What the engine leaves once these are applied, each with the id that goose gives it.
fn expected(format: &str, applied: &[(i64, i64)]) -> Vec<String> {
    let sums: Vec<_> = match format {
        "atlas" => {
            let files = format::migrations(format, 4);
            let sum = &files.last().unwrap().1;
            sum.lines().skip(1).map(|line| line.split_once(" h1:").unwrap().1.to_owned()).collect()
        }
        _ => Vec::new(),
    };
    let titles = ["notes", "mood", "title", "tags"];
    let row = |(id, number): &(i64, i64)| match format {
        "golang-migrate" => format!("1|{number}|0|integerinteger"),
        "goose" => format!("{id}|{number}|1|integerinteger"),
        "dbmate" => format!("{number:04}|text"),
        "sql-migrate" => format!("{number:04}_{}.sql|text", titles[*number as usize - 1]),
        _ => {
            let index = *number as usize - 1;
            format!("{number:04}|{}|2|1/1||{}|6E756C6Cblob", titles[index], sums[index])
        }
    };
    let mut rows: Vec<_> = applied.iter().map(row).collect();
    match format {
        "golang-migrate" => rows.split_off(rows.len() - 1),
        "goose" => {
            rows.insert(0, "1|0|1|integerinteger".to_owned());
            rows
        }
        _ => rows,
    }
}

fn gate(world: &World) -> Value {
    let answer = world.run(&["gate", "--json"]);
    answer.json()["verdict"].clone()
}

fn life(format: &'static str) {
    let world = World::installed(&[ONLY.format(format), NEW.format(format)]);
    world.stands_at("1.0.0", 1);
    assert_eq!(rows(&world, format), expected(format, &[(2, 1)]));
    assert_eq!(gate(&world), "ready");
    let status = world.run(&["status", "--json"]).expect(0).json();
    assert_eq!(
        (&status["database"]["format"], &status["database"]["schema"]),
        (&json!(format), &format::schema(format, 1))
    );
    assert_eq!(status["database"]["drift"], json!([]));

    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["to"]["schema"], format::schema(format, 2));
    world.stands_at("1.1.0", 2);
    assert_eq!(rows(&world, format), expected(format, &[(2, 1), (3, 2)]));
    assert_eq!(gate(&world), "ready");
    world.run(&["verify"]).expect(0);
    let listed = world.run(&["migrate", "status", "--json"]).expect(0).json();
    let second = &listed["migrations"][1];
    assert_eq!((&second["version"], &second["applied"]), (&format::schema(format, 2), &json!(true)));
    assert_eq!(second["has_down"], json!(format != "atlas"));

    let strategies = dry_run(&world);
    let down = named(&strategies, "down");
    if format == "atlas" {
        assert_eq!(down["possible"], false);
        let reason = down["reason"].as_str().unwrap();
        assert!(reason.contains("atlas has no down migrations"), "{reason}");
    } else {
        assert_eq!(down["possible"], true, "{down:#}");
        world.run(&["rollback", "--strategy", "down", "--yes"]).expect(0);
        world.stands_at("1.0.0", 1);
        assert_eq!(rows(&world, format), expected(format, &[(2, 1)]));
        assert_eq!(gate(&world), "ready");
        world.run(&["upgrade", "--to", "1.1.0", "--yes"]).expect(0);
        world.stands_at("1.1.0", 2);
        // The id of a row that is gone is never given again.
        assert_eq!(rows(&world, format), expected(format, &[(2, 1), (4, 2)]));
    }

    world.execute("INSERT INTO notes (text) VALUES ('lost')");
    let answer = world.run(&["rollback", "--strategy", "restore", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["loss"]["rows"], 1, "{answer:#}");
    world.stands_at("1.0.0", 1);
    assert_eq!(rows(&world, format), expected(format, &[(2, 1)]));
    assert_eq!(gate(&world), "ready");
}

#[test]
fn a_product_with_golang_migrate_lives_through_everything() {
    life("golang-migrate");
}

#[test]
fn a_product_with_goose_lives_through_everything() {
    life("goose");
}

#[test]
fn a_product_with_dbmate_lives_through_everything() {
    life("dbmate");
}

#[test]
fn a_product_with_sql_migrate_lives_through_everything() {
    life("sql-migrate");
}

#[test]
fn a_product_with_atlas_lives_through_everything_but_a_way_down() {
    life("atlas");
}

#[test]
fn a_migration_that_was_rewritten_after_it_was_applied_is_refused() {
    const REWRITTEN: Release = NEW.migrations(&[
        (
            "0001_notes.up.sql",
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL); INSERT INTO notes VALUES (9, 'new');",
        ),
        ("0002_mood.up.sql", "ALTER TABLE notes ADD COLUMN mood TEXT;"),
    ]);
    let world = World::installed(&[OLD, REWRITTEN]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(1).json();
    assert_eq!(answer["error"]["code"], "rewritten", "{answer:#}");
    let told = "`0001_notes.up.sql` of 1.1.0 was applied to this database as 1.0.0 has it, and does something else now";
    assert!(answer["error"]["message"].as_str().unwrap().contains(told), "{answer:#}");
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_comment_in_a_migration_that_was_applied_changes_nothing() {
    const COMMENTED: Release = NEW.migrations(&[
        ("0001_notes.up.sql", "-- All notes.\nCREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);"),
        ("0002_mood.up.sql", "ALTER TABLE notes ADD COLUMN mood TEXT;"),
    ]);
    let world = World::installed(&[OLD, COMMENTED]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
}

#[test]
fn the_binary_alone_goes_back_on_a_ledger_that_lists() {
    let world = World::installed(&[OLD.format("sql-migrate"), NEW.format("sql-migrate")]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.run(&["rollback", "--yes"]).expect(0);
    world.stands_at("1.0.0", 2);
    assert_eq!(gate(&world), "ready");
    let back = world.run(&["migrate", "goto", "0001_notes.sql", "--yes", "--json"]).expect(0).json();
    assert_eq!(back["to"]["schema"], "0001_notes.sql");
    world.stands_at("1.0.0", 1);
}
