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
fn a_directory_that_no_file_can_be_made_in_is_told_before_anything_is_read() {
    let world = world();
    let file = world.path("a-file").to_str().unwrap().to_owned();
    std::fs::write(&file, b"").unwrap();
    for (path, remedy) in
        [("nowhere/new", "make its directory first, or name another one"), ("a-file/new", "name a file in a directory")]
    {
        let path = world.path(path).to_str().unwrap().to_owned();
        for command in
            [vec!["export", "--to", &path], vec!["import", "--from", &file, "--into", &path, "--release", "1.0"]]
        {
            let answer = world.run(&[&command[..], &["--json"]].concat());
            let answer = answer.expect(3).json();
            let first = &answer["refusals"][0];
            assert_eq!(
                (first["code"].as_str(), first["remedy"].as_str()),
                (Some("no-directory"), Some(remedy)),
                "{answer:#}"
            );
        }
    }
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

#[test]
fn an_export_of_a_newer_format_or_with_altered_rows_says_so() {
    let world = world();
    let (path, _) = export(&world);
    let new = world.path("new.db").to_str().unwrap().to_owned();
    let import = |member: &str, from: &str, to: &str| {
        rewrite(Path::new(&path), member, from, to);
        world.run(&["import", "--from", &path, "--into", &new, "--release", "1.0", "--json"]).expect(3).json()
    };
    let altered = import("tables/notes/000001.ndjson", "two", "TWO");
    assert!(refused(&altered).1.contains("`tables/notes/000001.ndjson` is not what `export.json` says"), "{altered:#}");
    assert!(refused(&altered).1.matches("SHA-256").count() > 0 && !Path::new(&new).exists(), "{altered:#}");
    let newer = import("format.json", "1", "2");
    assert_eq!(refused(&newer), ("export", "the export has the format 2, and this program reads up to 1"));
    assert!(newer["refusals"][0]["remedy"].as_str().unwrap().contains("or a newer one"), "{newer:#}");
}

/// Replaces words in one member of an export.
fn rewrite(export: &Path, name: &str, from: &str, to: &str) {
    use std::io::Read as _;
    let bytes = std::fs::read(export).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(packed);
    let mut replaced = false;
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if path == name {
            let text = String::from_utf8(content).unwrap();
            replaced = text.contains(from);
            content = text.replacen(from, to, 1).into_bytes();
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, &content[..]).unwrap();
    }
    assert!(replaced, "`{from}` is not in {name}");
    std::fs::write(export, builder.into_inner().unwrap().finish().unwrap()).unwrap();
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

#[test]
fn an_import_where_nothing_is_installed_is_told_to_install() {
    let world = World::with(&[OLD]);
    let from = world.path("releases/notes-1.0.0.tar.gz").to_str().unwrap().to_owned();
    let to = world.path("new.db").to_str().unwrap().to_owned();
    let answer = world.run(&["import", "--from", &from, "--into", &to, "--release", "1.0", "--json"]).expect(3).json();
    assert_eq!(refused(&answer), ("not-installed", "no release is installed here"));
    assert!(world.plain(answer["refusals"][0]["remedy"].as_str().unwrap()).contains("`gantry-installer install`"));
}
