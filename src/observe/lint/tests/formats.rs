//! The same of every format: one file with two sections, an engine's own marks, reasons between them.

use super::*;
use crate::migration::lint::rule;

fn of(format: Format, files: &[(&str, &str)], policies: &[Policy]) -> Vec<Finding> {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let ledger = Ledger::of(format, None).unwrap();
    let stop: Stop = Arc::new(|| false);
    lint(&Subject::plain(&files, format, &ledger), &policies.iter().copied().collect(), &stop).unwrap().findings
}

/// The marks of a format: up, down, and those around a statement with semicolons in it.
const MARKS: [(Format, &str, &str, [&str; 2]); 3] = [
    (Format::Goose, "-- +goose Up", "-- +goose Down", ["-- +goose StatementBegin", "-- +goose StatementEnd"]),
    (Format::Dbmate, "-- migrate:up", "-- migrate:down", ["", ""]),
    (
        Format::SqlMigrate,
        "-- +migrate Up",
        "-- +migrate Down",
        ["-- +migrate StatementBegin", "-- +migrate StatementEnd"],
    ),
];

#[test]
fn findings_and_reasons_are_found_in_files_with_two_sections() {
    for (format, up, down, [begin, end]) in MARKS {
        let first = format!("{up}\nCREATE TABLE a (b, c);\n{down}\nDROP TABLE a;\n");
        let second = format!(
            "{up}\n{begin}\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\nEND;\n{end}\n\
             -- lint: allow additive: nobody reads c\nALTER TABLE a DROP COLUMN c;\nALTER TABLE a RENAME TO d;\n\
             {down}\nALTER TABLE d RENAME TO a;\nDROP TRIGGER t;\n"
        );
        let files = [("00001_make_a.sql", &*first), ("00002_change_a.sql", &*second)];
        let found = of(format, &files, &[Policy::Additive, Policy::Reversible, Policy::Atomic]);
        let brief: Vec<_> = found
            .iter()
            .map(|finding| (finding.line, &*finding.message, finding.suppressed.as_deref()))
            .map(|(line, message, suppressed)| (line, message.split(": ").next().unwrap(), suppressed))
            .collect();
        let expected = [
            (None, "after going up and down table a", None),
            (Some(3), "makes the trigger `t` on `a`", None),
            (Some(8), "drops the column `a.c`", Some("nobody reads c")),
            (Some(9), "renames the table `a` to `d`", None),
        ];
        assert_eq!(brief, expected, "{format}");
    }
}

#[test]
fn a_file_that_asks_for_no_transaction_is_found_where_a_failure_would_leave_half() {
    let two = "CREATE TABLE a (b);\nCREATE INDEX c ON a (b);";
    for (format, text) in [
        (Format::Goose, "-- +goose NO TRANSACTION\n-- +goose Up\nBODY\n-- +goose Down\nDROP TABLE a;\n"),
        (Format::Dbmate, "-- migrate:up transaction:false\nBODY\n-- migrate:down\nDROP TABLE a;\n"),
        (Format::SqlMigrate, "-- +migrate Up notransaction\nBODY\n-- +migrate Down\nDROP TABLE a;\n"),
    ] {
        let found =
            |body: &str| brief(&of(format, &[("00001_make_a.sql", &text.replace("BODY", body))], &[Policy::Atomic]));
        assert_eq!(found(two), [(Level::Warning, "it runs outside a transaction".to_owned())], "{format}");
        assert_eq!(found("VACUUM;"), [], "{format}");
        assert_eq!(found("PRAGMA foreign_keys = OFF;\nCREATE TABLE a (b);"), [], "{format}");
    }
}

#[test]
fn an_order_that_is_not_that_of_the_numbers_is_found() {
    let text =
        |table: &str| format!("-- migrate:up\nCREATE TABLE {table} (b);\n-- migrate:down\nDROP TABLE {table};\n");
    let files = [("9_make_a.sql", &*text("a")), ("10_make_b.sql", &*text("b"))];
    let found = of(Format::Dbmate, &files, &[Policy::Sequential]);
    let order = found.iter().find(|finding| finding.instead == rule::BYTEWISE.instead).unwrap();
    assert_eq!((&*order.file, order.level), ("9_make_a.sql", Level::Error));
}
