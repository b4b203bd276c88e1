//! `export` and `import`: the whole database in one file, and back.

use std::path::Path;

use serde_json::{Value, json};

use crate::world::{NEW, OLD, World};

fn world() -> World {
    let world = World::installed(&[OLD, NEW]);
    world.execute("INSERT INTO notes (text) VALUES ('a' || char(0) || 'b'), (CAST(x'ff' AS TEXT)), (9e999)");
    world
}

fn export(world: &World) -> (String, Value) {
    let path = world.path("export.tar.gz").to_str().unwrap().to_owned();
    let answer = world.run(&["export", "--to", &path, "--json"]).expect(0).json();
    (path, answer["export"].clone())
}

/// What a refusal says and advises.
fn refused(answer: &Value) -> (&str, &str) {
    (answer["refusals"][0]["code"].as_str().unwrap(), answer["refusals"][0]["message"].as_str().unwrap())
}

fn rows(database: &Path) -> Vec<(i64, String)> {
    let connection = rusqlite::Connection::open(database).unwrap();
    let mut statement = connection.prepare("SELECT id, hex(text) || typeof(text) FROM notes ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn the_service_goes_on_while_its_database_is_exported() {
    let world = world();
    let before = world.processes();
    let (path, export) = export(&world);
    assert_eq!(world.processes(), before);
    assert_eq!(world.answers().as_deref(), Some("1.0.0"));
    assert_eq!((&export["release"], &export["schema"]), (&json!("1.0.0"), &json!(1)));
    let notes = export["tables"].as_array().unwrap().iter().find(|table| table["name"] == "notes").unwrap();
    assert_eq!(notes["rows"], 6);
    assert_eq!(export["bytes"], std::fs::metadata(&path).unwrap().len());
    let work = world.path("data/.gantry-installer-notes");
    let left: Vec<_> = std::fs::read_dir(work).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["owner.json"]);
}

// FM-60
#[test]
fn an_import_has_every_value_of_the_database_that_was_exported() {
    let world = world();
    let (path, _) = export(&world);
    let new = world.path("new.db");
    let answer = world.run(&["import", "--from", &path, "--into", new.to_str().unwrap(), "--release", "1.0", "--json"]);
    let answer = answer.expect(0).json();
    assert_eq!((&answer["import"]["release"], &answer["import"]["schema"]), (&json!("1.0.0"), &json!(1)));
    assert_eq!(rows(&new), rows(&world.database()));
    assert_eq!(rows(&new).len(), 6);
    // Nothing but the database itself.
    let left = std::fs::read_dir(world.path("")).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().contains("new.db")
    });
    assert_eq!(left.count(), 1);
}

// FM-58
#[test]
fn what_is_there_already_is_never_replaced() {
    let world = world();
    let (path, _) = export(&world);
    let bytes = std::fs::read(&path).unwrap();
    let again = world.run(&["export", "--to", &path, "--json"]).expect(3).json();
    assert_eq!(refused(&again), ("exists", &*format!("there is `{path}` already")));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let live = world.database();
    let over = world.run(&["import", "--from", &path, "--into", live.to_str().unwrap(), "--release", "1.0", "--json"]);
    assert_eq!(refused(&over.expect(3).json()).0, "exists");
    assert_eq!(world.answers().as_deref(), Some("1.0.0"));
}

#[test]
fn an_export_that_was_cut_off_or_altered_makes_no_database() {
    let world = world();
    let (path, _) = export(&world);
    let bytes = std::fs::read(&path).unwrap();
    let new = world.path("new.db");
    let import = |world: &World| {
        let answer =
            world.run(&["import", "--from", &path, "--into", new.to_str().unwrap(), "--release", "1.0", "--json"]);
        let answer = answer.expect(3).json();
        assert!(!new.exists());
        refused(&answer).1.to_owned()
    };
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(import(&world).contains("the export is cut off or damaged"));
    std::fs::write(&path, b"hello").unwrap();
    assert!(import(&world).contains("the export is cut off or damaged: after `the beginning`"));
}

// FM-59
#[test]
fn an_export_of_another_schema_or_release_is_refused_with_both() {
    let world = world();
    let (path, _) = export(&world);
    let to = world.path("new.db").to_str().unwrap().to_owned();
    let absent = world.run(&["import", "--from", &path, "--into", &to, "--release", "1.1", "--json"]).expect(3).json();
    assert_eq!(refused(&absent), ("no-release", "the release 1.1 is not on disk: there are 1.0.0"));
    world.run(&["upgrade", "--yes"]).expect(0);
    let other = world.run(&["import", "--from", &path, "--into", &to, "--release", "1.1", "--json"]).expect(3).json();
    assert_eq!(refused(&other), ("other-schema", "the export has the schema 1, of 1.0.0, and 1.1.0 has 2"));
    assert!(!Path::new(&to).exists());
}
