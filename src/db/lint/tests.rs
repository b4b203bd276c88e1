use std::sync::Arc;

use super::*;
use crate::config::Format;
use crate::migration::lint::account::{Column, Deed, Kind, Origin};

fn accounts(files: &[(&str, &str)]) -> Vec<Account> {
    let files = files.iter().map(|(name, sql)| ((*name).to_owned(), sql.as_bytes().to_vec()));
    let set = Set::read(Format::GolangMigrate, files).unwrap();
    let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
    let stop: Stop = Arc::new(|| false);
    tell(&set, &ledger, ForeignKeys::Ignored, &stop).unwrap()
}

/// What each statement of a file did, after a file that makes `t` and `u`.
fn deeds(sql: &str) -> Vec<Vec<Deed>> {
    let before = "CREATE TABLE t (a INTEGER PRIMARY KEY, b); CREATE UNIQUE INDEX i ON t (b); CREATE TABLE u (c);
                  CREATE TRIGGER g AFTER DELETE ON t BEGIN INSERT INTO u VALUES (1); END";
    let told = accounts(&[("1_a.up.sql", before), ("2_b.up.sql", sql)]).pop().unwrap().up.unwrap();
    assert_eq!(told.failure, None);
    told.acts.into_iter().map(|act| act.deeds).collect()
}

fn column(name: &str) -> Column {
    Column { name: name.to_owned(), not_null: false, default: None, origin: Origin::Written }
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn what_is_made_is_told_with_its_parts() {
    let made = deeds(
        "CREATE TABLE n (k INTEGER PRIMARY KEY, l TEXT NOT NULL DEFAULT 'x', m AS (l || k), s AS (k) STORED UNIQUE);
         CREATE UNIQUE INDEX j ON n (l, lower(l));",
    );
    let columns = vec![
        Column { origin: Origin::Numbered, ..column("k") },
        Column { not_null: true, default: Some(text("'x'")), ..column("l") },
        Column { origin: Origin::Computed, ..column("m") },
        Column { origin: Origin::Stored, ..column("s") },
    ];
    assert_eq!(made[0], [Deed::CreatesTable { table: text("n"), columns }]);
    let columns = vec![Some(text("l")), None];
    assert_eq!(made[1], [Deed::CreatesIndex { index: text("j"), table: text("n"), unique: true, columns }]);
}

#[test]
fn what_goes_with_a_table_is_not_told_apart() {
    let dropped = |kind, name: &str, unique| Deed::Drops { kind, name: text(name), table: text("t"), unique };
    assert_eq!(deeds("DROP TABLE t"), [[dropped(Kind::Table, "t", false)]]);
    assert_eq!(deeds("DROP INDEX I"), [[dropped(Kind::Index, "i", true)]]);
    assert_eq!(deeds("DROP TRIGGER g"), [[dropped(Kind::Trigger, "g", false)]]);
}

#[test]
fn every_kind_of_alter_table_is_told_from_the_others() {
    let table = || text("t");
    for (sql, deed) in [
        ("RENAME TO v", Deed::RenamesTable { from: table(), to: text("v") }),
        ("RENAME b TO d", Deed::RenamesColumn { table: table(), from: text("b"), to: text("d") }),
        ("ADD COLUMN d", Deed::AddsColumn { table: table(), column: column("d"), checked: false }),
        ("ADD d CHECK (d > 0)", Deed::AddsColumn { table: table(), column: column("d"), checked: true }),
        ("ALTER b SET NOT NULL", Deed::Constrains { table: table(), tighter: true }),
        ("ADD CONSTRAINT k CHECK (b > 0)", Deed::Constrains { table: table(), tighter: true }),
    ] {
        assert_eq!(deeds(&format!("ALTER TABLE T {sql}")), [[deed]], "{sql}");
    }
    let drops = deeds("DROP INDEX i; ALTER TABLE t DROP COLUMN B");
    assert_eq!(drops[1], [Deed::DropsColumn { table: table(), column: text("b") }]);
}

#[test]
fn rows_are_told_by_table_and_by_the_trigger_that_writes_them() {
    let by_trigger = Deed::Inserts { table: text("u"), by: Some(text("g")) };
    assert_eq!(deeds("DELETE FROM t"), [[Deed::Deletes { table: text("t"), by: None }, by_trigger]]);
    let columns = vec![text("a"), text("b")];
    assert_eq!(deeds("UPDATE t SET a = 1, b = 2")[0][0], Deed::Updates { table: text("t"), columns, by: None });
}

#[test]
fn what_changes_nothing_of_the_database_is_not_told() {
    for sql in [
        "SELECT * FROM t",
        "CREATE TABLE IF NOT EXISTS t (other)",
        "DROP TABLE IF EXISTS absent",
        "CREATE TEMP TABLE t (x); INSERT INTO temp.t VALUES (1)",
        "ANALYZE",
        "REINDEX",
        "PRAGMA user_version = 1",
        "VACUUM",
    ] {
        assert!(deeds(sql).iter().all(Vec::is_empty), "{sql}: {:?}", deeds(sql));
    }
}

#[test]
fn a_stop_ends_it_between_two_statements_and_in_the_midst_of_one() {
    let endless = b"WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let set = Set::read(Format::GolangMigrate, [("1_a.up.sql".to_owned(), endless.to_vec())].into_iter()).unwrap();
    let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
    let asked = std::sync::atomic::AtomicU32::new(0);
    let stop: Stop = Arc::new(move || asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) > 3);
    assert!(matches!(tell(&set, &ledger, ForeignKeys::Ignored, &stop), Err(MigrateError::Stopped)));
}
