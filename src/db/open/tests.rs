#![allow(clippy::disallowed_methods, reason = "a test makes its own files")]

use tempfile::TempDir;

use super::*;

fn names(directory: &TempDir) -> Vec<OsString> {
    fs::names(directory.path()).unwrap()
}

fn database(sql: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a b?#%.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (directory, path)
}

/// The files of a database as they are after a crash of its only user.
fn crashed(mode: &str) -> (TempDir, PathBuf) {
    let (directory, path) = database(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (a)"));
    let user = Connection::open(&path).unwrap();
    user.execute_batch("PRAGMA cache_size = 1; BEGIN; INSERT INTO t VALUES (1)").unwrap();
    if mode == "WAL" {
        user.execute_batch("COMMIT").unwrap();
    } else {
        user.execute_batch(
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999) INSERT INTO t SELECT i FROM n",
        )
        .unwrap();
    }
    let after = tempfile::tempdir().unwrap();
    for name in names(&directory) {
        if !name.to_string_lossy().ends_with("-shm") {
            std::fs::copy(directory.path().join(&name), after.path().join(&name)).unwrap();
        }
    }
    let path = after.path().join("a b?#%.db");
    (after, path)
}

#[test]
fn looking_leaves_a_log_after_a_crash_as_it_is_and_sees_what_is_in_it() {
    let (_directory, path) = crashed("WAL");
    let files = [path.clone(), side_file(&path, "-wal")];
    let before = files.each_ref().map(|file| std::fs::read(file).unwrap());
    let reader = Reader::open(&path).unwrap();
    let rows: u32 = reader.connection().query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    assert!(reader.connection().execute("DELETE FROM t", []).is_err());
    drop(reader);
    assert_eq!(rows, 1);
    assert_eq!(files.each_ref().map(|file| std::fs::read(file).unwrap()), before);
}

#[test]
fn looking_at_a_database_at_rest_leaves_nothing_beside_it() {
    let (directory, path) = database("PRAGMA journal_mode = WAL; CREATE TABLE t (a)");
    let before = std::fs::read(&path).unwrap();
    drop(Reader::open(&path).unwrap());
    assert_eq!((names(&directory).len(), std::fs::read(&path).unwrap()), (1, before));
}

#[test]
fn looking_rolls_no_journal_back() {
    let (_directory, path) = crashed("DELETE");
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(Reader::open(&path), Err(OpenError::HotJournal { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

fn sum(connection: &Connection) -> Option<i64> {
    connection.query_row("SELECT sum(a) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn settling_rolls_a_journal_back_to_what_was_committed() {
    let (directory, path) = crashed("DELETE");
    settle(&path).unwrap();
    assert_eq!(names(&directory), ["a b?#%.db"]);
    assert_eq!(sum(Reader::open(&path).unwrap().connection()), None);
    settle(&path).unwrap();
}

#[test]
fn settling_keeps_a_log_and_what_is_in_it() {
    let (_directory, path) = crashed("WAL");
    let files = [path.clone(), side_file(&path, "-wal")];
    let before = files.each_ref().map(|file| std::fs::read(file).unwrap());
    settle(&path).unwrap();
    assert_eq!(files.each_ref().map(|file| std::fs::read(file).unwrap()), before);
    assert_eq!(sum(Reader::open(&path).unwrap().connection()), Some(1));
}

#[test]
fn settling_makes_no_database_and_waits_for_nobody_long() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    assert!(matches!(settle(&path), Err(OpenError::Missing { .. })));
    assert!(names(&directory).is_empty());
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("CREATE TABLE t (a); BEGIN EXCLUSIVE").unwrap();
    assert!(matches!(settle(&path), Err(OpenError::Locked { .. })));
}

#[test]
fn what_cannot_be_opened_is_told_apart() {
    let (directory, path) = database("CREATE TABLE t (a)");
    let other = directory.path().join("other");
    assert!(matches!(Reader::open(&other), Err(OpenError::Missing { .. })));
    std::fs::write(&other, "").unwrap();
    assert!(matches!(Reader::open(&other), Err(OpenError::Empty { .. })));
    assert!(matches!(open_owned(&other, ForeignKeys::Ignored), Err(OpenError::Empty { .. })));
    std::fs::write(&other, [7; 4096]).unwrap();
    assert!(matches!(Reader::open(&other), Err(OpenError::Foreign { .. })));
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(matches!(Reader::open(&path), Err(OpenError::Locked { .. })));
}

#[test]
fn foreign_keys_are_as_asked_whatever_the_library_was_built_with() {
    let (_directory, path) = database("CREATE TABLE t (a)");
    for (wanted, expected) in [(ForeignKeys::Ignored, 0), (ForeignKeys::Enforced, 1)] {
        let connection = open_owned(&path, wanted).unwrap();
        let found: u32 = connection.pragma_query_value(None, "foreign_keys", |row| row.get(0)).unwrap();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_setting_that_does_not_take_is_an_error() {
    let (_directory, path) = database("CREATE TABLE t (a)");
    let connection = open_owned(&path, ForeignKeys::Enforced).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    let error = set_foreign_keys(&connection, ForeignKeys::Ignored).unwrap_err();
    assert!(matches!(error, OpenError::Setting { pragma: "foreign_keys", .. }));
}

#[test]
fn where_nothing_can_be_written_and_no_log_is_there_the_file_is_read_as_it_is() {
    let (directory, path) = database("PRAGMA journal_mode = WAL; CREATE TABLE t (a)");
    // Root may write everywhere, so the way is tried directly.
    let reader = immutable(&path).unwrap();
    assert!(reader.is_immutable());
    assert_eq!(names(&directory).len(), 1);
}

#[test]
fn only_an_empty_file_becomes_a_new_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.db");
    assert!(matches!(create(&path), Err(OpenError::Missing { .. })));
    std::fs::write(&path, "").unwrap();
    create(&path).unwrap();
    assert_eq!(names(&directory), ["new.db"]);
    assert!(open_owned(&path, ForeignKeys::Ignored).is_ok());
    assert!(matches!(create(&path), Err(OpenError::NotEmpty { .. })));
}
