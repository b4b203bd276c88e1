//! Atlas: how far each file came, and where it goes on.

use super::*;

const STATE: &str = "SELECT version || ':' || applied || '/' || total FROM atlas_schema_revisions ORDER BY version";

/// The second file fails at its second statement, outside a transaction.
fn broken_off() -> Site {
    let text = "-- atlas:txmode none\n\nCREATE TABLE b (x);\nINSERT INTO c VALUES (1);\nCREATE TABLE d (x);\n";
    let files = [("1_a.sql", "CREATE TABLE a (x);\n"), ("2_b.sql", text), ("3_e.sql", "CREATE TABLE e (x);\n")];
    let site = site("atlas", &files);
    let words = not_done(&site, &["up"]);
    assert!(words.contains("goes on at the statement that failed"), "{words}");
    assert_eq!(ask(&site, STATE), "1:1/1 2:1/3");
    site
}

#[test]
fn a_file_that_was_broken_off_goes_on_at_the_statement_that_failed() {
    let site = broken_off();
    sql(&site, "CREATE TABLE c (x)");
    done(&site, &["up"]);
    assert_eq!(ask(&site, STATE), "1:1/1 2:3/3 3:1/1");
    assert_eq!((ask(&site, TABLES), ask(&site, "SELECT count(*) FROM c")), ("a b c d e".into(), "1".into()));
    let left =
        "SELECT error || error_stmt || CAST(partial_hashes AS TEXT) FROM atlas_schema_revisions WHERE version = '2'";
    assert_eq!(ask(&site, left), "null");
}

#[test]
fn a_file_that_was_broken_off_twice_goes_on_where_it_came_to() {
    let site = broken_off();
    sql(&site, "CREATE TABLE c (x); CREATE TABLE d (x)");
    not_done(&site, &["up"]);
    assert_eq!(ask(&site, STATE), "1:1/1 2:2/3");
    sql(&site, "DROP TABLE d");
    done(&site, &["up"]);
    assert_eq!(ask(&site, "SELECT count(*) FROM c"), "1", "no statement runs twice");
}

#[test]
fn a_file_that_was_broken_off_and_has_other_statements_now_is_refused() {
    let site = broken_off();
    let text = "-- atlas:txmode none\n\nCREATE TABLE other (x);\nCREATE TABLE d (x);\n";
    let files = [("1_a.sql", "CREATE TABLE a (x);\n"), ("2_b.sql", text), ("3_e.sql", "CREATE TABLE e (x);\n")];
    write(&site, &files);
    let words = not_done(&site, &["up"]);
    assert!(words.contains("2_b.sql") && words.contains("statement 1"), "{words}");
    assert_eq!((ask(&site, STATE), ask(&site, TABLES)), ("1:1/1 2:1/3".into(), "a b".into()));
}

#[test]
fn a_baseline_is_where_it_begins() {
    let site = site("atlas", &[("1_a.sql", "CREATE TABLE a (x);\n"), ("2_b.sql", "CREATE TABLE b (x);\n")]);
    done(&site, &["up", "1"]);
    sql(&site, "UPDATE atlas_schema_revisions SET type = 1, applied = 0, total = 0, hash = ''");
    done(&site, &["up"]);
    assert_eq!(ask(&site, "SELECT version || ':' || type FROM atlas_schema_revisions ORDER BY version"), "1:1 2:2");
}

#[test]
fn a_file_between_those_that_are_applied_is_refused() {
    let one = |table: &str| format!("CREATE TABLE {table} (x);\n");
    let files = [("1_a.sql", one("a")), ("2_b.sql", one("b")), ("3_c.sql", one("c"))];
    let all: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let site = site("atlas", &all);
    done(&site, &["up"]);
    sql(&site, "DROP TABLE b; DELETE FROM atlas_schema_revisions WHERE version = '2'");
    let words = not_done(&site, &["up"]);
    assert!(words.contains('2') && ask(&site, TABLES) == "a c", "{words}");
}

#[test]
fn what_atlas_applied_out_of_order_is_gone_on_from() {
    let one = |table: &str| format!("CREATE TABLE {table} (x);\n");
    let (a, b, c, d) = (one("a"), one("b"), one("c"), one("d"));
    let site = site("atlas", &[("1_a.sql", &a), ("3_c.sql", &c)]);
    done(&site, &["up"]);
    write(&site, &[("1_a.sql", &a), ("2_b.sql", &b), ("3_c.sql", &c), ("4_d.sql", &d)]);
    // What its `--exec-order non-linear` leaves.
    sql(
        &site,
        "CREATE TABLE b (x); INSERT INTO atlas_schema_revisions SELECT '2', 'b', type, applied, total, executed_at, \
         execution_time, error, error_stmt, hash, partial_hashes, operator_version FROM atlas_schema_revisions \
         WHERE version = '3'",
    );
    done(&site, &["up"]);
    assert_eq!((ask(&site, STATE), ask(&site, TABLES)), ("1:1/1 2:1/1 3:1/1 4:1/1".into(), "a b c d".into()));
}
