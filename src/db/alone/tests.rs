#![allow(clippy::disallowed_methods, reason = "the tests build the files that they look at, and start holders")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rusqlite::config::DbConfig;

use super::*;

fn database(directory: &tempfile::TempDir, mode: &str) -> (std::path::PathBuf, Connection) {
    let path = directory.path().join("live.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", mode).unwrap();
    connection.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1)").unwrap();
    (path, connection)
}

/// Another process that has the file open and holds no lock on it.
fn idle_opener(path: &Path) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", "exec 3<\"$0\"; echo ready; read line"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child
}

fn names(directory: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// FM-3: an idle connection keeps the log alive, and a checkpoint alone does not notice it.
#[test]
fn an_idle_connection_in_wal_mode_is_noticed_before_anything_is_checkpointed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, idle) = database(&directory, "wal");
    let log = || fs::metadata(directory.path().join("live.db-wal")).unwrap().len();
    let before = log();
    assert!(matches!(Alone::prove(&path), Err(NotAlone::Locked { .. })));
    assert_eq!(log(), before);
    drop(idle);
    Alone::prove(&path).unwrap();
}

#[test]
fn an_idle_opener_without_a_lock_is_named() {
    for mode in ["wal", "delete"] {
        let directory = tempfile::tempdir().unwrap();
        let (path, connection) = database(&directory, mode);
        drop(connection);
        let mut child = idle_opener(&path);
        let refused = Alone::prove(&path).unwrap_err();
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(refused.to_string().contains(&format!("(process {})", child.id())), "{refused}");
        Alone::prove(&path).unwrap();
    }
}

/// FM-4, FM-6: afterwards the main file alone is the whole database, and its journal mode is as it was.
#[test]
fn what_a_crash_left_in_the_log_is_in_the_main_file_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let (path, connection) = database(&directory, "wal");
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    drop(connection);
    assert_eq!(names(&directory).len(), 3);

    drop(Alone::prove(&path).unwrap());

    assert_eq!(names(&directory), ["live.db"]);
    assert_eq!(fs::read(&path).unwrap()[18..20], [2, 2]);
    let count: i64 =
        Connection::open(&path).unwrap().query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn nobody_can_begin_to_use_the_database_while_the_proof_is_held() {
    for mode in ["wal", "delete"] {
        let directory = tempfile::tempdir().unwrap();
        let (path, connection) = database(&directory, mode);
        drop(connection);
        let alone = Alone::prove(&path).unwrap();

        let late = Connection::open(&path).unwrap();
        late.busy_timeout(std::time::Duration::ZERO).unwrap();
        let read = |late: &Connection| late.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
        assert_eq!(read(&late).unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy), "{mode}");

        drop(alone);
        assert_eq!(read(&late).unwrap(), 1);
    }
}

/// FM-2: nothing that a later file could be rolled back with is left.
#[test]
fn the_journal_that_the_persist_mode_leaves_is_no_content() {
    let directory = tempfile::tempdir().unwrap();
    let (path, connection) = database(&directory, "persist");
    drop(connection);
    assert_eq!(names(&directory).len(), 2);
    Alone::prove(&path).unwrap();
    assert_eq!(names(&directory), ["live.db"]);
}

#[test]
fn a_file_that_is_no_database_is_not_settled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("live.db");
    fs::write(&path, "this is no database, but it is long enough to be looked at as one").unwrap();
    assert!(matches!(Alone::prove(&path), Err(NotAlone::Unsettled { .. })));
    assert!(matches!(Alone::prove(&directory.path().join("none.db")), Err(NotAlone::Missing { .. })));
}
