#![allow(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use std::path::PathBuf;

use super::*;
use crate::config::Format;
use crate::migration::{LedgerState, Set};
use crate::version::SchemaVersion;

fn ledger() -> Ledger {
    Ledger::of(Format::GolangMigrate, None).unwrap()
}

/// A set of up and down scripts, numbered from 1.
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

fn number(number: i64) -> SchemaVersion {
    SchemaVersion::Number(number)
}

fn database(mode: &str, sql: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("copy.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!("PRAGMA foreign_keys = OFF; PRAGMA journal_mode = {mode}; VACUUM; {sql}"))
        .unwrap();
    (directory, path)
}

fn dump(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

const FAMILY: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY, name); INSERT INTO parent VALUES (1, 'a'), (2, 'b');
                      CREATE TABLE child (p INTEGER REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1), (2);";
const REBUILD: &str = "CREATE TABLE parent_new (id INTEGER PRIMARY KEY, name NOT NULL);
                       INSERT INTO parent_new SELECT * FROM parent; DROP TABLE parent;
                       ALTER TABLE parent_new RENAME TO parent;";

#[test]
fn all_migrations_and_the_ledger_are_there_and_the_file_is_alone() {
    for mode in ["WAL", "DELETE"] {
        let (directory, path) = database(mode, "");
        let works = up(&["CREATE TABLE a (x)", "INSERT INTO a VALUES (1); ALTER TABLE a ADD COLUMN y"]);
        let ledger = ledger();
        let receipt = run(&path, &works, &Settings::of(&ledger)).unwrap();
        assert_eq!(receipt.schema, Some(number(2)));
        assert_eq!(receipt.tables, [TableCount { name: "a".into(), before: None, after: Some(1) }]);
        assert_eq!(receipt.written, BTreeSet::from(["a".to_owned()]));
        assert_eq!(fs::names(directory.path()).unwrap().len(), 1);
        let Kind::Database { wal, .. } = header::examine(&path).unwrap() else { panic!() };
        assert_eq!(wal, mode == "WAL");
        assert_eq!(
            dump(&path, "SELECT sql FROM sqlite_schema ORDER BY rowid"),
            [
                "CREATE TABLE schema_migrations (version uint64,dirty bool)",
                "CREATE UNIQUE INDEX version_unique ON schema_migrations (version)",
                "CREATE TABLE a (x, y)",
            ]
        );
    }
}

/// What golang-migrate's own run of the same files was seen to leave, after each step.
#[test]
fn the_ledger_holds_what_the_engine_would_have_left() {
    let (_directory, path) = database("WAL", "");
    let set = set(&[("CREATE TABLE a (x)", "DROP TABLE a"), ("CREATE TABLE b (x)", "DROP TABLE b"), ("", "")]);
    let ledger = ledger();
    let step = |works: Vec<Work>| {
        run(&path, &works, &Settings::of(&ledger)).unwrap();
        dump(&path, "SELECT rowid || ',' || version || ',' || dirty FROM schema_migrations")
    };
    assert_eq!(step(set.up(None, &number(3)).unwrap()), ["1,3,0"]);
    assert_eq!(step(set.down(&number(3), Some(&number(2))).unwrap()), ["1,2,0"]);
    assert!(step(set.down(&number(2), None).unwrap()).is_empty());
    assert_eq!(dump(&path, "SELECT name FROM sqlite_schema"), ["schema_migrations", "version_unique"]);
}

// FM-13: either the schema and the ledger, or neither.
#[test]
fn a_failing_third_statement_leaves_nothing_and_is_named() {
    let (_directory, path) = database("WAL", "");
    let ledger = ledger();
    let works = up(&[
        "CREATE TABLE a (x)",
        "CREATE TABLE b (x);\nINSERT INTO b VALUES (1);\n\nINSERT INTO nowhere\nVALUES (1);",
    ]);
    let error = run(&path, &works, &Settings::of(&ledger)).unwrap_err();
    assert_eq!(error.to_string(), "cannot run statement 3 of `2_m.up.sql` at line 4");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no such table: nowhere");
    assert!(dump(&path, "SELECT name FROM sqlite_schema").is_empty());
}

#[test]
fn files_that_cannot_be_in_a_transaction_run_alone_and_in_order() {
    let (_directory, path) = database("DELETE", "");
    let ledger = ledger();
    let works = up(&[
        "CREATE TABLE a (x)",
        "BEGIN; INSERT INTO a VALUES (1); COMMIT; BEGIN; INSERT INTO a VALUES (2); ROLLBACK;",
        "VACUUM;",
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        "INSERT INTO a VALUES (3)",
    ]);
    let receipt = run(&path, &works, &Settings::of(&ledger)).unwrap();
    assert_eq!(dump(&path, "SELECT CAST(x AS TEXT) FROM a ORDER BY rowid"), ["1", "3"]);
    assert_eq!(receipt.schema, Some(number(5)));
    assert_eq!(receipt.warnings.len(), 1);
    assert!(matches!(header::examine(&path).unwrap(), Kind::Database { wal: false, .. }));
}

#[test]
fn a_file_that_leaves_its_transaction_open_or_ends_one_of_ours_is_refused() {
    let ledger = ledger();
    let (_directory, path) = database("WAL", "");
    let error = run(&path, &up(&["BEGIN; CREATE TABLE a (x);"]), &Settings::of(&ledger)).unwrap_err();
    assert!(matches!(error, MigrateError::LeftOpen { .. }));
    let (_directory, path) = database("WAL", "");
    let error = run(&path, &up(&["CREATE TABLE a (x); COMMIT;"]), &Settings::of(&ledger)).unwrap_err();
    assert!(matches!(error, MigrateError::LeftClosed { .. }));
}

#[test]
fn a_file_that_ends_the_transaction_around_it_and_begins_another_is_run_as_its_engine_does() {
    let ledger = ledger();
    let (_directory, path) = database("WAL", "");
    let between = "CREATE TABLE a (x); COMMIT; PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE b (x);";
    let receipt = run(&path, &up(&[between, "CREATE TABLE c (x)"]), &Settings::of(&ledger)).unwrap();
    assert_eq!(receipt.schema, Some(number(2)));
    assert_eq!(dump(&path, "SELECT name FROM sqlite_schema WHERE name IN ('a', 'b', 'c')"), ["a", "b", "c"]);
}

#[test]
fn what_reaches_out_of_the_database_is_denied_by_name() {
    let ledger = ledger();
    for (sql, what) in [
        ("SELECT 1;\nATTACH 'other.db' AS o", "ATTACH"),
        ("ATTACH '' AS o", "ATTACH"),
        ("VACUUM INTO 'other.db'", "ATTACH or VACUUM INTO `other.db`"),
        ("DETACH main", "DETACH"),
        ("SELECT load_extension('x')", "load_extension()"),
        ("PRAGMA writable_schema = ON", "PRAGMA writable_schema"),
    ] {
        let (_directory, path) = database("WAL", "CREATE TABLE t (a)");
        let error = run(&path, &up(&[sql]), &Settings::of(&ledger)).unwrap_err();
        assert!(matches!(&error, MigrateError::Denied { what: found, .. } if found == what), "{sql}: {error}");
    }
}

#[test]
fn what_only_the_program_has_is_named_with_file_and_line_and_the_way_out() {
    let ledger = ledger();
    for (sql, what) in [
        ("SELECT 1;\nSELECT uuid4(1)", "function `uuid4` at line 2"),
        ("\n\nCREATE INDEX i ON t (a COLLATE icu_de)", "collation `icu_de` at line 3"),
        ("CREATE VIRTUAL TABLE v USING vec0(a)", "module `vec0` at line 1"),
    ] {
        let (_directory, path) = database("WAL", "CREATE TABLE t (a)");
        let error = run(&path, &up(&[sql]), &Settings::of(&ledger)).unwrap_err().to_string();
        assert!(error.contains(what) && error.contains("1_") && error.contains("\"command\""), "{sql}: {error}");
    }
}

#[test]
fn the_pragma_of_a_file_counts_for_that_file_only() {
    let ledger = ledger();
    let (_directory, path) = database("WAL", FAMILY);
    let settings = Settings { foreign_keys: ForeignKeys::Enforced, ..Settings::of(&ledger) };
    let off = format!("PRAGMA foreign_keys = OFF; {REBUILD}");
    let receipt = run(&path, &up(&[&off]), &settings).unwrap();
    assert!(!receipt.tables.iter().any(TableCount::lost_rows));
    let (_directory, path) = database("WAL", FAMILY);
    let error = run(&path, &up(&[&off, "INSERT INTO child VALUES (9)"]), &settings);
    assert!(matches!(error, Err(MigrateError::Statement { .. })), "{error:?}");
}

// FM-12: the rebuild succeeds, and the rows of the child are gone; the count and the watch both see it.
#[test]
fn a_rebuild_under_enforced_keys_is_seen_to_empty_its_children() {
    let ledger = ledger();
    for checks in [Checks::Everything, Checks::Written(BTreeSet::from(["child".to_owned()]))] {
        let (_directory, path) = database("WAL", FAMILY);
        let settings = Settings { foreign_keys: ForeignKeys::Enforced, checks, ..Settings::of(&ledger) };
        let receipt = run(&path, &up(&[REBUILD]), &settings).unwrap();
        let lost = TableCount { name: "child".into(), before: Some(2), after: Some(0) };
        assert!(receipt.tables.contains(&lost), "{:?}", receipt.tables);
        assert!(receipt.written.contains("child") && receipt.written.contains("parent"));
    }
}

#[test]
fn references_that_lead_nowhere_are_refused_only_when_the_migrations_made_them() {
    let ledger = ledger();
    for checks in [Checks::Everything, Checks::Written(BTreeSet::from(["parent".to_owned()]))] {
        let (_directory, path) = database("WAL", FAMILY);
        let settings = Settings { checks, ..Settings::of(&ledger) };
        let error = run(&path, &up(&["DELETE FROM parent WHERE id = 2"]), &settings).unwrap_err().to_string();
        assert!(error.ends_with("row 2 of `child` refers to no row of `parent`"), "{error}");
        let (_directory, path) = database("WAL", &format!("{FAMILY} DELETE FROM parent WHERE id = 2"));
        run(&path, &up(&["UPDATE parent SET name = 'c'"]), &settings).unwrap();
    }
}

#[test]
fn tables_that_the_rehearsal_did_not_foresee_are_looked_at_too() {
    let ledger = ledger();
    let (_directory, path) = database("WAL", FAMILY);
    let settings = Settings { checks: Checks::Written(BTreeSet::new()), ..Settings::of(&ledger) };
    let rename = "ALTER TABLE parent RENAME TO elder; DELETE FROM elder WHERE id = 2";
    let error = run(&path, &up(&[rename]), &settings).unwrap_err().to_string();
    assert!(error.ends_with("row 2 of `child` refers to no row of `elder`"), "{error}");
}

// What is done after the stop must not take longer where the table is longer.
#[test]
fn a_table_that_was_only_altered_is_not_read_and_one_that_refers_to_others_now_is() {
    let ledger = ledger();
    let settings = Settings { checks: Checks::Written(BTreeSet::new()), ..Settings::of(&ledger) };
    let (_directory, path) = database("WAL", FAMILY);
    let alter = "ALTER TABLE child ADD COLUMN note DEFAULT 'x'; ALTER TABLE parent DROP COLUMN name";
    let receipt = run(&path, &up(&[alter]), &settings).unwrap();
    assert_eq!((receipt.tables, receipt.written), (vec![], BTreeSet::new()));
    let (_directory, path) = database("WAL", FAMILY);
    let refer = "ALTER TABLE child ADD COLUMN other INTEGER DEFAULT 9 REFERENCES parent";
    let error = run(&path, &up(&[refer]), &settings).unwrap_err().to_string();
    assert!(error.contains("row 1 of `child` refers to no row of `parent`"), "{error}");
}

// FM-14, FM-16: a database that is not where the plan thinks it is stays as it is.
#[test]
fn a_ledger_that_is_dirty_or_elsewhere_is_refused() {
    let ledger = ledger();
    let (_directory, path) = database("WAL", "CREATE TABLE schema_migrations (version uint64,dirty bool)");
    let fill = |row: &str| {
        let sql = format!("DELETE FROM schema_migrations; INSERT INTO schema_migrations VALUES ({row})");
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
    };
    fill("1, 1");
    let works = set(&[("", ""), ("", "")]).up(Some(&number(1)), &number(2)).unwrap();
    assert!(matches!(run(&path, &works, &Settings::of(&ledger)), Err(MigrateError::Dirty { .. })));
    fill("7, 0");
    let error = run(&path, &works, &Settings::of(&ledger)).unwrap_err();
    assert_eq!(error.to_string(), "`2_m.up.sql` starts from schema 1, and the ledger says 7");
    fill("1, 0");
    run(&path, &works, &Settings::of(&ledger)).unwrap();
    let state = crate::db::ledger::read(&Connection::open(&path).unwrap(), &ledger).unwrap();
    assert_eq!(state, LedgerState::At { schema: number(2), dirty: false });
}

#[test]
fn a_stop_interrupts_a_statement_that_runs() {
    let ledger = ledger();
    let (_directory, path) = database("WAL", "");
    let asked = AtomicBool::new(false);
    let settings = Settings { stop: Arc::new(move || asked.swap(true, Ordering::Relaxed)), ..Settings::of(&ledger) };
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    assert!(matches!(run(&path, &up(&[endless]), &settings), Err(MigrateError::Stopped)));
}
