//! goose: a row for each migration, whose order counts.

use super::*;

const FILES: [(&str, &str); 3] = [
    ("1_a.sql", "-- +goose Up\nCREATE TABLE a (x);\n-- +goose Down\nDROP TABLE a;\n"),
    ("2_b.sql", "-- +goose Up\nCREATE TABLE b (x);\n-- +goose Down\nDROP TABLE b;\n"),
    ("3_c.sql", "-- +goose Up\nCREATE TABLE c (x);\n-- +goose Down\nDROP TABLE c;\n"),
];

fn rows(site: &Site) -> String {
    ask(site, "SELECT id || ':' || version_id || '/' || is_applied FROM goose_db_version ORDER BY id")
}

#[test]
fn a_ledger_without_its_zero_row_is_refused() {
    let site = site("goose", &FILES);
    done(&site, &["up"]);
    sql(&site, "DELETE FROM goose_db_version WHERE version_id = 0");
    not_done(&site, &["down", "1"]);
}

#[test]
fn down_takes_the_latest_id_back_and_not_the_greatest_version() {
    let site = site("goose", &FILES);
    done(&site, &["up", "1"]);
    sql(
        &site,
        "CREATE TABLE b (x); CREATE TABLE c (x); INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, 1), (2, 1)",
    );
    done(&site, &["down", "1"]);
    assert_eq!((rows(&site), ask(&site, TABLES)), ("1:0/1 2:1/1 3:3/1".into(), "a c".into()));
}

#[test]
fn an_id_is_never_given_twice() {
    let site = site("goose", &FILES);
    done(&site, &["up"]);
    done(&site, &["down", "1"]);
    done(&site, &["up"]);
    assert_eq!(rows(&site), "1:0/1 2:1/1 3:2/1 5:3/1");
}

#[test]
fn a_row_of_an_old_goose_that_says_not_applied_is_not_passed_over() {
    let site = site("goose", &FILES);
    done(&site, &["up", "2"]);
    sql(&site, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, 0)");
    // Its releases do not agree on what that means: neither do we guess.
    let words = not_done(&site, &["up"]);
    assert!(words.contains('3'), "{words}");
}

#[test]
fn a_row_without_a_file_is_passed_over_in_no_direction() {
    let site = site("goose", &FILES);
    done(&site, &["up"]);
    fs::remove_file(site.migrations().join("2_b.sql")).unwrap();
    // goose itself passes over it on the way up: an old program would then run on a newer schema.
    for command in [&["up"][..], &["down", "2"]] {
        let words = not_done(&site, command);
        assert!(words.contains("at schema 2"), "{words}");
    }
    assert_eq!((rows(&site), ask(&site, TABLES)), ("1:0/1 2:1/1 3:2/1 4:3/1".into(), "a b c".into()));
}
