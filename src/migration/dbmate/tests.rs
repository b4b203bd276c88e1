use proptest::prelude::*;

use super::*;
use crate::config::Wrap;
use crate::migration::Warning;

fn read(text: &str) -> Result<(Script, Script), MigrationError> {
    blocks("1_a.sql", text)
}

fn set(names: &[&str]) -> Result<Set, MigrationError> {
    let file = |name: &&str| ((*name).to_owned(), b"-- migrate:up\n-- migrate:down\n".to_vec());
    Set::read(Format::Dbmate, names.iter().map(file))
}

/// The line and the words of a refusal.
fn refusal(text: &str) -> (usize, String) {
    match read(text) {
        Err(MigrationError::Syntax { line, problem, .. }) => (line, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ten_comes_before_nine_and_is_told() {
    let set = set(&["9_z.sql", "10_z.sql", "8_a.sql"]).unwrap();
    let found: Vec<_> = set.versions().map(ToString::to_string).collect();
    assert_eq!(found, ["10", "8", "9"]);
    let order = Warning::Order { earlier: "10_z.sql".into(), later: "8_a.sql".into() };
    assert_eq!(set.warnings(Wrap::Transaction), [order]);
}

#[test]
fn digits_are_kept_as_they_are_written() {
    let set = set(&["001_a.sql", "1_b.sql", "02.sql", "123456789012345678901234567890x.sql"]).unwrap();
    let found: Vec<_> = set.migrations().iter().map(|one| (one.version.to_string(), one.name.as_str())).collect();
    let expected = [("001", "a"), ("02", ""), ("123456789012345678901234567890", "x"), ("1", "b")];
    assert_eq!(found, expected.map(|(version, name)| (version.to_owned(), name)));
}

#[test]
fn duplicate_digits_are_refused() {
    let duplicate = MigrationError::Duplicate { first: "01_a.sql".into(), second: "01_b.sql".into() };
    assert_eq!(set(&["01_a.sql", "01_b.sql"]), Err(duplicate));
}

#[test]
fn a_missing_down_block_is_refused_and_an_empty_one_is_not() {
    assert!(refusal("-- migrate:up\nSELECT 1;\n").1.contains("no `-- migrate:down`"));
    assert!(read("-- migrate:up\nSELECT 1;\n-- migrate:down").is_ok());
}

#[test]
fn a_marker_that_is_not_at_the_beginning_of_its_line_is_none() {
    assert!(refusal(" -- migrate:up\n-- migrate:down\n").1.contains("no `-- migrate:up`"));
    assert!(refusal("\u{feff}-- migrate:up\n-- migrate:down\n").1.contains("byte order mark"));
}

#[test]
fn a_marker_in_capitals_is_none() {
    assert!(refusal("-- migrate:UP\n-- migrate:down\n").1.contains("no `-- migrate:up`"));
    assert!(refusal("-- migrate:upwards\n-- migrate:down\n").1.contains("no `-- migrate:up`"));
}

#[test]
fn a_statement_before_the_first_marker_is_refused() {
    assert_eq!(refusal("-- c\n\nSELECT 1;\n-- migrate:up\n-- migrate:down\n").0, 3);
    assert!(read("\n  -- c\n--migrate:up\n--migrate:down\n").is_ok());
}

#[test]
fn a_second_down_block_is_refused() {
    assert_eq!(refusal("-- migrate:up\n-- migrate:down\n-- migrate:down\n").0, 3);
}

#[test]
fn a_file_with_several_sections_is_refused() {
    let text = "-- migrate:up\n-- migrate:down\n-- migrate:up\n-- migrate:down\n";
    let (line, problem) = refusal(text);
    assert_eq!((line, problem.contains("a file of its own")), (3, true));
}

#[test]
fn a_block_is_one_piece_with_the_line_of_its_marker() {
    let (up, down) = read("-- c\r\n-- migrate:up\r\nSELECT ';';\r\n-- migrate:down\r\nSELECT 2;").unwrap();
    let piece = |sql: &str, line| vec![Piece { sql: sql.to_owned(), line }];
    assert_eq!(up.pieces, piece("-- migrate:up\r\nSELECT ';';\r\n", 2));
    assert_eq!(down.pieces, piece("-- migrate:down\r\nSELECT 2;", 4));
}

#[test]
fn each_block_has_its_own_options() {
    for (option, transaction) in [
        ("transaction:false", Transaction::Nothing),
        ("\ttransaction:false\r", Transaction::Nothing),
        ("a:b transaction:false", Transaction::Nothing),
        ("transaction:false transaction:true", Transaction::Around),
        ("transaction:false;", Transaction::Around),
        ("transaction: false", Transaction::Around),
        ("transaction:false:x", Transaction::Around),
        ("TRANSACTION:false", Transaction::Around),
    ] {
        let (up, down) = read(&format!("-- migrate:up {option}\n-- migrate:down\n")).unwrap();
        assert_eq!((up.transaction, down.transaction), (transaction, Transaction::Around), "{option}");
    }
    let (_, down) = read("-- migrate:up\n-- migrate:down transaction:false\n").unwrap();
    assert_eq!(down.transaction, Transaction::Nothing);
}

#[test]
fn names_that_are_nearly_right_are_told_with_the_reason() {
    for (file, reason) in
        [("a.sql", "it must begin with a number"), ("1_a.SQL", "it must end in `.sql`, in lower case")]
    {
        let warning = Warning::Misnamed { file: file.into(), format: Format::Dbmate, reason: reason.into() };
        assert_eq!(set(&[file]).unwrap().warnings(Wrap::Transaction), [warning]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = Set::read(Format::Dbmate, std::iter::once(("1_a.sql".to_owned(), bytes)));
    }

    #[test]
    fn blocks_come_back_as_they_were_written(
        before in "(--[a-z ]{0,5}\n|[ \t]{0,3}\n){0,3}", up in "([a-z;' ]{0,9}\n){0,4}", down in "([a-z;' ]{0,9}\n){0,4}",
    ) {
        let text = format!("{before}-- migrate:up\n{up}-- migrate:down\n{down}");
        let (first, second) = read(&text).unwrap();
        prop_assert_eq!(&first.pieces[0].sql, &format!("-- migrate:up\n{up}"));
        prop_assert_eq!(&second.pieces[0].sql, &format!("-- migrate:down\n{down}"));
    }
}
