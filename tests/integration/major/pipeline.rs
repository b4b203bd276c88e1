//! The import as part of a run.

use serde_json::{Value, json};

use super::{below, cross, record};
use crate::world::{MAJOR, MAJOR_OF_NEW, NEW, OLD, World};

// FM-60
#[test]
fn another_major_gets_a_database_of_its_own_with_every_row_accounted_for() {
    let world = below(MAJOR);
    let answer = cross(&world).expect(0).json();
    assert_eq!(answer["to"], json!({ "version": "2.0.0", "schema": 1 }));
    world.stands_at("2.0.0", 1);
    assert_eq!(world.query::<String>("SELECT name FROM authors"), "unknown");
    let import = &answer["import"];
    assert_eq!(import["source"]["schema"], 1);
    let notes = &import["old"][0];
    assert_eq!((&notes["name"], &notes["rows"]), (&json!("notes"), &json!(3)));
    assert_eq!(notes["into"], json!([{ "table": "notes", "rows": 3, "adds": 3 }]));
    assert_eq!(record(&world, "import.json")["old"], import["old"]);
    assert_eq!(world.run(&["verify"]).code, 0);
    assert_eq!(world.run(&["gate", "--json"]).json()["verdict"], "ready");
}

// FM-58
#[test]
fn the_old_database_becomes_the_backup_untouched() {
    let world = below(MAJOR);
    let answer = cross(&world).expect(0).json();
    let backups = world.run(&["backup", "list", "--json"]).expect(0).json();
    let backup = &backups["backups"][0];
    assert_eq!((&backup["kind"], &backup["version"]), (&json!("before"), &json!("1.0.0")));
    assert_eq!(backup["sha256"], answer["import"]["source"]["sha256"]);
    assert!(!answer["warnings"].to_string().contains("made from"), "{answer:#}");
}

#[test]
fn a_file_that_was_rehearsed_is_used_where_nothing_was_written_since() {
    let world = below(MAJOR);
    assert_eq!(cross(&world).expect(0).json()["import"]["used"], "rehearsed");
}

#[test]
fn what_is_written_after_the_rehearsal_is_in_the_new_database() {
    let world = World::installed(&[OLD.mode("writes-at-stop INSERT INTO notes (text) VALUES ('late')"), MAJOR]);
    let answer = cross(&world).expect(0).json();
    assert_eq!(answer["import"]["used"], "rebuilt");
    assert_eq!(answer["import"]["old"][0]["rows"], 4);
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes WHERE text = 'late'"), 1);
    // What is accounted for is what was there at the stop, and is the backup now.
    let backups = world.run(&["backup", "list", "--json"]).expect(0).json();
    assert_eq!(backups["backups"][0]["sha256"], answer["import"]["source"]["sha256"]);
    assert!(!answer["warnings"].to_string().contains("made from"), "{answer:#}");
}

#[test]
fn a_row_that_fits_no_more_after_the_rehearsal_undoes_the_run() {
    let late = "writes-at-stop INSERT INTO notes (text) VALUES (printf('%.*c', 200, 'x'))";
    let world = World::installed(&[OLD.mode(late), MAJOR]);
    let answer = cross(&world).expect(4).json();
    assert_eq!((&answer["outcome"], &answer["error"]["code"]), (&json!("restored"), &json!("import")));
    assert_eq!((world.current().as_deref(), world.answers().as_deref()), (Some("1.0.0"), Some("1.0.0")));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 4);
}

// FM-59
#[test]
fn rows_that_break_a_constraint_are_named_before_the_service_is_stopped() {
    let world = below(MAJOR);
    world.execute("INSERT INTO notes (text) VALUES (printf('%.*c', 200, 'x')), (printf('%.*c', 300, 'y'))");
    let before = world.processes();
    let answer = cross(&world).expect(1).json();
    let error = &answer["error"];
    assert_eq!(error["code"], "import", "{answer:#}");
    let causes = error["causes"].to_string();
    assert!(causes.contains("2 rows") && causes.contains("notes") && causes.contains("length(text) < 100"), "{causes}");
    assert_eq!(answer["downtime_ms"], Value::Null);
    assert_eq!(world.processes(), before);
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
    assert_eq!(world.query::<i64>("SELECT count(*) FROM notes"), 5);
    // It failed here, and is not taken again by itself.
    let again = cross(&world).expect(3).json();
    assert_eq!(again["refusals"][0]["code"], "held");
    assert_eq!(world.run(&["status", "--json"]).json()["available"]["major"], Value::Null);
}

#[test]
fn the_way_to_another_major_is_rehearsed_as_a_whole_before_the_first_stop() {
    let stop = NEW.extra("barrier = true");
    let world = World::installed(&[OLD, stop, MAJOR_OF_NEW]);
    world.execute("INSERT INTO notes (text) VALUES (printf('%.*c', 200, 'x'))");
    let before = world.processes();
    let answer = cross(&world).expect(1).json();
    assert_eq!((&answer["error"]["code"], &answer["hops"][0]["outcome"]), (&json!("import"), &json!("failed")));
    assert_eq!(world.processes(), before);
    world.execute("DELETE FROM notes WHERE length(text) > 100");
    let answer = world.run(&["upgrade", "--to", "2", "--yes", "--retry", "--json"]).expect(0).json();
    let hops: Vec<_> = answer["hops"].as_array().unwrap().iter().map(|hop| hop["to"]["version"].clone()).collect();
    assert_eq!(hops, ["1.1.0", "2.0.0"]);
    world.stands_at("2.0.0", 1);
}

#[test]
fn within_the_new_major_migrations_lead_on() {
    let mut next = MAJOR.migrations(&[
        (
            "0001_v2.up.sql",
            "CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL CHECK (length(text) < 100),
    author INTEGER NOT NULL DEFAULT 1 REFERENCES authors) STRICT;",
        ),
        ("0002_seen.up.sql", "ALTER TABLE notes ADD COLUMN seen INTEGER;"),
        ("0002_seen.down.sql", "ALTER TABLE notes DROP COLUMN seen;"),
    ]);
    (next.version, next.schema, next.reads, next.import) = ("2.1.0", 2, &[2], None);
    let next = next.extra("from = \">=2.0\"");
    let world = World::installed(&[OLD, MAJOR, next]);
    let answer = cross(&world).expect(0).json();
    let hops: Vec<_> = answer["hops"].as_array().unwrap().iter().map(|hop| hop["to"]["version"].clone()).collect();
    assert_eq!(hops, ["2.0.0", "2.1.0"]);
    world.stands_at("2.1.0", 2);
    // Both ways back from here: by its own migrations, and over the import.
    let ways = world.run(&["rollback", "--to", "1.0.0", "--dry-run", "--json"]).expect(0).json();
    let restore = &ways["strategies"][0];
    assert_eq!((&restore["name"], &restore["possible"]), (&json!("restore"), &json!(true)), "{ways:#}");
    assert_eq!(restore["loss"]["rows"], 0, "{ways:#}");
}

// FM-58
#[test]
fn an_unhealthy_major_is_undone_and_what_it_wrote_is_counted() {
    let world = below(MAJOR.mode("writes 2 INSERT INTO notes (text) VALUES ('lost')\nnever-healthy\ndies-after 1"));
    let answer = cross(&world).expect(4).json();
    assert_eq!(answer["outcome"], "restored");
    world.stands_at("1.0.0", 1);
    assert_eq!(answer["loss"]["rows"], 2, "{answer:#}");
    assert_eq!(answer["loss"]["tables"][0]["name"], "notes");
    let kept = world.run(&["backup", "list", "--json"]).expect(0).json();
    assert_eq!((&kept["backups"][0]["kind"], &kept["backups"][0]["version"]), (&json!("abandoned"), &json!("2.0.0")));
}
