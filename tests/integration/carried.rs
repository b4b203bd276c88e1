//! `import` of an export of 1.7 into a new database of 2.0, through the mapping that 2.0 brings.

use std::path::Path;

use serde_json::{Value, json};

use crate::gantry_world::{GantryRelease, GantryWorld, Losses};

const LAST: GantryRelease = GantryRelease::new("1.7.0", 8, &[8]);
const FIRST: GantryRelease = GantryRelease {
    extra: "from = \">=1.7.0\"\nimport = \"import/from-v1\"",
    ..GantryRelease::new("2.0.0", 105, &[105])
};

/// A machine with the last 1.x that was written to, and its export.
fn exported(change: &str) -> (GantryWorld, String) {
    let mut world = GantryWorld::installed(&[LAST]);
    world.begin_load(400);
    world.wait_for_acknowledgements(200);
    world.end_load();
    if !change.is_empty() {
        let live = rusqlite::Connection::open(world.path("data/gantry.db")).unwrap();
        live.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        live.execute_batch(change).unwrap();
    }
    let path = world.path("export.tar.gz").to_str().unwrap().to_owned();
    world.run(&["export", "--to", &path]).expect(0);
    (world, path)
}

fn import(world: &GantryWorld, export: &str, code: i32) -> Value {
    let into = world.path("new.db").to_str().unwrap().to_owned();
    world.run(&["import", "--from", export, "--into", &into, "--release", "2.0"]).expect(code).json()
}

/// What is beside the new database, or left of one.
fn beside(world: &GantryWorld) -> Vec<String> {
    let names = std::fs::read_dir(world.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name.contains("new.db")).collect()
}

fn count(database: &Path, table: &str) -> i64 {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn an_export_of_the_last_major_becomes_a_database_of_the_next_with_every_row_accounted_for() {
    let (old, export) = exported("");
    let world = GantryWorld::installed(&[FIRST]);
    let answer = import(&world, &export, 0);
    let (live, new) = (old.path("data/gantry.db"), world.path("new.db"));
    let account = &answer["import"]["account"];
    for (from, into) in
        [("buckets", "buckets"), ("objects", "objects"), ("cradles", "servers"), ("replicas", "replicas")]
    {
        assert_eq!(count(&live, from), count(&new, into), "{from}");
        let table = account["old"].as_array().unwrap().iter().find(|table| table["name"] == from).unwrap();
        assert_eq!(table["rows"], count(&live, from));
    }
    let usage = |table: &&Value| table["from"] == json!(["bucket_usage"]);
    let usage = account["compared"].as_array().unwrap().iter().find(usage).unwrap();
    assert_eq!(usage["rows"], count(&live, "bucket_usage"));
    assert_eq!(answer["import"]["schema"], 105);
    assert_eq!(beside(&world), ["new.db"]);
    // What the clients were told is there, object by object.
    assert_eq!(old.verify_in(&new, &Losses::default())["missing_objects"], 0);
}

// FM-59
#[test]
fn an_export_that_the_import_does_not_read_is_refused_with_what_it_reads() {
    let older = GantryWorld::installed(&[GantryRelease::new("1.6.0", 7, &[7])]);
    let export = older.path("export.tar.gz").to_str().unwrap().to_owned();
    older.run(&["export", "--to", &export]).expect(0);
    let world = GantryWorld::installed(&[FIRST]);
    let answer = import(&world, &export, 3);
    let refusal = &answer["refusals"][0];
    assert_eq!(refusal["code"], "other-schema");
    let message = refusal["message"].as_str().unwrap();
    assert!(
        message.contains("has the schema 7") && message.contains("the import of 2.0.0 reads the schema 8"),
        "{message}"
    );
    assert_eq!(beside(&world), Vec::<String>::new());
}

#[test]
fn an_export_with_an_index_of_its_own_is_refused_with_where_that_is_named() {
    let (_old, export) = exported("CREATE INDEX mine ON objects (etag)");
    let world = GantryWorld::installed(&[FIRST]);
    let answer = import(&world, &export, 3);
    let refusal = &answer["refusals"][0];
    assert_eq!(refusal["code"], "other-schema");
    assert!(refusal["message"].as_str().unwrap().starts_with("the export's schema 8 is not as its release made it"));
    assert!(refusal["remedy"].as_str().unwrap().starts_with("where it was exported, `status` names what differs"));
    assert_eq!(beside(&world), Vec::<String>::new());
}

#[test]
fn rows_that_the_next_major_cannot_hold_are_named_and_nothing_is_made() {
    let (old, export) = exported(
        "UPDATE objects SET created_at = 'yesterday' WHERE id IN (SELECT id FROM objects ORDER BY id LIMIT 2)",
    );
    let live = rusqlite::Connection::open(old.path("data/gantry.db")).unwrap();
    let first: String = live.query_row("SELECT min(id) FROM objects", [], |row| row.get(0)).unwrap();
    let world = GantryWorld::installed(&[FIRST]);
    let answer = import(&world, &export, 3);
    let message = answer["refusals"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("2 rows do not fit:\n"), "{message}");
    let culprit = format!("`objects` id = '{first}': cannot store TEXT value in INTEGER column objects.created_at");
    assert!(message.contains(&culprit), "{message}");
    assert_eq!(beside(&world), Vec::<String>::new());
}

#[test]
fn an_export_of_another_product_is_refused_by_name() {
    let (_gantry, export) = exported("");
    let world = crate::world::World::installed(&[crate::world::OLD]);
    let into = world.path("new.db").to_str().unwrap().to_owned();
    let answer =
        world.run(&["import", "--from", &export, "--into", &into, "--release", "1.0", "--json"]).expect(3).json();
    let refusal = &answer["refusals"][0];
    assert_eq!(
        (&refusal["code"], &refusal["message"]),
        (&json!("foreign-export"), &json!("the export is of `gantry`, and the configuration of `notes`"),)
    );
    assert!(!Path::new(&into).exists());
}
