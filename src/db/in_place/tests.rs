#![allow(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;

use tempfile::TempDir;

use super::*;
use crate::config::Format;
use crate::db::ledger;
use crate::migration::{LedgerState, Set};

mod lists;
mod made;
mod orphans;
mod unwrapped;

fn set(scripts: &[(&str, &str)]) -> Set {
    let files = scripts.iter().zip(1..).flat_map(|((up, down), number)| {
        [
            (format!("{number}_m.up.sql"), up.as_bytes().to_vec()),
            (format!("{number}_m.down.sql"), down.as_bytes().to_vec()),
        ]
    });
    Set::read(Format::GolangMigrate, files).unwrap()
}

fn up(scripts: &[&str]) -> Vec<Work> {
    let scripts: Vec<_> = scripts.iter().map(|up| (*up, "")).collect();
    let set = set(&scripts);
    set.up(None, set.latest().unwrap()).unwrap()
}

fn ledger() -> Ledger {
    Ledger::of(Format::GolangMigrate, None).unwrap()
}

fn number(number: i64) -> SchemaVersion {
    SchemaVersion::Number(number)
}

fn migrate(path: &Path, works: &[Work]) -> Result<Effect, InPlaceError> {
    run(path, works, &ledger(), Arc::new(|| false), &|_| {})
}

fn database(sql: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    Connection::open(&path).unwrap().execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
    (directory, path)
}

fn rows(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn state(path: &Path) -> LedgerState {
    ledger::read(&Connection::open(path).unwrap(), &ledger()).unwrap()
}

/// What golang-migrate v4.19.1 leaves of the same files, as it was seen to.
const ENGINE: [&str; 2] = [
    "CREATE TABLE schema_migrations (version uint64,dirty bool)",
    "CREATE UNIQUE INDEX version_unique ON schema_migrations (version)",
];
const ROW: &str =
    "SELECT rowid || ',' || version || ',' || dirty || ',' || typeof(version) || typeof(dirty) FROM schema_migrations";

#[test]
fn a_new_database_is_made_and_holds_what_the_engine_would_have_left() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let set = set(&[("CREATE TABLE a (x)", "DROP TABLE a"), ("CREATE TABLE b (x)", "DROP TABLE b"), ("", "")]);
    migrate(&path, &set.up(None, &number(3)).unwrap()).unwrap();
    let schema = [ENGINE[0], ENGINE[1], "CREATE TABLE a (x)", "CREATE TABLE b (x)"];
    assert_eq!(rows(&path, "SELECT sql FROM sqlite_schema ORDER BY rowid"), schema);
    assert_eq!(rows(&path, ROW), ["1,3,0,integerinteger"]);
    migrate(&path, &set.down(&number(3), Some(&number(1))).unwrap()).unwrap();
    assert_eq!(rows(&path, ROW), ["1,1,0,integerinteger"]);
    migrate(&path, &set.down(&number(1), None).unwrap()).unwrap();
    assert!(rows(&path, ROW).is_empty());
    assert_eq!(rows(&path, "SELECT sql FROM sqlite_schema ORDER BY rowid"), ENGINE);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn the_journal_mode_is_the_one_that_a_migration_sets() {
    for mode in ["wal", "delete"] {
        let (_directory, path) = database(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (a)"));
        let other = if mode == "wal" { "delete" } else { "wal" };
        let receipt = migrate(&path, &up(&["CREATE TABLE a (x)", &format!("PRAGMA journal_mode = {other}")])).unwrap();
        assert_eq!(journal_mode(&Connection::open(&path).unwrap()).unwrap(), other);
        assert_eq!(receipt.warnings, [""; 0]);
    }
}

#[test]
fn a_journal_that_a_migration_switches_off_is_on_again_for_what_follows() {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = Connection::open(directory.path().join("data.db")).unwrap();
    let works = up(&["PRAGMA journal_mode = OFF", "CREATE TABLE a (x)", "PRAGMA journal_mode = MEMORY"]);
    run_on(&mut connection, &works, &ledger()).unwrap();
    assert_eq!(journal_mode(&connection).unwrap(), "delete");
}

// FM-13: either the schema and the ledger, or neither.
#[test]
fn a_failing_third_statement_leaves_the_database_as_it_was() {
    for mode in ["WAL", "DELETE"] {
        let (_directory, path) = database(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (a)"));
        let before = std::fs::read(&path).unwrap();
        let error = migrate(
            &path,
            &up(&["CREATE TABLE a (x)", "PRAGMA foreign_keys = OFF; DROP TABLE t;\nINSERT INTO nowhere VALUES (1)"]),
        )
        .unwrap_err();
        assert_eq!(error.to_string(), "cannot run statement 3 of `2_m.up.sql` at line 2");
        assert!(matches!(error, InPlaceError::Unchanged(_)));
        assert_eq!(std::fs::read(&path).unwrap(), before, "{mode}");
    }
}

#[test]
fn references_that_the_migrations_break_are_told() {
    let family = "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1);
                  CREATE TABLE child (p REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1);";
    let (_directory, path) = database(family);
    let receipt = migrate(&path, &up(&["DELETE FROM parent"])).unwrap();
    let told = "the migrations leave references that lead nowhere: row 1 of `child` refers to no row of `parent`";
    assert_eq!(receipt.warnings, [told]);
    assert_eq!(rows(&path, "SELECT CAST(count(*) AS TEXT) FROM parent"), ["0"]);
}

#[test]
fn foreign_keys_are_not_enforced_whatever_a_file_sets() {
    let family = "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1);
                  CREATE TABLE child (p REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1);";
    let (_directory, path) = database(family);
    let rebuild = "PRAGMA foreign_keys = ON; CREATE TABLE next (id INTEGER PRIMARY KEY);
                   INSERT INTO next SELECT * FROM parent; DROP TABLE parent; ALTER TABLE next RENAME TO parent";
    migrate(&path, &up(&[rebuild])).unwrap();
    assert_eq!(rows(&path, "SELECT CAST(count(*) AS TEXT) FROM child"), ["1"]);
}

#[test]
fn a_file_that_runs_alone_and_fails_leaves_the_ledger_dirty_as_the_engine_does() {
    let (_directory, path) = database("");
    let works = up(&["CREATE TABLE a (x)", "BEGIN; CREATE TABLE b (x); COMMIT; INSERT INTO nowhere VALUES (1)"]);
    let error = migrate(&path, &works).unwrap_err();
    assert_eq!(error.to_string(), "what was committed before stays: the ledger is dirty at 2");
    assert_eq!(state(&path), LedgerState::At { schema: number(2), dirty: true });
    assert_eq!(rows(&path, "SELECT name FROM sqlite_schema WHERE name IN ('a', 'b') ORDER BY name"), ["a", "b"]);
}

#[test]
fn what_comes_after_a_file_that_ran_alone_fails_back_to_a_clean_ledger() {
    let (_directory, path) = database("");
    let works = up(&["CREATE TABLE a (x)", "VACUUM", "CREATE TABLE c (x); INSERT INTO nowhere VALUES (1)"]);
    let error = migrate(&path, &works).unwrap_err();
    assert_eq!(error.to_string(), "what was committed before stays: the ledger is clean at 2");
    assert_eq!(state(&path), LedgerState::At { schema: number(2), dirty: false });
    assert_eq!(rows(&path, "SELECT name FROM sqlite_schema WHERE name IN ('a', 'c')"), ["a"]);
    let again = up(&["CREATE TABLE a (x)", "VACUUM", "CREATE TABLE c (x)"]);
    migrate(&path, &again[2..]).unwrap();
    assert_eq!(state(&path), LedgerState::At { schema: number(3), dirty: false });
}

#[test]
fn a_file_that_leaves_its_own_transaction_open_is_rolled_back() {
    let (_directory, path) = database("");
    let error = migrate(&path, &up(&["BEGIN; CREATE TABLE a (x)"])).unwrap_err();
    let InPlaceError::Partly { source, dirty: true, .. } = error else { panic!("{error:?}") };
    assert!(matches!(*source, MigrateError::LeftOpen { .. }));
    assert!(rows(&path, "SELECT name FROM sqlite_schema WHERE name = 'a'").is_empty());
}

#[test]
fn a_stop_between_migrations_takes_all_of_them_back() {
    let (_directory, path) = database("CREATE TABLE t (a)");
    let begun = AtomicUsize::new(0);
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let progress = |_: &Work| {
        stop.store(begun.fetch_add(1, Ordering::Relaxed) == 1, Ordering::Relaxed);
    };
    let works = up(&["CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TABLE c (x)"]);
    let outcome = run(&path, &works, &ledger(), Arc::new(move || asked.load(Ordering::Relaxed)), &progress);
    assert!(matches!(outcome, Err(InPlaceError::Unchanged(MigrateError::Stopped))));
    assert_eq!(rows(&path, "SELECT name FROM sqlite_schema"), ["t"]);
}

// FM-14: two at once; the second finds out inside its transaction.
#[test]
fn a_database_that_was_migrated_meanwhile_is_left_alone() {
    let (_directory, path) = database("");
    let works = up(&["CREATE TABLE a (x)"]);
    migrate(&path, &works).unwrap();
    let error = migrate(&path, &works).unwrap_err();
    assert!(matches!(error, InPlaceError::Unchanged(MigrateError::StartsElsewhere { .. })));
}

#[test]
fn a_database_that_is_gone_is_not_made_anew_by_what_starts_higher() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let works = set(&[("", ""), ("", "")]).up(Some(&number(1)), &number(2)).unwrap();
    assert!(migrate(&path, &works).is_err());
    assert!(!path.exists());
}

#[test]
fn a_file_that_runs_alone_is_not_stopped_half_way() {
    let (_directory, path) = database("PRAGMA journal_mode = WAL");
    let long = "BEGIN; CREATE TABLE a (x); WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99999)
                INSERT INTO a SELECT i FROM n; COMMIT";
    let asked = Arc::new(AtomicBool::new(false));
    let (watched, seen) = (path.clone(), Arc::clone(&asked));
    // Asks for the end exactly while the file runs.
    let stop = Arc::new(move || {
        let wanted = state(&watched).is_dirty();
        seen.fetch_or(wanted, Ordering::Relaxed);
        wanted
    });
    run(&path, &up(&[long]), &ledger(), stop, &|_| {}).unwrap();
    assert!(!asked.load(Ordering::Relaxed), "nobody is even asked");
    assert_eq!(state(&path), LedgerState::At { schema: number(1), dirty: false });
}

const CHILD: &str = "IN_PLACE_TEST_CHILD";

/// Not a test of its own: the process that is killed.
#[test]
fn child() {
    let Ok(words) = std::env::var(CHILD) else { return };
    let (fatal, path) = words.split_once(' ').unwrap();
    seam::arm(fatal.parse().unwrap());
    migrate(Path::new(path), &killed()).unwrap();
}

fn killed() -> Vec<Work> {
    up(&["CREATE TABLE a (x)", "BEGIN; CREATE TABLE b (x); COMMIT", "CREATE TABLE c (x)"])
}

// FM-13: whenever it is killed, the ledger tells what is there, or that it cannot be believed.
#[test]
fn a_kill_at_any_operation_leaves_a_ledger_that_does_not_lie() {
    let mut ends = Vec::new();
    for fatal in 1.. {
        let (_directory, path) = database("CREATE TABLE t (a)");
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "db::in_place::tests::child", "--test-threads=1"])
            .env(CHILD, format!("{fatal} {}", path.display()))
            .output()
            .unwrap();
        let tables = rows(&path, "SELECT name FROM sqlite_schema WHERE name IN ('a', 'b', 'c') ORDER BY name").concat();
        let end = match state(&path) {
            LedgerState::At { schema, dirty } => format!("{tables} at {schema}{}", if dirty { ", dirty" } else { "" }),
            _ => tables,
        };
        if ends.last() != Some(&end) {
            ends.push(end);
        }
        if child.status.success() {
            break;
        }
        assert_eq!(child.status.signal(), Some(9), "{}", String::from_utf8_lossy(&child.stdout));
    }
    assert_eq!(ends, ["", "a at 2, dirty", "ab at 2, dirty", "ab at 2", "abc at 3"]);
}
