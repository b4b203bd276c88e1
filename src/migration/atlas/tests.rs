use proptest::prelude::*;

use super::*;
use crate::config::Wrap;
use crate::migration::Direction;

fn set(files: &[(&str, &str)]) -> Result<Set, MigrationError> {
    let owned = |(file, text): &(&str, &str)| ((*file).to_owned(), text.as_bytes().to_vec());
    Set::read(Format::Atlas, files.iter().map(owned))
}

fn statements(text: &str) -> Vec<String> {
    statements::scan("1_a.sql", text).unwrap().into_iter().map(|piece| piece.sql).collect()
}

/// The line and the words of a refusal.
fn refusal(text: &str) -> (usize, String) {
    match script("1_a.sql", text.as_bytes()) {
        Err(MigrationError::Syntax { line, problem, .. }) => (line, problem),
        other => panic!("{other:?}"),
    }
}

/// Made by Atlas itself.
const VECTOR: &str = "h1:jGIvisixuwjYjvGP5oDmEg2xw4gYVtnVTPMbtvXdmZg=
20240101000001_t1.sql h1:ihJq682UP5TFNLjISjB0z9PiALitn6fHZMBdbsNP8TM=
20240101000002_t2.sql h1:+kTSEO0hePnQtGiQQHpn3+uFvO/f+WG2VivfOyduiVc=
20240101000003_t3.sql h1:2CQc1ZAUHwIhp5D5H1tWsrrl79/35vmkNWpBRxtt0gM=
";

fn vector() -> Vec<(String, String)> {
    let text = |i: u8| {
        format!("-- create t{i}\ncreate table t{i} (id integer primary key);\ncreate index i{i} on t{i}(id);\n")
    };
    let mut files: Vec<_> = (1..=3).map(|i| (format!("2024010100000{i}_t{i}.sql"), text(i))).collect();
    files.push(("atlas.sum".to_owned(), VECTOR.to_owned()));
    files
}

fn read_vector(files: &[(String, String)]) -> Result<Set, MigrationError> {
    set(&files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect::<Vec<_>>())
}

#[test]
fn the_sum_is_that_of_atlas() {
    let set = read_vector(&vector()).unwrap();
    let entries: Vec<_> = set.migrations().iter().map(|one| one.sum.as_deref().unwrap()).collect();
    assert_eq!(entries[1], "+kTSEO0hePnQtGiQQHpn3+uFvO/f+WG2VivfOyduiVc=");
    let found: Vec<_> = set.migrations().iter().map(|one| (one.version.to_string(), one.name.as_str())).collect();
    assert_eq!(found[0], ("20240101000001".to_owned(), "t1"));
    // No file of Atlas has a way down, and nobody needs to be told of each.
    assert!(set.warnings(Wrap::Transaction).is_empty());
}

#[test]
fn a_sum_that_does_not_match_names_the_file() {
    let refusal = |change: fn(&mut Vec<(String, String)>)| {
        let mut files = vector();
        change(&mut files);
        read_vector(&files).unwrap_err().to_string()
    };
    let changed = refusal(|files| files[1].1.push('\n'));
    assert!(changed.starts_with("`20240101000002_t2.sql` is not as `atlas.sum` has it"), "{changed}");
    let removed = refusal(|files| drop(files.remove(2)));
    assert!(removed.starts_with("`20240101000003_t3.sql` is in `atlas.sum`, but not there"), "{removed}");
    for name in ["20240101000000_t0.sql", "20240101000002_t.sql", "20240101000009_t9.sql"] {
        let mut files = vector();
        files.push((name.to_owned(), "select 1;".to_owned()));
        let added = read_vector(&files).unwrap_err().to_string();
        assert!(added.starts_with(&format!("`{name}` is not in `atlas.sum`")), "{added}");
    }
    let renamed = refusal(|files| files[2].0 = "20240101000003_t4.sql".to_owned());
    assert!(renamed.starts_with("`20240101000003_t3.sql` is in `atlas.sum`, but not there"), "{renamed}");
    let damaged = refusal(|files| files[3].1 = VECTOR.replace("h1:jG", "h1:jH"));
    assert!(damaged.starts_with("the first line of `atlas.sum`"), "{damaged}");
    let missing = refusal(|files| drop(files.remove(3)));
    assert!(missing.starts_with("there is no `atlas.sum`") && missing.ends_with("`atlas migrate hash`"), "{missing}");
    assert!(set(&[]).unwrap().migrations().is_empty());
}

#[test]
fn sum_ignore_keeps_the_name_and_drops_the_content() {
    let sum = "h1:D7kXEGHx1T3q7bMxlYAP40+3F+px0jdxQ7p/gzQFc68=\n\
               2_b.sql h1:LSxj15aDRJi+CRsQ2jVbNpYRk/V7N4zkjWFX6PM68es=\n";
    let files = [("1_a.sql", "-- atlas:sum ignore\nselect 1;\n"), ("2_b.sql", "select 2;\n"), ("atlas.sum", sum)];
    let set = set(&files).unwrap();
    assert_eq!(set.migrations()[0].sum.as_deref(), Some(""));
    let refused = Warning::Refused { file: "1_a.sql".into(), what: "`atlas:sum ignore`".into() };
    assert!(set.warnings(Wrap::Transaction).contains(&refused));
    // The carriage return belongs to the value.
    assert_eq!(directive::Directive::first("-- atlas:sum ignore\r\n").unwrap().value, "ignore\r");
}

#[test]
fn a_trigger_is_one_statement() {
    let trigger = "CREATE TRIGGER r AFTER INSERT ON t BEGIN\n  -- END;\n  SELECT ';', CASE WHEN 1 THEN 2 END;\nEND;";
    assert_eq!(statements(&format!("select 1;\n{trigger}\nselect 2")), ["select 1;", trigger, "select 2"]);
    assert_eq!(statements("BEGIN;\nselect 1;\nEND;\n"), ["BEGIN;", "select 1;", "END;"]);
    assert_eq!(statements("BEGIN \nselect 1;\nEND;\n"), ["BEGIN \nselect 1;\nEND;"]);
    assert_eq!(statements("BEGIN TRANSACTION;\nselect 1;\nCOMMIT;\n").len(), 3);
}

#[test]
fn a_delimiter_of_ones_own_ends_statements_and_is_taken_off() {
    assert_eq!(
        statements("-- atlas:delimiter \\n\\n\nselect 1;\nselect 2;\n\nselect 3"),
        ["select 1;\nselect 2;", "select 3"]
    );
    assert_eq!(statements("DELIMITER //\nselect 1; //\nDELIMITER ;\nselect 2;"), ["select 1;", "select 2;"]);
    assert!(refusal("-- atlas:delimiter\nselect 1;").1.contains("empty"));
    assert_eq!(statements("--  atlas:delimiter x\nselect 1;"), ["select 1;"]);
}

#[test]
fn an_unbalanced_parenthesis_is_refused_with_its_line() {
    assert_eq!(refusal("select 1;\nselect (1;\n"), (2, "`(` has no `)`".to_owned()));
    assert_eq!(refusal("select 1;\n\nselect 1);\n"), (3, "`)` has no `(`".to_owned()));
    assert_eq!(refusal("select 'a;\n").1, "the quote has no end");
    assert_eq!(
        statements("create table a (b text default (';'));select 1"),
        ["create table a (b text default (';'));", "select 1"]
    );
}

#[test]
fn comments_belong_to_no_statement_unless_nothing_follows_them() {
    assert_eq!(statements("-- a; b\n/* c; */ select 1 -- d;\n;\n-- end\n"), ["select 1 -- d;\n;"]);
    assert_eq!(statements("-- only\n"), [""; 0]);
    assert_eq!(statements("-- only"), ["-- only"]);
    assert_eq!(statements(""), [""; 0]);
}

#[test]
fn the_digest_of_a_statement_is_that_of_atlas() {
    let text = "create table t4 (id integer);\ncreate table t4 (id integer);\n";
    let digests = script("4_t4.sql", text.as_bytes()).unwrap().running_digests();
    assert_eq!(digests[0], "h1:soF6ilwZj/gAJbRJMU3t1C5B25BXy6CGI+Oqb+kBmY8=");
    assert!(digests.len() == 2 && digests[1] != digests[0]);
}

#[test]
fn the_mode_of_transactions_counts_only_above_an_empty_line() {
    let mode = |text: &str| script("1_a.sql", text.as_bytes()).unwrap().transaction;
    assert_eq!(mode("-- atlas:txmode none\n\nselect 1;"), Transaction::Nothing);
    assert_eq!(mode("-- a\n-- atlas:txmode none\n \t\nselect 1;"), Transaction::Nothing);
    assert_eq!(mode("-- atlas:txmode none\nselect 1;"), Transaction::Around);
    assert_eq!(mode("-- atlas:txmode none\r\n\r\nselect 1;"), Transaction::Around);
    assert_eq!(mode("-- atlas:txmode file\n\nselect 1;"), Transaction::Around);
    assert_eq!(mode("select 1;\n-- atlas:txmode none\n\n"), Transaction::Around);
    for (text, word) in [
        ("-- atlas:txmode all\n\n", "all"),
        ("-- atlas:txmode no\n\n", "neither"),
        ("-- atlas:txmode none\n-- atlas:txmode none\n\n", "several"),
        ("-- atlas:checkpoint v1\n\n", "atlas:checkpoint"),
    ] {
        assert!(refusal(text).1.contains(word), "{text}");
    }
}

#[test]
fn there_is_no_way_down() {
    let set = read_vector(&vector()).unwrap();
    let (first, last) = (set.migrations()[0].version.clone(), set.latest().unwrap().clone());
    let error = set.down(&last, Some(&first)).unwrap_err();
    assert!(matches!(error, MigrationError::NoWayBack { .. }), "{error}");
    assert!(set.migrations().iter().all(|one| one.down.is_none()));
    let nil = |warning: &Warning| matches!(warning, Warning::Nil { direction: Direction::Up, .. });
    assert!(!set.warnings(Wrap::Transaction).iter().any(nil));
}

#[test]
fn blocks_that_lie_deep_in_each_other_need_no_deep_stack() {
    let text = format!("{}{}", "BEGIN x ".repeat(3_000), "END; ".repeat(3_000));
    assert_eq!(statements(&text).len(), 1);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = Set::read(Format::Atlas, std::iter::once(("1_a.sql".to_owned(), bytes)));
        let text = "h1:".to_owned();
        let _ = set(&[("1_a.sql", "select 1;"), ("atlas.sum", &text)]);
    }

    #[test]
    fn any_text_is_scanned_or_refused(text in "((?i)begin |end|;|\\(|\\)|'|--|/\\*|\\*/|\n|delimiter |-- atlas:delimiter |x|é| )*") {
        if let Ok(pieces) = statements::scan("1_a.sql", &text) {
            prop_assert!(pieces.iter().all(|piece| text.contains(&piece.sql)));
        }
    }

    #[test]
    fn statements_come_back_as_they_were_written(statements in proptest::collection::vec("SELECT '[a-z; ]{0,9}'(,\n  [1-9])?;", 0..6)) {
        prop_assert_eq!(super::tests::statements(&statements.join("\n-- c\n")), statements);
    }
}
