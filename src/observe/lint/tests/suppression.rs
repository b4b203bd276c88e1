//! Reasons in files, and what is wrong with them.

use super::*;

const BEFORE: &str = "CREATE TABLE a (x, y); CREATE TABLE b (z); CREATE VIEW v AS SELECT x, z FROM a, b";

fn of(sql: &str) -> Vec<Finding> {
    let policies = [Policy::Additive, Policy::Atomic];
    judged(&[("1_before.up.sql", BEFORE), ("2_after.up.sql", sql)], &policies)
}

/// What is suppressed, and the messages of what is not.
fn told(sql: &str) -> (Vec<String>, Vec<String>) {
    let (suppressed, open): (Vec<_>, Vec<_>) = of(sql).into_iter().partition(|finding| finding.suppressed.is_some());
    let reason = |finding: Finding| finding.suppressed.unwrap_or_default();
    (suppressed.into_iter().map(reason).collect(), brief(&open).into_iter().map(|(_, message)| message).collect())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_reason_before_in_or_behind_a_statement_is_for_that_statement() {
    for sql in [
        "-- lint: allow additive: nobody reads it\nDROP VIEW v;",
        "-- lint: allow additive: nobody reads it\n\n-- of last year\nDROP VIEW v;",
        "DROP VIEW v; -- lint: allow additive: nobody reads it",
        "DROP VIEW\n  /* Lint: allow atomic, additive: nobody reads it */\n  v;",
        "--lint:allow additive:nobody reads it\nDROP VIEW v;",
    ] {
        assert_eq!(told(sql).0, ["nobody reads it"], "{sql}");
    }
    let both = "DROP VIEW v;\n-- lint: allow additive: gone since 1.2\nDROP TABLE a;\nDROP TABLE b;";
    let (suppressed, open) = told(both);
    assert_eq!(suppressed, ["gone since 1.2"]);
    assert_eq!(open[1..], words(&["drops the view `v`", "drops the table `b`"]));
}

#[test]
fn a_reason_for_the_file_is_for_all_of_it_and_for_no_other_policy() {
    let sql = "DROP VIEW v; DROP TABLE a; ALTER TABLE b ADD COLUMN x;\n-- lint: allow-file additive: a clean slate";
    let (suppressed, open) = told(sql);
    assert_eq!(suppressed, ["a clean slate", "a clean slate"]);
    assert!(open.len() == 1 && open[0].starts_with("makes 3 changes"), "{open:?}");
    assert_eq!(told(&sql.replace("additive", "additive, atomic")).1, Vec::<String>::new());
}

#[test]
fn a_suppression_without_a_reason_or_with_an_unknown_policy_suppresses_nothing_and_is_found() {
    for (comment, what) in [
        ("lint: allow additive", "the suppression has no reason"),
        ("lint: allow additive:  ", "the suppression has no reason"),
        ("lint: allow addative: why", "there is no policy `addative`; the nearest is `additive`"),
        ("lint: allow sound: why", "there is no policy `sound`; the nearest is `atomic`"),
        ("lint: allow: why", "the comment for the lint is not understood"),
        ("lint: allow : why", "the suppression names no policy"),
        ("lint: ignore additive: why", "the comment for the lint is not understood"),
        ("lint: allow immutable: why", "`immutable` cannot be suppressed"),
    ] {
        let found = of(&format!("-- {comment}\nDROP VIEW v"));
        let wrong = found.iter().find(|finding| finding.policy == Policy::Suppression).unwrap();
        assert_eq!((brief(std::slice::from_ref(wrong)), wrong.line), (vec![(Level::Error, what.to_owned())], Some(1)));
        assert!(found.iter().all(|finding| finding.suppressed.is_none()), "{comment}");
    }
    let text = "INSERT INTO b VALUES ('-- lint: nothing'); -- a comment that mentions lint: nothing";
    assert_eq!(told(text).1, words(&["puts rows into `b`"]));
}

#[test]
fn a_suppression_that_suppresses_nothing_is_noted() {
    let idle = "there is nothing `additive` to suppress";
    assert_eq!(told("-- lint: allow additive: why\nCREATE TABLE c (z)").1, words(&[idle]));
    assert_eq!(told("CREATE TABLE c (z);\n-- lint: allow additive: behind all statements").1, words(&[idle]));
    assert_eq!(told("-- lint: allow-file additive: why\nCREATE TABLE c (z)").1, words(&[idle]));
    // One for a policy that is not looked at says nothing.
    assert_eq!(told("-- lint: allow-file reversible: why\nCREATE TABLE c (z)").1, words(&[]));
    let found = of("-- lint: allow additive: why\nCREATE TABLE c (z)");
    assert_eq!(found[0].level, Level::Note);
}
