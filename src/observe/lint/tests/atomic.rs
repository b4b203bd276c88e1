//! One logical change a migration, in one transaction.

use super::*;

const BEFORE: (&str, &str) = ("1_a.up.sql", "CREATE TABLE a (x)");
const OTHER: (&str, &str) = ("2_b.up.sql", "CREATE TABLE b (y)");

fn of(sql: &str) -> Vec<(Level, String)> {
    brief(&judged(&[BEFORE, OTHER, ("3_c.up.sql", sql)], &[Policy::Atomic]))
}

#[test]
fn tables_that_have_nothing_to_do_with_each_other_are_changes_of_their_own() {
    let what = |words: &str| format!("makes 2 changes that have nothing to do with each other, to {words}");
    let alter = "ALTER TABLE a ADD COLUMN z; ALTER TABLE b ADD COLUMN z;";
    assert_eq!(of(alter), [(Level::Warning, what("`a`; to `b`"))]);
    assert_eq!(of("CREATE TABLE c (z); CREATE TABLE d (z)"), [(Level::Note, what("`c`; to `d`"))]);
    // One statement that names both makes one change of them.
    for (related, sql) in [
        ("a reference", "CREATE TABLE c (z); CREATE TABLE d (z REFERENCES c)"),
        ("a copy", "CREATE TABLE c (z); INSERT INTO c SELECT x FROM a; DELETE FROM a"),
        ("a rebuild", "CREATE TABLE c (x); INSERT INTO c SELECT x FROM a; DROP TABLE a; ALTER TABLE c RENAME TO a"),
        ("a trigger", "CREATE TABLE c (z); CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO c VALUES (1); END"),
        ("a view", "ALTER TABLE a ADD COLUMN z; CREATE VIEW v AS SELECT z FROM a"),
        ("one in between", "CREATE TABLE c (z); CREATE TABLE d (z); CREATE VIEW v AS SELECT c.z FROM c, d"),
        ("an index", "CREATE TABLE c (z); CREATE INDEX i ON c (z)"),
        ("nothing at all", "SELECT 1; PRAGMA user_version = 1"),
    ] {
        assert_eq!(of(sql), [], "{related}");
    }
}

#[test]
fn what_breaks_the_transaction_is_found() {
    let own = (Level::Error, "begins or ends a transaction itself".to_owned());
    assert_eq!(of("BEGIN; ALTER TABLE a ADD COLUMN z; COMMIT"), [own.clone(), own]);
    assert_eq!(of("VACUUM"), [(Level::Error, "compacts the database".to_owned())]);
    assert_eq!(of("PRAGMA foreign_keys = OFF"), [(Level::Warning, "sets `foreign_keys`".to_owned())]);
    assert_eq!(of("SAVEPOINT s; ALTER TABLE a ADD COLUMN z; RELEASE s"), []);
    let down = judged(&[BEFORE, ("1_a.down.sql", "DROP TABLE a;\nVACUUM")], &[Policy::Atomic]);
    assert_eq!((&*down[0].file, down[0].line), ("1_a.down.sql", Some(2)));
}

#[test]
fn an_engine_that_begins_no_transaction_leaves_it_to_the_file() {
    let found = |sql: &str| {
        let files = [("1_a.up.sql".to_owned(), sql.as_bytes().to_vec())].into();
        let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
        let subject = Subject { wrap: Wrap::Nothing, ..Subject::plain(&files, Format::GolangMigrate, &ledger) };
        let stop: Stop = Arc::new(|| false);
        brief(&lint(&subject, &[Policy::Atomic].into(), &stop).unwrap().findings)
    };
    assert_eq!(found("BEGIN; CREATE TABLE a (x); CREATE INDEX i ON a (x); COMMIT"), []);
    assert_eq!(found("SAVEPOINT s; CREATE TABLE a (x); CREATE INDEX i ON a (x); RELEASE s"), []);
    assert_eq!(found("CREATE TABLE a (x)"), []);
    assert_eq!(found("PRAGMA foreign_keys = OFF; CREATE TABLE a (x)"), []);
    let bare = found("CREATE TABLE a (x); CREATE INDEX i ON a (x)");
    assert_eq!(bare, [(Level::Warning, "it runs outside a transaction".to_owned())]);
    let open = (Level::Error, "it leaves its transaction open".to_owned());
    assert_eq!(found("SAVEPOINT s; CREATE TABLE a (x)"), [open]);
    // The pragma counts, as there is no transaction in which it would do nothing.
    let orphan = "PRAGMA foreign_keys = ON; CREATE TABLE a (x REFERENCES b); CREATE TABLE b (y PRIMARY KEY);
                  SAVEPOINT s; INSERT INTO a VALUES (1); RELEASE s";
    assert_eq!(found(orphan), [(Level::Error, "FOREIGN KEY constraint failed".to_owned())]);
}
