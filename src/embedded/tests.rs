#![allow(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::fs;

use super::*;

const NOTES: (&str, &[u8]) = ("0001_notes.up.sql", b"CREATE TABLE notes (id INTEGER PRIMARY KEY, text)");
const MOOD: (&str, &[u8]) = ("0002_mood.up.sql", b"ALTER TABLE notes ADD COLUMN mood");

fn migrations(files: &[(&str, &[u8])]) -> Migrations {
    Migrations::new(Format::GolangMigrate, files).unwrap()
}

fn at(number: i64) -> Option<SchemaVersion> {
    Some(SchemaVersion::Number(number))
}

#[test]
fn a_start_makes_the_database_and_the_next_one_brings_it_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.db");
    let first = migrations(&[NOTES]);
    assert_eq!(first.check(&path).unwrap(), Standing { schema: None, pending: vec![SchemaVersion::Number(1)] });
    assert!(!path.exists(), "to check makes nothing");
    first.open(&path).unwrap().execute("INSERT INTO notes (text) VALUES ('a')", []).unwrap();
    let second = migrations(&[NOTES, MOOD]);
    let migrated = second.migrate(&path).unwrap();
    assert_eq!((migrated.from, migrated.to, migrated.applied), (at(1), at(2), vec!["0002_mood.up.sql".to_owned()]));
    assert!(second.migrate(&path).unwrap().applied.is_empty());
    let rows: i64 =
        second.open(&path).unwrap().query_row("SELECT count(mood IS NULL) FROM notes", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn a_database_of_a_newer_program_is_refused_by_check_and_migrate() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.db");
    migrations(&[NOTES, MOOD]).migrate(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let older = migrations(&[NOTES]);
    for error in [older.check(&path).unwrap_err(), older.migrate(&path).unwrap_err()] {
        assert!(error.to_string().contains("at schema 2, and none of these migrations leads to it"), "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.db");
    migrations(&[NOTES]).migrate(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let bad = ("0003_bad.up.sql", b"CREATE TABLE a (x); INSERT INTO nowhere VALUES (1)".as_slice());
    let error = migrations(&[NOTES, MOOD, bad]).migrate(&path).unwrap_err();
    assert!(matches!(error, EmbeddedError::Failed { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn the_database_of_an_installed_product_is_left_to_the_installer() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.db");
    migrations(&[NOTES]).migrate(&path).unwrap();
    let work = directory.path().join(".gantry-installer-notes");
    fs::create_dir(&work).unwrap();
    let owner = r#"{ "format": 1, "product": "notes", "state": "/var/lib/x" }"#;
    fs::write(work.join("owner.json"), owner).unwrap();
    // What was installed is up to date, so that a start of it goes through.
    assert!(migrations(&[NOTES]).migrate(&path).unwrap().applied.is_empty());
    let newer = migrations(&[NOTES, MOOD]);
    let before = fs::read(&path).unwrap();
    let mut connection = Connection::open(&path).unwrap();
    for error in [newer.migrate(&path).unwrap_err(), newer.migrate_on(&mut connection).unwrap_err()] {
        assert!(matches!(&error, EmbeddedError::Installed { product, .. } if product == "notes"), "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::write(work.join("owner.json"), "{").unwrap();
    assert!(matches!(newer.migrate(&path).unwrap_err(), EmbeddedError::Unknowable { .. }));
}

#[test]
fn a_connection_is_migrated_in_memory_and_keeps_its_settings() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF").unwrap();
    let migrations = migrations(&[NOTES, MOOD]);
    assert_eq!(migrations.migrate_on(&mut connection).unwrap().to, at(2));
    let setting = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((setting("foreign_keys"), setting("synchronous")), (1, 0));
    connection.execute_batch("BEGIN").unwrap();
    assert!(migrations.migrate_on(&mut connection).unwrap().applied.is_empty());
    let mut open = Connection::open_in_memory().unwrap();
    open.execute_batch("BEGIN").unwrap();
    assert!(migrations.migrate_on(&mut open).unwrap_err().to_string().contains("cannot migrate `:memory:`"));
}

// FM-14: whoever comes second finds that there is nothing left to do.
#[test]
fn processes_that_start_at_once_migrate_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.db");
    let migrations = migrations(&[NOTES, MOOD]);
    let start = std::sync::Barrier::new(4);
    let applied: Vec<usize> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    migrations.migrate(&path).unwrap().applied.len()
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(applied.iter().sum::<usize>(), 2, "{applied:?}");
}

#[test]
fn a_dirty_ledger_and_files_that_are_no_migrations_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.db");
    migrations(&[NOTES]).open(&path).unwrap().execute("UPDATE schema_migrations SET dirty = 1", []).unwrap();
    assert!(matches!(migrations(&[NOTES]).migrate(&path).unwrap_err(), EmbeddedError::Dirty { .. }));
    assert!(matches!(
        Migrations::new(Format::GolangMigrate, &[NOTES, ("1_x.up.sql", b"")]),
        Err(EmbeddedError::Migrations(_))
    ));
    assert!(migrations(&[NOTES]).with_table("a b").is_err());
}
