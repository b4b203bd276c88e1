//! A database that is not there yet.

use super::*;

fn names(directory: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(directory.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_database_that_cannot_be_made_is_not_there_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let error = migrate(&path, &up(&["CREATE TABLE a (x)", "INSERT INTO nowhere VALUES (1)"])).unwrap_err();
    assert!(matches!(error, InPlaceError::Unchanged(_)), "{error:?}");
    assert_eq!(names(&directory), [""; 0]);
    run(&path, &up(&["CREATE TABLE a (x)"]), &ledger(), Arc::new(|| true), &|_| {}).unwrap_err();
    assert_eq!(names(&directory), [""; 0]);
    // One of somebody else stays, whatever is in it.
    std::fs::write(&path, "").unwrap();
    migrate(&path, &up(&["INSERT INTO nowhere VALUES (1)"])).unwrap_err();
    assert_eq!(names(&directory), ["data.db"]);
}

#[test]
fn a_database_in_which_something_was_committed_is_there_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let works = up(&["CREATE TABLE a (x)", "BEGIN; CREATE TABLE b (x); COMMIT", "INSERT INTO nowhere VALUES (1)"]);
    let error = migrate(&path, &works).unwrap_err();
    assert!(matches!(error, InPlaceError::Partly { dirty: false, .. }), "{error:?}");
    assert_eq!(state(&path), LedgerState::At { schema: number(2), dirty: false });
    assert_eq!(names(&directory), ["data.db"]);
}

#[test]
fn a_new_database_in_another_journal_mode_is_one_whole_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    migrate(&path, &up(&["PRAGMA journal_mode = WAL", "CREATE TABLE a (x)"])).unwrap();
    assert_eq!(names(&directory), ["data.db"]);
    assert_eq!(journal_mode(&Connection::open(&path).unwrap()).unwrap(), "wal");
}

/// Not a test of its own: the process that is killed.
#[test]
fn maker() {
    let Ok(words) = std::env::var(CHILD) else { return };
    let (fatal, path) = words.split_once(' ').unwrap();
    seam::arm(fatal.parse().unwrap());
    migrate(Path::new(path), &killed()).unwrap();
}

// FM-13: there is no database, or one that is whole; and what a kill left is in nobody's way.
#[test]
fn a_kill_at_any_operation_leaves_a_new_database_or_none() {
    let mut made = Vec::new();
    for fatal in 1.. {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.db");
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "db::in_place::tests::made::maker", "--test-threads=1"])
            .env(CHILD, format!("{fatal} {}", path.display()))
            .output()
            .unwrap();
        made.push(path.exists());
        if !path.exists() {
            migrate(&path, &killed()).unwrap();
        }
        assert_eq!(state(&path), LedgerState::At { schema: number(3), dirty: false });
        if child.status.success() {
            assert_eq!(names(&directory), ["data.db"]);
            break;
        }
        // Between its name and the end there may be an empty directory.
        assert!(names(&directory).iter().all(|name| ["data.db", ".data.db.making"].contains(&name.as_str())));
        assert_eq!(child.status.signal(), Some(9), "{}", String::from_utf8_lossy(&child.stdout));
    }
    assert!(made.is_sorted() && !made[0] && made.len() > 5, "{made:?}");
}
