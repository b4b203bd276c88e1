//! dbmate: digits as texts, and no word for what failed.

use super::*;

fn file(table: &str) -> String {
    format!("-- migrate:up\nCREATE TABLE {table} (x);\n-- migrate:down\nDROP TABLE {table};\n")
}

fn rows(site: &Site) -> String {
    ask(site, "SELECT version || ':' || typeof(version) FROM schema_migrations ORDER BY rowid")
}

#[test]
fn digits_are_texts_and_ten_comes_before_nine() {
    let site = site("dbmate", &[("9_z.sql", &file("z")), ("10_a.sql", &file("a")), ("001_b.sql", &file("b"))]);
    done(&site, &["up"]);
    assert_eq!(rows(&site), "001:text 10:text 9:text");
    done(&site, &["down", "1"]);
    assert_eq!(ask(&site, TABLES), "a b");
}

#[test]
fn a_failure_outside_a_transaction_leaves_its_beginning_and_no_row() {
    let text =
        "-- migrate:up transaction:false\nCREATE TABLE b (x);\nINSERT INTO nowhere VALUES (1);\n-- migrate:down\n";
    let site = site("dbmate", &[("1_a.sql", &file("a")), ("2_b.sql", text)]);
    let words = not_done(&site, &["up"]);
    assert!(words.contains("2_b.sql"), "{words}");
    assert_eq!((rows(&site), ask(&site, TABLES)), ("1:text".into(), "a b".into()));
}

#[test]
fn a_row_without_a_file_is_not_hidden() {
    let site = site("dbmate", &[("1_a.sql", &file("a")), ("2_b.sql", &file("b"))]);
    done(&site, &["up"]);
    fs::remove_file(site.migrations().join("2_b.sql")).unwrap();
    // dbmate would take back 1 instead.
    let words = not_done(&site, &["down", "1"]);
    assert!(words.contains('2') && ask(&site, TABLES) == "a b", "{words}");
}
