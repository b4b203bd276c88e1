//! Whether every migration can be taken back.

use super::*;

fn of(up: &str, down: &str) -> Vec<Finding> {
    judged(
        &[
            ("1_a.up.sql", "CREATE TABLE a (b, c);"),
            ("1_a.down.sql", "DROP TABLE a;"),
            ("2_b.up.sql", up),
            ("2_b.down.sql", down),
        ],
        &[Policy::Reversible],
    )
}

#[track_caller]
fn fails(up: &str, down: &str, message: &str) {
    let found = of(up, down);
    let messages: Vec<_> = found.iter().map(|finding| &*finding.message).collect();
    assert!(messages.len() == 1 && messages[0].starts_with(message), "{up} / {down}: {messages:?}");
    assert_eq!((&*found[0].file, found[0].level), ("2_b.down.sql", Level::Error));
}

#[test]
fn a_down_that_restores_the_schema_is_well_however_it_is_written() {
    for (up, down) in [
        ("ALTER TABLE a ADD COLUMN d", "ALTER TABLE a DROP COLUMN d"),
        ("DROP TABLE a", "create table A(\"b\", /* as before */ c)"),
        ("CREATE TABLE x (y); CREATE INDEX z ON x (y)", "DROP TABLE x"),
        ("CREATE VIRTUAL TABLE s USING fts5(t)", "DROP TABLE s"),
        ("INSERT INTO a VALUES (1, 2)", "DELETE FROM a"),
        ("BEGIN; CREATE TABLE x (y); COMMIT", "BEGIN; DROP TABLE x; COMMIT"),
        ("-- nothing", ""),
    ] {
        assert_eq!(of(up, down), [], "{up} / {down}");
    }
}

#[test]
fn what_a_down_leaves_or_does_not_bring_back_is_shown() {
    fails("CREATE TABLE x (y)", "SELECT 1", "after going up and down table x stays behind");
    fails("ALTER TABLE a ADD COLUMN d", "SELECT 1", "after going up and down table a: column d stays behind");
    fails("DROP TABLE a", "CREATE TABLE a (b)", "after going up and down table a: column c does not come back");
    fails("DROP TABLE a", "CREATE TABLE a (c, b)", "after going up and down table a: order of columns ");
    fails("CREATE INDEX i ON a (b)", "DROP INDEX i; CREATE INDEX j ON a (b)", "after going up and down index j ");
}

#[test]
fn a_down_that_is_missing_empty_or_fails_is_found() {
    fails("CREATE TABLE x (y)", "-- later\n", "it is empty: ");
    fails("CREATE TABLE x (y)", "DROP TABLE y", "the way down fails: no such table: y");
    let missing = judged(&[("1_a.up.sql", "CREATE TABLE a (b)")], &[Policy::Reversible]);
    assert_eq!(
        (brief(&missing), &*missing[0].file),
        (vec![(Level::Error, "there is no way down".into())], "1_a.up.sql")
    );
    let only = judged(&[("1_a.down.sql", "SELECT 1")], &[Policy::Reversible]);
    assert_eq!(brief(&only), [(Level::Error, "there is no way up".into())]);
}

#[test]
fn a_down_is_tried_on_the_schema_of_its_own_migration_and_disturbs_none_after_it() {
    let found = judged(
        &[
            ("1_a.up.sql", "CREATE TABLE a (b)"),
            ("1_a.down.sql", "DROP TABLE a"),
            ("2_b.up.sql", "ALTER TABLE a ADD COLUMN c"),
            ("2_b.down.sql", "DROP TABLE a"),
            ("3_c.up.sql", "UPDATE a SET c = 1"),
            ("3_c.down.sql", "UPDATE a SET c = NULL"),
        ],
        &[Policy::Reversible],
    );
    let files: Vec<_> = found.iter().map(|finding| &*finding.file).collect();
    assert_eq!(files, ["2_b.down.sql"], "{found:?}");
}
