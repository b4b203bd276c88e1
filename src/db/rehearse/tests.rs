#![allow(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::config::{ForeignKeys, Format};
use crate::db::migrate::{Checks, run};
use crate::db::receipt::Deviation;
use crate::db::schema::of_migrations;
use crate::migration::naming::voucher;
use crate::migration::{Ledger, Set};
use crate::version::SchemaVersion;

fn ledger() -> Ledger {
    Ledger::of(Format::GolangMigrate, None).unwrap()
}

fn set(scripts: &[&str]) -> Set {
    let files = scripts.iter().zip(1..).map(|(up, number)| (format!("{number}_m.up.sql"), up.as_bytes().to_vec()));
    Set::read(Format::GolangMigrate, files).unwrap()
}

fn up(scripts: &[&str]) -> Vec<Work> {
    let set = set(scripts);
    set.up(None, set.latest().unwrap()).unwrap()
}

const FAMILY: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY, name); INSERT INTO parent VALUES (1, 'a'), (2, 'b');
                      CREATE TABLE child (p INTEGER REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1), (2);";
const REBUILD: &str = "PRAGMA user_version = 2; CREATE TABLE parent_new (id INTEGER PRIMARY KEY, name NOT NULL);
                       INSERT INTO parent_new SELECT * FROM parent; DROP TABLE parent;
                       ALTER TABLE parent_new RENAME TO parent;";

struct Copy {
    directory: TempDir,
    path: PathBuf,
    scratch: PathBuf,
    bytes: Vec<u8>,
}

impl Copy {
    fn new(mode: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.new");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!("PRAGMA journal_mode = {mode}; PRAGMA foreign_keys = OFF; {FAMILY}"))
            .unwrap();
        drop(connection);
        let bytes = std::fs::read(&path).unwrap();
        Self { scratch: directory.path().join("scratch.db"), directory, path, bytes }
    }

    fn rehearse(&self, scripts: &[&str], foreign_keys: ForeignKeys) -> Result<Receipt> {
        let ledger = ledger();
        let settings = Settings { foreign_keys, ..Settings::of(&ledger) };
        let works = up(scripts);
        let outcome = rehearse(&self.path, &self.scratch, &[Leg { works: &works, expected: None }], &settings);
        self.assert_untouched();
        outcome.map(|mut receipts| receipts.pop().unwrap())
    }

    fn assert_untouched(&self) {
        assert!(std::fs::read(&self.path).unwrap() == self.bytes, "the copy changed");
        assert_eq!(fs::names(self.directory.path()).unwrap(), ["run.new"]);
    }
}

#[test]
fn a_rehearsal_leaves_the_copy_as_it_was_to_the_byte() {
    let large = "CREATE TABLE big AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)
                 SELECT i, hex(randomblob(500)) FROM n;";
    let checkpoint = "PRAGMA wal_autocheckpoint = 1; PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO child VALUES (1)";
    for mode in ["WAL", "DELETE"] {
        for scripts in [
            &[large, "VACUUM", checkpoint, "BEGIN; DROP TABLE big; COMMIT;"][..],
            &["DELETE FROM child; SELECT * FROM nowhere"],
        ] {
            let copy = Copy::new(mode);
            assert_eq!(copy.rehearse(scripts, ForeignKeys::Ignored).is_ok(), scripts.len() == 4);
        }
    }
}

#[test]
fn a_migration_that_switches_the_journal_mode_is_rehearsed_aside() {
    for (mode, other) in [("WAL", "DELETE"), ("DELETE", "TRUNCATE"), ("WAL", "OFF")] {
        let switch = format!("PRAGMA journal_mode = {other}; CREATE TABLE a (x)");
        let receipt = Copy::new(mode).rehearse(&[&switch], ForeignKeys::Ignored).unwrap();
        assert!(receipt.print.objects.contains_key("table a"));
    }
    let exclusive = "PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE a (x)";
    assert!(Copy::new("WAL").rehearse(&[exclusive], ForeignKeys::Ignored).is_ok());
}

// FM-12
#[test]
fn rows_that_a_rebuild_takes_from_other_tables_are_refused_with_their_numbers() {
    let copy = Copy::new("WAL");
    let error = copy.rehearse(&[REBUILD], ForeignKeys::Enforced).unwrap_err();
    assert_eq!(error.to_string(), "the migrations would lose rows that they do not delete: `child` from 2 to 0 rows");
    let receipt = copy.rehearse(&[REBUILD], ForeignKeys::Ignored).unwrap();
    assert!(!receipt.tables.iter().any(TableCount::lost_rows));
}

// FM-12: in every format that migrates with the product's own setting of foreign keys.
#[test]
fn a_rebuild_that_empties_its_children_is_caught_in_every_format() {
    for format in [Format::GolangMigrate, Format::Goose, Format::Dbmate, Format::SqlMigrate, Format::Atlas] {
        let rehearsed = |sql: &str| {
            let sql = sql.replace("; ", ";\n");
            let (name, text) = match format {
                Format::GolangMigrate => ("1_m.up.sql", sql),
                Format::Goose => ("1_m.sql", format!("-- +goose Up\n{sql}")),
                Format::Dbmate => ("1_m.sql", format!("-- migrate:up\n{sql}\n-- migrate:down\n")),
                Format::SqlMigrate => ("1_m.sql", format!("-- +migrate Up\n{sql}")),
                _ => ("1_m.sql", sql),
            };
            let mut files = vec![(name.to_owned(), text.into_bytes())];
            let sum = voucher(format, &files).unwrap();
            files.extend(sum.map(|sum| (sum.name, sum.content.into_bytes())));
            let set = Set::read(format, files.into_iter()).unwrap();
            let ledger = Ledger::of(format, None).unwrap();
            let works = set.up(None, set.latest().unwrap()).unwrap();
            let settings = Settings { foreign_keys: ForeignKeys::Enforced, ..Settings::of(&ledger) };
            let copy = Copy::new("WAL");
            let outcome = rehearse(&copy.path, &copy.scratch, &[Leg { works: &works, expected: None }], &settings);
            copy.assert_untouched();
            outcome.map(|_| ()).map_err(|error| error.to_string())
        };
        let lost = "the migrations would lose rows that they do not delete: `child` from 2 to 0 rows";
        // Atlas switches them off around its transaction.
        let expected = if format == Format::Atlas { Ok(()) } else { Err(lost.to_owned()) };
        assert_eq!(rehearsed(REBUILD), expected, "{format}");
        // In its engine's transaction the pragma would do nothing: the file runs outside of ours, where it does.
        assert_eq!(rehearsed(&format!("PRAGMA foreign_keys = OFF; {REBUILD}")), Ok(()), "{format}");
    }
}

#[test]
fn rows_that_a_migration_deletes_by_name_are_its_own_affair() {
    let receipt =
        Copy::new("WAL").rehearse(&["DELETE FROM main.\"Child\" WHERE p = 1"], ForeignKeys::Enforced).unwrap();
    assert!(receipt.tables.contains(&TableCount { name: "child".into(), before: Some(2), after: Some(1) }));
}

#[test]
fn each_leg_has_its_receipt_and_must_lead_where_its_release_says() {
    let copy = Copy::new("WAL");
    let ledger = ledger();
    let settings = Settings::of(&ledger);
    let set = set(&["CREATE TABLE a (x)", "CREATE INDEX i ON a (x)"]);
    let number = SchemaVersion::Number;
    let works = [set.up(None, &number(1)).unwrap(), set.up(Some(&number(1)), &number(2)).unwrap()];
    let prints = [1, 2].map(|schema| of_migrations(&set, &number(schema), &ledger, ForeignKeys::Ignored).unwrap());
    let rehearsed = |first: &SchemaPrint, second: &SchemaPrint| {
        let legs = [Leg { works: &works[0], expected: Some(first) }, Leg { works: &works[1], expected: Some(second) }];
        let receipts = rehearse(&copy.path, &copy.scratch, &legs, &settings);
        copy.assert_untouched();
        receipts
    };
    let receipts = rehearsed(&prints[0], &prints[1]).unwrap();
    let schemas: Vec<_> = receipts.iter().map(|receipt| receipt.schema.clone()).collect();
    assert_eq!(schemas, [Some(number(1)), Some(number(2))]);
    // The tables of the fixture are of no migration: named, and tolerated.
    assert_eq!(receipts[0].warnings, ["table child is not of the release", "table parent is not of the release"]);
    let error = rehearsed(&prints[1], &prints[1]).unwrap_err().to_string();
    assert_eq!(error, "the migrations lead to another schema than the release's: index i missing");
}

#[test]
fn a_copy_that_is_not_at_rest_is_refused() {
    let copy = Copy::new("WAL");
    let _user = Connection::open(&copy.path).and_then(|user| user.execute_batch("DELETE FROM child").map(|()| user));
    let ledger = ledger();
    let error = rehearse(&copy.path, &copy.scratch, &[], &Settings::of(&ledger)).unwrap_err();
    assert!(matches!(error, RehearseError::NotAtRest { .. }));
}

#[test]
fn the_real_run_must_do_what_the_rehearsal_did() {
    let script =
        "INSERT INTO child SELECT id FROM parent WHERE id > 2; DELETE FROM child WHERE p > 2; CREATE TABLE a (x)";
    let copy = Copy::new("WAL");
    let rehearsed = copy.rehearse(&[script], ForeignKeys::Ignored).unwrap();
    let ledger = ledger();
    let settings = Settings { checks: Checks::Written(rehearsed.written.clone()), ..Settings::of(&ledger) };
    // What the service wrote between the two.
    Connection::open(&copy.path)
        .unwrap()
        .execute_batch("INSERT INTO parent VALUES (3, 'c'); INSERT INTO child VALUES (3)")
        .unwrap();
    let real = run(&copy.path, &up(&[script]), &settings).unwrap();
    let deviation = Deviation::Rows { table: "child".into(), before: 3, after: 2 };
    assert_eq!(rehearsed.confirm(&real), Err(deviation));
    assert_eq!(rehearsed.confirm(&rehearsed), Ok(()));
    let other = Copy::new("WAL").rehearse(&["CREATE TABLE b (x)"], ForeignKeys::Ignored).unwrap();
    assert!(matches!(rehearsed.confirm(&other), Err(Deviation::Schema { .. })));
    let mut wrote_more = rehearsed.clone();
    wrote_more.written.insert("parent".to_owned());
    assert_eq!(rehearsed.confirm(&wrote_more), Err(Deviation::Written { table: "parent".into() }));
}
