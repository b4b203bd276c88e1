//! golang-migrate with `x-no-tx-wrap`: what a file does without a transaction around it, as golang-migrate v4.19.1 was
//! seen to.

use super::*;
use crate::config::Wrap;

const ONE: &str = "CREATE TABLE a (x)";

/// How it ends after [`ONE`], with the ledger's row, and the tables of one letter that are there then.
fn after(second: &str) -> (Result<Effect, InPlaceError>, String, String) {
    let (_directory, path) = database("");
    let outcome = run(&path, &up(&[ONE, second]), &ledger().wrapping(Wrap::Nothing), Arc::new(|| false), &|_| {});
    let row = rows(&path, "SELECT version || '/' || dirty FROM schema_migrations");
    let tables = rows(&path, "SELECT name FROM sqlite_schema WHERE type = 'table' AND length(name) = 1 ORDER BY name");
    (outcome, row.concat(), tables.concat())
}

#[test]
fn no_transaction_is_begun_for_a_file_that_ends_one() {
    for (second, tables) in [
        ("CREATE TABLE b (x); COMMIT; PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE c (x);", "ab"),
        ("CREATE TABLE b (x); ROLLBACK;", "ab"),
        ("END; CREATE TABLE c (x);", "a"),
    ] {
        let (outcome, row, left) = after(second);
        assert!(outcome.is_err() && (row.as_str(), left.as_str()) == ("2/1", tables), "{second}: {row} {left}");
    }
}

#[test]
fn the_outermost_savepoint_is_a_transaction_of_its_own() {
    for (second, tables) in [
        ("SAVEPOINT s; CREATE TABLE b (x); RELEASE s;", "ab"),
        ("SAVEPOINT s; CREATE TABLE b (x); COMMIT; CREATE TABLE c (x);", "abc"),
        ("SAVEPOINT s; CREATE TABLE b (x); ROLLBACK; CREATE TABLE c (x);", "ac"),
    ] {
        let (outcome, row, left) = after(second);
        assert!(outcome.is_ok() && (row.as_str(), left.as_str()) == ("2/0", tables), "{second}: {row} {left}");
    }
    let (outcome, row, left) = after("SAVEPOINT s; CREATE TABLE b (x);");
    let Err(InPlaceError::Partly { dirty: true, source, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(matches!(*source, MigrateError::LeftOpen { .. }));
    assert_eq!((row.as_str(), left.as_str()), ("2/1", "a"));
}
