use proptest::prelude::*;

use super::*;
use crate::config::Wrap;
use crate::migration::Warning;

fn set(files: &[(&str, &str)]) -> Result<Set, MigrationError> {
    let owned = |(file, text): &(&str, &str)| ((*file).to_owned(), text.as_bytes().to_vec());
    Set::read(Format::Goose, files.iter().map(owned))
}

fn read(text: &str) -> Result<(Script, Option<Script>), MigrationError> {
    sections("1_a.sql", text)
}

/// The chunks of the way up.
fn up(text: &str) -> Vec<String> {
    let (script, _) = read(text).unwrap();
    script.pieces.into_iter().map(|piece| piece.sql).collect()
}

/// The line and the words of a refusal.
fn refusal(text: &str) -> (usize, String) {
    match read(text) {
        Err(MigrationError::Syntax { line, problem, .. }) => (line, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_annotation_needs_no_space_and_no_case() {
    assert_eq!(up("--+goose UP\nSELECT 1;\n"), ["SELECT 1;"]);
    assert_eq!(up("-- +goose up --\nSELECT 1;\n"), ["SELECT 1;"]);
}

#[test]
fn a_leading_space_before_an_annotation_is_refused() {
    for text in [" -- +goose Up\nSELECT 1;\n", "\t-- +goose Up\nSELECT 1;\n"] {
        assert_eq!(refusal(text), (1, "white space stands before an annotation of goose".to_owned()));
    }
}

#[test]
fn prose_that_mentions_goose_is_refused() {
    let (line, problem) = refusal("-- +goose Up\n-- see +goose docs\nSELECT 1;\n");
    assert_eq!(line, 2);
    assert!(problem.contains("`see  docs`") && problem.contains("every comment"), "{problem}");
    assert!(refusal("-- +goose Up +goose Down\n").1.contains("two annotations"));
}

#[test]
fn a_comment_behind_the_semicolon_ends_the_statement_only_after_a_space() {
    assert_eq!(up("-- +goose Up\nSELECT 1; -- c\nSELECT 2;\n").len(), 2);
    let (line, problem) = refusal("-- +goose Up\nSELECT 0;\nSELECT 1;--c\n");
    assert_eq!((line, problem.contains("no end")), (3, true));
}

#[test]
fn a_line_of_spaces_before_a_comment_at_the_end_is_refused() {
    let text = "-- +goose Up\nSELECT 1;\n  \n-- the end\n";
    assert_eq!(refusal(text).0, 3);
    assert!(read("-- +goose Up\nSELECT 1;\n\n-- the end\n").is_ok());
    assert!(read("-- +goose Up\nSELECT 1;\n  \n").is_ok());
}

#[test]
fn an_empty_block_swallows_the_next_line() {
    let text = "-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementEnd\nSELECT 1;\nSELECT 2;\n";
    assert_eq!(up(text), ["", "SELECT 2;"]);
}

#[test]
fn lines_that_end_as_on_windows_are_read() {
    assert_eq!(up("-- +goose Up\r\nSELECT\r\n1;\r\n-- +goose Down\r\n"), ["SELECT\n1;"]);
}

#[test]
fn a_byte_order_mark_is_refused_and_named() {
    let (line, problem) = refusal("\u{feff}-- +goose Up\nSELECT 1;\n");
    assert_eq!((line, problem.contains("byte order mark")), (1, true));
}

#[test]
fn a_plus_sign_before_the_number_counts_for_nothing() {
    let set = set(&[("+5_t.sql", "-- +goose Up\n"), ("05_u.sql", "-- +goose Up\n")]);
    let duplicate = MigrationError::Duplicate { first: "+5_t.sql".into(), second: "05_u.sql".into() };
    assert_eq!(set, Err(duplicate));
    assert_eq!(version("+5_t.sql").unwrap().map(|(number, title, _)| (number, title)), Some((5, "t")));
}

#[test]
fn files_are_ordered_by_number() {
    let one = "-- +goose Up\n";
    let set = set(&[("10_c.sql", one), ("9_b.sql", one), ("00001_a.b.sql", one)]).unwrap();
    let found: Vec<_> = set.migrations().iter().map(|one| (one.version.to_string(), one.name.clone())).collect();
    assert_eq!(found, [("1".into(), "a.b".into()), ("9".into(), "b".into()), ("10".into(), "c".into())]);
}

#[test]
fn names_that_are_nearly_right_are_told_with_the_reason() {
    for (file, reason) in [
        ("0001-name.sql", "there must be a `_` after its number"),
        ("seed.sql", "it must begin with a number"),
        ("0_x.sql", "its number must be above 0"),
        ("1_a.SQL", "it must end in `.sql`, in lower case"),
        ("-1_a.sql", "it must begin with a number"),
    ] {
        let warnings = set(&[(file, "SELECT 1;")]).unwrap().warnings(Wrap::Transaction);
        let (file, reason) = (file.to_owned(), reason.to_owned());
        assert_eq!(warnings, [Warning::Misnamed { file, format: Format::Goose, reason }]);
    }
    assert_eq!(set(&[("embed.go", "")]).unwrap().warnings(Wrap::Transaction), [Warning::Ignored("embed.go".into())]);
    let file = "9223372036854775808_a.sql".to_owned();
    assert_eq!(set(&[(&file, "")]), Err(MigrationError::VersionTooLarge { file: file.clone() }));
}

#[test]
fn go_migrations_are_refused_by_name_with_the_way_out() {
    let error = set(&[("1_a.sql", "-- +goose Up\n"), ("2_b.go", "package migrations")]).unwrap_err();
    assert_eq!(error, MigrationError::Go { file: "2_b.go".into() });
    assert!(error.to_string().contains("format = \"command\""));
    assert!(set(&[("1_a.sql", "-- +goose Up\n"), ("2_b_test.go", "")]).is_ok());
}

#[test]
fn sections_keep_their_order_and_their_number() {
    assert!(refusal("-- +goose Down\nSELECT 1;\n").1.contains("before"));
    assert!(refusal("-- +goose Up\n-- +goose Up\n").1.contains("second"));
    assert!(refusal("-- +goose Up\n-- +goose Down\n-- +goose Down\n").1.contains("second"));
    assert!(refusal("SELECT 1;\n-- +goose Up\n").1.contains("text before"));
    assert!(refusal("").1.contains("no `-- +goose Up`"));
    assert_eq!(refusal("-- +goose Up\nSELECT 1\n-- +goose Down\n").0, 2);
    assert_eq!(refusal("-- +goose Up\n-- +goose Down\nSELECT 1\n").0, 3);
    assert!(refusal("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n").1.contains("no `-- +goose StatementEnd`"));
    assert!(refusal("-- +goose Up\n-- +goose StatementEnd\n").1.contains("no `-- +goose StatementBegin`"));
}

#[test]
fn a_missing_way_down_is_none_and_an_empty_one_is_empty() {
    assert_eq!(read("-- +goose Up\nSELECT 1;\n").unwrap().1, None);
    assert_eq!(read("-- +goose Up\n-- +goose Down\n").unwrap().1.map(|down| down.pieces), Some(Vec::new()));
}

#[test]
fn no_transaction_counts_for_both_ways_wherever_it_stands() {
    let (up, down) = read("-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n-- +goose no transaction\n").unwrap();
    assert_eq!((up.transaction, down.unwrap().transaction), (Transaction::Nothing, Transaction::Nothing));
}

#[test]
fn a_trigger_in_a_block_is_one_piece_and_pieces_know_their_line() {
    let trigger = "CREATE TRIGGER r AFTER INSERT ON t BEGIN\n  SELECT ';';\nEND;";
    let text = format!(
        "-- +goose Up\n-- c\n\n  \nCREATE TABLE t (x); SELECT 1;\n\n-- +goose StatementBegin\n{trigger}\n\
         -- +goose StatementEnd\nINSERT INTO t\n-- kept; \nVALUES (1);\n"
    );
    let (up, _) = read(&text).unwrap();
    let found: Vec<_> = up.pieces.iter().map(|piece| (piece.line, piece.sql.as_str())).collect();
    let expected = [(5, "CREATE TABLE t (x); SELECT 1;"), (8, trigger), (12, "INSERT INTO t\n-- kept; \nVALUES (1);")];
    assert_eq!(found, expected);
}

#[test]
fn what_needs_no_environment_is_filled_in_as_goose_does() {
    let text = "-- +goose Up\n-- +goose ENVSUB ON\nSELECT '$$5 \\$x \\\\ $(a) \\n', '$\n';\n-- +goose ENVSUB OFF\nSELECT '$HOME';\n";
    assert_eq!(up(text), ["SELECT '$5 $x \\\\ $(a) \\n', '$\n';", "SELECT '$HOME';"]);
}

#[test]
fn a_variable_of_the_environment_is_refused_by_name() {
    for variable in ["$HOME", "${HOME}", "${HOME:-x}", "${HOME?no}"] {
        let text = format!("-- +goose ENVSUB ON\n-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT '{variable}';\n");
        let (line, problem) = refusal(&text);
        assert!(line == 5 && problem.starts_with("`$HOME`") && problem.contains("\"command\""), "{problem}");
    }
    assert!(refusal("-- +goose Up\n-- +goose ENVSUB ON\nSELECT '$5';\n").1.contains("`$$`"));
}

#[test]
fn a_line_that_goose_cannot_read_is_refused() {
    let text = |length: usize| format!("-- +goose Up\nSELECT '{}';", "x".repeat(length - 10));
    assert!(read(&text(LONGEST - 1)).is_ok());
    assert_eq!(refusal(&text(LONGEST)).0, 2);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = Set::read(Format::Goose, std::iter::once(("1_a.sql".to_owned(), bytes)));
    }

    #[test]
    fn any_lines_are_read_or_refused(
        lines in proptest::collection::vec("-- \\+goose (Up|Down|StatementBegin|StatementEnd|ENVSUB ON)|[ a;$\\\\{}'-]{0,6}|\\PC{0,4}", 0..12),
    ) {
        let _ = read(&lines.join("\n"));
    }

    #[test]
    fn statements_come_back_as_they_were_written(statements in proptest::collection::vec("SELECT '[a-z ]{0,9}'(,\n  [1-9])?;", 0..6)) {
        let text = format!("-- +goose Up\n{}\n-- +goose Down\n{}", statements.join("\n"), statements.join("\n\n"));
        let (up, down) = read(&text).unwrap();
        for script in [up, down.unwrap()] {
            let found: Vec<_> = script.pieces.into_iter().map(|piece| piece.sql).collect();
            prop_assert_eq!(&found, &statements);
        }
    }
}
