use proptest::prelude::*;

use super::*;
use crate::config::Format;
use crate::migration::SchemaPrint;

fn ledger() -> Ledger {
    Ledger::of(Format::GolangMigrate, None).unwrap()
}

/// Rows as SQLite keeps them.
fn rows(statements: &[&str]) -> Vec<SchemaRow> {
    let row = |sql: &&str| {
        let words: Vec<_> = sql
            .split(|letter: char| letter.is_whitespace() || letter == '(')
            .filter(|word| !word.is_empty() && !["CREATE", "UNIQUE", "VIRTUAL"].contains(word))
            .collect();
        let table = words.iter().position(|word| *word == "ON").map_or(words[1], |on| words[on + 1]);
        SchemaRow {
            kind: words[0].to_lowercase(),
            name: words[1].to_owned(),
            table: table.to_owned(),
            sql: Some((*sql).to_owned()),
        }
    };
    statements.iter().map(row).collect()
}

fn drift(expected: &[&str], found: &[&str]) -> Vec<String> {
    between(&rows(expected), &rows(found), &ledger()).iter().map(Difference::as_drift).collect()
}

#[test]
fn a_table_differs_by_column_constraint_and_option() {
    let expected = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, age INTEGER,
                    price NUMERIC(10, 2) DEFAULT (1 + 2), UNIQUE (email, age)) STRICT";
    let found =
        "CREATE TABLE users (\"ID\" integer primary key, age TEXT CHECK (age > 0), price NUMERIC(10,2) DEFAULT (1 + 2),
                 note, CONSTRAINT c FOREIGN KEY (age) REFERENCES ages (id)) STRICT, WITHOUT ROWID";
    assert_eq!(
        drift(&[expected], &[found]),
        [
            "table users: column email is missing",
            "table users: column age INTEGER → TEXT CHECK (age > 0)",
            "table users: column note is extra",
            "table users: constraint UNIQUE (email, age) is missing",
            "table users: constraint CONSTRAINT c FOREIGN KEY (age) REFERENCES ages (id) is extra",
            "table users: option WITHOUT ROWID is extra",
        ]
    );
}

#[test]
fn columns_in_another_order_differ() {
    assert_eq!(
        drift(&["CREATE TABLE t (a, b, c INT)"], &["CREATE TABLE t (c, a, b)"]),
        ["table t: column c INT → without a type", "table t: order of columns a, b, c → c, a, b"]
    );
}

#[test]
fn whole_objects_are_missing_or_extra_each_after_its_table() {
    let expected = ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE INDEX by_x ON a (x)"];
    let found =
        ["CREATE TABLE b (x)", "CREATE VIEW v AS SELECT 1", "CREATE TRIGGER t AFTER INSERT ON b BEGIN SELECT 1; END"];
    assert_eq!(
        drift(&expected, &found),
        ["table a is missing", "index by_x is missing", "trigger t is extra", "view v is extra"]
    );
}

#[test]
fn indexes_views_and_triggers_differ_by_the_line() {
    assert_eq!(
        drift(&["CREATE INDEX i ON t (a)"], &["CREATE UNIQUE INDEX i ON t (a) WHERE a > 0"]),
        ["index i: CREATE INDEX i ON t (a) → CREATE UNIQUE INDEX i ON t (a) WHERE a > 0"]
    );
    assert_eq!(
        drift(
            &["CREATE VIEW v AS SELECT a\nFROM t WHERE a > 1"],
            &["CREATE VIEW v AS\n  SELECT a FROM t -- c\n WHERE a > 2"]
        ),
        ["view v: WHERE a > 1 → WHERE a > 2"]
    );
    let trigger = |body: &str| format!("CREATE TRIGGER r AFTER UPDATE ON t BEGIN {body} END");
    let (before, after) =
        (trigger("DELETE FROM x; INSERT INTO y VALUES (';');"), trigger("INSERT INTO y VALUES (';');"));
    assert_eq!(drift(&[&before], &[&after]), ["trigger r: `DELETE FROM x;` is missing"]);
}

#[test]
fn the_same_difference_is_told_as_drift_as_a_change_and_as_what_remains() {
    let differences = between(&rows(&["CREATE TABLE t (a, b)"]), &rows(&["CREATE TABLE t (a, c)"]), &ledger());
    let told = |words: fn(&Difference) -> String| differences.iter().map(words).collect::<Vec<_>>();
    assert_eq!(told(Difference::as_change), ["table t: column b is gone", "table t: column c is new"]);
    assert_eq!(
        told(|difference| difference.as_remains(Direction::Down)),
        ["table t: column b does not come back", "table t: column c stays behind"]
    );
}

#[test]
fn a_listing_shows_what_differs_whole_and_nothing_else() {
    let before = ["CREATE TABLE same (x)", "CREATE TABLE t (\n  id INTEGER, -- key\n  a TEXT\n) STRICT"];
    let after = ["CREATE TABLE same ( x )", "CREATE TABLE t (id INTEGER, b TEXT) STRICT", "CREATE INDEX i ON t (b)"];
    assert_eq!(
        listing(&rows(&before), &rows(&after), &ledger()),
        [
            "  CREATE TABLE t (",
            "      id INTEGER",
            "-     a TEXT",
            "+     b TEXT",
            "  ) STRICT",
            "+ CREATE INDEX i ON t (b)"
        ]
    );
}

#[test]
fn what_cannot_be_taken_apart_is_told_as_a_whole() {
    assert_eq!(
        drift(&["CREATE VIRTUAL TABLE f USING fts5(a)"], &["CREATE VIRTUAL TABLE f USING fts5(a, b)"]),
        ["table f: CREATE VIRTUAL TABLE f USING fts5(a) → CREATE VIRTUAL TABLE f USING fts5(a, b)"]
    );
    // Two constraints without a comma between them are one item, and their order counts.
    let constraints =
        drift(&["CREATE TABLE t (a, UNIQUE (a), CHECK (1))"], &["CREATE TABLE t (a, CHECK (1), UNIQUE (a))"]);
    assert!(constraints.len() == 1 && constraints[0].contains(" → "), "{constraints:?}");
}

proptest! {
    /// Broken text included: a schema may have been edited by hand.
    #[test]
    fn schemas_differ_exactly_where_their_fingerprints_do(
        first in "(a|b|INT|text|\\(|\\)|,|'x'|;|begin|UNIQUE|check| |\n){0,12}",
        second in "(a|b|INT|text|\\(|\\)|,|'x'|;|begin|UNIQUE|check| |\n){0,12}",
        kind in "(table|index|view|trigger)",
    ) {
        let row = |body: &str| SchemaRow {
            kind: kind.clone(),
            name: "t".to_owned(),
            table: "t".to_owned(),
            sql: Some(format!("CREATE {kind} t ({body})")),
        };
        let (first, second) = ([row(&first)], [row(&second)]);
        let same = SchemaPrint::of(&first, &ledger()).fingerprint == SchemaPrint::of(&second, &ledger()).fingerprint;
        prop_assert_eq!(between(&first, &second, &ledger()).is_empty(), same);
        let marked = listing(&first, &second, &ledger()).iter().any(|line| !line.starts_with("  "));
        prop_assert!(!(marked && same));
    }
}
