use proptest::prelude::*;

use super::*;

/// The scripts up and down.
fn read(text: &str) -> Result<(Option<Script>, Option<Script>), MigrationError> {
    sections("1_a.sql", text)
}

fn texts(script: Option<Script>) -> Vec<String> {
    script.into_iter().flat_map(|script| script.pieces).map(|piece| piece.sql).collect()
}

/// The chunks of the way up.
fn up(text: &str) -> Vec<String> {
    texts(read(text).unwrap().0)
}

/// The line and the words of a refusal.
fn refusal(text: &str) -> (usize, String) {
    match read(text) {
        Err(MigrationError::Syntax { line, problem, .. }) => (line, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn numbers_come_first_by_number_and_names_after_them_by_letter() {
    let names = ["b.sql", "10_a.sql", "9_b.sql", "a.sql", "009_a.sql", "B.sql"];
    let files = names.map(|name| (name.to_owned(), b"-- +migrate Up\n".to_vec()));
    let set = Set::read(Format::SqlMigrate, files.into_iter()).unwrap();
    let found: Vec<_> = set.versions().map(ToString::to_string).collect();
    assert_eq!(found, ["009_a.sql", "9_b.sql", "10_a.sql", "B.sql", "a.sql", "b.sql"]);
}

#[test]
fn a_lower_case_up_is_no_section() {
    assert!(refusal("-- +migrate up\nSELECT 1;\n").1.contains("neither"));
}

#[test]
fn a_mark_without_its_space_is_no_section() {
    assert!(refusal("--+migrate Up\nSELECT 1;\n").1.contains("neither"));
    assert!(refusal(" -- +migrate Up\nSELECT 1;\n").1.contains("neither"));
}

#[test]
fn garbage_before_the_first_section_is_dropped() {
    assert_eq!(up("garbage;\n-- +migrate Up\nSELECT 1;\n"), ["SELECT 1"]);
    assert_eq!(up("\u{feff}garbage;\n-- +migrate Up\nSELECT 1;\n"), ["SELECT 1"]);
}

#[test]
fn a_comment_line_is_dropped_inside_a_literal_too() {
    assert_eq!(up("-- +migrate Up\nINSERT INTO t VALUES ('a\n-- b\nc');\n"), ["INSERT INTO t VALUES ('a\nc')"]);
    assert_eq!(up("-- +migrate Up\nSELECT 1\n--x\n;\n"), ["SELECT 1\n--x\n"]);
}

#[test]
fn a_comment_without_a_space_at_the_end_is_refused() {
    assert_eq!(refusal("-- +migrate Up\nSELECT 1;\n--the end\n").0, 3);
    assert!(read("-- +migrate Up\nSELECT 1;\n-- the end\n").is_ok());
}

#[test]
fn sections_may_repeat_in_any_order() {
    let text = "-- +migrate Down\nSELECT 1;\n-- +migrate Up\nSELECT 2;\n-- +migrate Down notransaction\nSELECT 3;\n";
    let (up, down) = read(text).unwrap();
    assert_eq!(up.as_ref().map(|script| script.transaction), Some(Transaction::Around));
    assert_eq!(down.as_ref().map(|script| script.transaction), Some(Transaction::Nothing));
    assert_eq!((texts(up), texts(down)), (vec!["SELECT 2".into()], vec!["SELECT 1".into(), "SELECT 3".into()]));
}

#[test]
fn a_block_is_one_piece_whatever_ends_in_it() {
    let trigger = "CREATE TRIGGER r AFTER INSERT ON t BEGIN\n  SELECT 1;\nEND;";
    let text = format!("-- +migrate Up\n-- +migrate StatementBegin\n{trigger}\n-- +migrate StatementEnd\nSELECT 2;\n");
    assert_eq!(up(&text), [trigger.trim_end_matches(';'), "SELECT 2"]);
    assert!(refusal("-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\n").1.contains("StatementEnd"));
}

#[test]
fn of_what_ends_a_statement_one_of_each_is_taken_off() {
    assert_eq!(up("-- +migrate Up\nSELECT 1;; \nSELECT 2;\r\n"), ["SELECT 1;", "SELECT 2"]);
    assert_eq!(up("-- +migrate Up\nSELECT 1; SELECT 2;\n"), ["SELECT 1; SELECT 2"]);
}

#[test]
fn commands_that_are_not_known_are_passed_over_and_an_empty_one_is_refused() {
    assert_eq!(up("-- +migrate Up\n-- +migrate Sideways\nSELECT 1;\n"), ["SELECT 1"]);
    assert_eq!(refusal("-- +migrate Up\n-- +migrate  \n"), (2, "a command must follow `-- +migrate`".to_owned()));
}

#[test]
fn a_section_that_is_missing_is_none_and_an_empty_one_is_empty() {
    let (_, down) = read("-- +migrate Up\nSELECT 1;\n").unwrap();
    assert_eq!(down, None);
    let (_, down) = read("-- +migrate Up\n-- +migrate Down\n").unwrap();
    assert_eq!(down.map(|script| script.pieces), Some(Vec::new()));
}

#[test]
fn the_whole_name_is_the_version() {
    let files = [("20250101-add_users.sql".to_owned(), b"-- +migrate Up\n".to_vec())];
    let set = Set::read(Format::SqlMigrate, files.into_iter()).unwrap();
    let migration = &set.migrations()[0];
    assert_eq!(migration.version, SchemaVersion::Text("20250101-add_users.sql".to_owned()));
    assert_eq!(migration.name, "add_users");
    let file = "99999999999999999999_a.sql".to_owned();
    let read = Set::read(Format::SqlMigrate, std::iter::once((file.clone(), b"-- +migrate Up\n".to_vec())));
    assert_eq!(read, Err(MigrationError::VersionTooLarge { file }));
}

#[test]
fn a_long_word_hides_the_end_of_its_line_as_it_does_from_the_engine() {
    let text = |length: usize| format!("-- +migrate Up\nSELECT '{}' ;\nSELECT 2;\n", "x".repeat(length - 2));
    assert_eq!(up(&text(LONGEST_WORD - 1)).len(), 2);
    assert_eq!(up(&text(LONGEST_WORD)).len(), 1);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = Set::read(Format::SqlMigrate, std::iter::once(("1_a.sql".to_owned(), bytes)));
    }

    #[test]
    fn any_lines_are_read_or_refused(
        lines in proptest::collection::vec("-- \\+migrate (Up|Down|StatementBegin|StatementEnd)|[ a;'-]{0,6}|\\PC{0,4}", 0..12),
    ) {
        let _ = read(&lines.join("\n"));
    }

    #[test]
    fn statements_come_back_as_they_were_written(statements in proptest::collection::vec("SELECT '[a-z ]{0,9}'(,\n  [1-9])?;", 0..6)) {
        let text = format!("-- +migrate Up\n{}\n-- +migrate Down\n{}\n", statements.join("\n"), statements.join("\n"));
        let (up, down) = read(&text).unwrap();
        for script in [up, down] {
            let found: Vec<_> = texts(script).into_iter().map(|sql| sql + ";").collect();
            prop_assert_eq!(&found, &statements);
        }
    }
}
