//! golang-migrate: one row, and what it says after whatever went wrong.

use super::*;

const ONE: (&str, &str) = ("1_a.up.sql", "CREATE TABLE a (x);");

fn rows(site: &Site) -> String {
    ask(site, "SELECT version || '/' || dirty FROM schema_migrations")
}

#[test]
fn a_missing_down_file_only_moves_the_ledger() {
    let site = site("golang-migrate", &[ONE, ("2_b.up.sql", "CREATE TABLE b (x);")]);
    done(&site, &["up"]);
    done(&site, &["down", "1"]);
    assert_eq!((rows(&site), ask(&site, TABLES)), ("1/0".into(), "a b".into()));
}

#[test]
fn a_version_without_a_file_is_refused() {
    let site = site("golang-migrate", &[ONE]);
    done(&site, &["up"]);
    sql(&site, "UPDATE schema_migrations SET version = 99");
    for command in [&["up"] as &[&str], &["down", "1"], &["goto", "1"]] {
        let words = not_done(&site, command);
        assert!(words.contains("99"), "{words}");
    }
}

#[test]
fn a_dirty_ledger_is_refused_whatever_made_it() {
    // After a failed up, a failed down, and a failed down of the first.
    for version in ["1", "2", "-1"] {
        let site = site("golang-migrate", &[ONE, ("2_b.up.sql", "CREATE TABLE b (x);")]);
        done(&site, &["up", "1"]);
        sql(&site, &format!("UPDATE schema_migrations SET version = {version}, dirty = 1"));
        for command in [&["up"] as &[&str], &["down", "1"]] {
            let words = not_done(&site, command);
            assert!(words.contains("dirty"), "{words}");
            assert_eq!(rows(&site), format!("{version}/1"));
        }
    }
}

#[test]
fn a_commit_inside_a_file_leaves_its_effect_and_a_dirty_ledger() {
    let site = site("golang-migrate", &[ONE, ("2_b.up.sql", "CREATE TABLE b (x); COMMIT;")]);
    done(&site, &["up", "1"]);
    not_done(&site, &["up"]);
    assert_eq!((rows(&site), ask(&site, TABLES)), ("2/1".into(), "a b".into()));
}

#[test]
fn more_ups_than_there_are_apply_all_that_there_are() {
    let site = site("golang-migrate", &[ONE]);
    let (outcome, words) = ours(&site, &["up", "5"]);
    // golang-migrate applies it, then says `limit 4 short` and exits 1, by which a run here says that nothing was changed.
    assert!(outcome == "done" && rows(&site) == "1/0", "{words}");
    assert!(words.contains("5 migrations were asked for, and there were 1: 4 short"), "{words}");
}

#[test]
fn forced_to_minus_one_the_ledger_is_empty() {
    let site = site("golang-migrate", &[ONE]);
    done(&site, &["up"]);
    let words = done(&site, &["force", "-1"]);
    assert_eq!((rows(&site), ask(&site, TABLES)), (String::new(), "a".into()));
    // A lie, and it is called one: the schema is that of version 1.
    assert!(words.contains("the ledger now says a new database"), "{words}");
}

#[test]
fn a_file_that_ends_the_transaction_around_it_and_begins_another_is_whole() {
    let between = "CREATE TABLE b (x); COMMIT; PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE c (x);";
    let site = site("golang-migrate", &[ONE, ("2_b.up.sql", between)]);
    let words = done(&site, &["up"]);
    assert!(words.contains("`2_b.up.sql` ends its engine's transaction: what it did until then stays"), "{words}");
    assert_eq!((rows(&site), ask(&site, TABLES)), ("2/0".into(), "a b c".into()));
}
