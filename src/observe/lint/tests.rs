//! Every rule against SQL that breaks it and SQL that does not.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::migration::lint::Level;

mod additive;
mod atomic;
mod formats;
mod reversible;
mod suppression;

/// Judges files of golang-migrate by these policies.
fn judged(files: &[(&str, &str)], policies: &[Policy]) -> Vec<Finding> {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
    let subject = Subject::plain(&files, Format::GolangMigrate, &ledger);
    let stop: Stop = Arc::new(|| false);
    lint(&subject, &policies.iter().copied().collect(), &stop).unwrap().findings
}

/// The level and the beginning of the message, up to the reason.
fn brief(findings: &[Finding]) -> Vec<(Level, String)> {
    findings
        .iter()
        .map(|found| (found.level, found.message.split(": ").next().unwrap_or_default().to_owned()))
        .collect()
}

#[test]
fn a_statement_that_sqlite_refuses_is_found_and_nothing_is_judged_behind_it() {
    let found = judged(
        &[
            ("1_users.up.sql", "CREATE TABLE users (a);"),
            ("2_broken.up.sql", "ALTER TABLE users ADD COLUMN b;\nALTER TABLE user ADD COLUMN c;"),
            ("3_drop.up.sql", "DROP TABLE users; -- lint: allow atomic: never looked at"),
        ],
        &[Policy::Additive, Policy::Atomic],
    );
    assert_eq!(brief(&found), [(Level::Error, "no such table".into())]);
    assert_eq!((found[0].policy, &*found[0].file, found[0].line), (Policy::Sound, "2_broken.up.sql", Some(2)));
}

#[test]
fn what_no_migration_may_use_is_found() {
    for (sql, words) in [
        ("ATTACH 'x.db' AS x", "ATTACH"),
        ("SELECT load_extension('x')", "load_extension()"),
        ("PRAGMA writable_schema = ON", "PRAGMA writable_schema"),
        ("VACUUM INTO 'x.db'", "ATTACH"),
    ] {
        let found = judged(&[("1_a.up.sql", sql)], &[]);
        let message = found.iter().map(|found| &*found.message).next().unwrap_or_default();
        assert!(message.starts_with(words) && message.ends_with("a migration may use"), "{sql}: {found:?}");
    }
}

#[test]
fn files_that_make_no_set_are_one_finding() {
    let found = judged(&[("1_a.up.sql", ""), ("01_b.up.sql", "")], &[]);
    assert_eq!((found.len(), found[0].policy, &*found[0].file), (1, Policy::Sequential, "1_a.up.sql"));
}

#[test]
fn a_transaction_that_is_left_open_is_found() {
    let found = judged(&[("1_a.up.sql", "BEGIN; CREATE TABLE a (b)")], &[]);
    assert_eq!(brief(&found), [(Level::Error, "it leaves its transaction open".into())]);
}

// As golang-migrate runs it; what comes after its first statement is judged as well.
#[test]
fn a_file_that_ends_the_transaction_around_it_is_judged_to_its_end_and_has_to_begin_another() {
    let rebuild = "COMMIT; PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE a (x); CREATE TABLE a (y)";
    assert_eq!(brief(&judged(&[("1_a.up.sql", rebuild)], &[])), [(Level::Error, "table a already exists".into())]);
    let whole = rebuild.replace("CREATE TABLE a (y)", "");
    assert_eq!(brief(&judged(&[("1_a.up.sql", &whole)], &[])), []);
    let none = "CREATE TABLE a (x); COMMIT";
    let words = "it ends the transaction around it and begins no other";
    assert_eq!(brief(&judged(&[("1_a.up.sql", none)], &[])), [(Level::Error, words.into())]);
}

proptest! {
    #[test]
    fn any_sql_is_judged(
        up in "((?i)(create|table|alter|drop|add|column|rename|to|index|unique|on|trigger|begin|end|;|a|b|\\(|\\)|'|--|/\\*| lint: allow |additive|:|\n|insert into|values|pragma|commit|vacuum|rollback| )|\\PC){0,40}",
        down in "((?i)(drop table |a|b|;|\n|--| lint: allow-file atomic: x)|\\PC){0,8}",
        name in "(1_b|2_b|20_|x|0002-b)\\.(up|down|UP)\\.sql",
    ) {
        let files = [("1_a.up.sql", "CREATE TABLE a (b)"), ("3_c.up.sql", &*up), ("3_c.down.sql", &*down), (&*name, &*up)];
        let found = judged(&files, &Policy::CHOICE);
        prop_assert!(found.iter().all(|finding| !finding.message.is_empty() && !finding.instead.is_empty()));
    }
}
