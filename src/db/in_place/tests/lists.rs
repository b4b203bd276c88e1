//! Formats whose ledger lists what is applied, in place and on a copy.

use std::cell::RefCell;

use super::*;
use crate::config::ForeignKeys;
use crate::db::migrate;

/// The formats, and a statement that shows what of their ledger two engines must agree on.
const LISTS: [(Format, &str); 4] = [
    (Format::Goose, "SELECT id || ' ' || version_id || ' ' || is_applied FROM goose_db_version ORDER BY id"),
    (Format::Dbmate, "SELECT version FROM schema_migrations ORDER BY rowid"),
    (Format::SqlMigrate, "SELECT id FROM gorp_migrations ORDER BY rowid"),
    (
        Format::Atlas,
        "SELECT version || ' ' || type || ' ' || applied || '/' || total || ' ' || error || error_stmt || hash
         FROM atlas_schema_revisions ORDER BY rowid",
    ),
];

const STEPS: [(&str, &str, &str); 3] = [
    ("1", "CREATE TABLE a (x);", "DROP TABLE a"),
    ("2", "CREATE TABLE b (x); INSERT INTO b VALUES (1);", "DROP TABLE b"),
    ("3", "CREATE TABLE c (x);", "DROP TABLE c"),
];

pub(super) fn go(path: &Path, format: Format, works: &[Work]) -> Result<Effect, InPlaceError> {
    run(path, works, &Ledger::of(format, None).unwrap(), Arc::new(|| false), &|_| {})
}

pub(super) fn some(set: &Set, direction: Direction, wanted: &[&str]) -> Vec<Work> {
    set.select(direction, |_, version| wanted.contains(&version.to_string().as_str())).unwrap()
}

pub(super) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn up_and_down_leave_the_rows_of_what_is_applied() {
    for (format, rows_of) in LISTS {
        let (_directory, path) = database("");
        let set = Set::sample(format, &STEPS);
        let receipt = go(&path, format, &some(&set, Direction::Up, &["1", "2", "3"])).unwrap();
        assert_eq!(receipt.schema.as_ref(), set.latest());
        let expected = match format {
            Format::Goose => texts(&["1 0 1", "2 1 1", "3 2 1", "4 3 1"]),
            Format::Atlas => texts(&["1 2 1/1 sum1", "2 2 2/2 sum2", "3 2 1/1 sum3"]),
            _ => texts(&["1", "2", "3"]),
        };
        assert_eq!(rows(&path, rows_of), expected, "{format}");
        if !format.goes_back() {
            assert!(set.down(set.latest().unwrap(), None).is_err());
            continue;
        }
        let receipt = go(&path, format, &some(&set, Direction::Down, &["2", "3"])).unwrap();
        assert_eq!(receipt.schema, format.schema("1"));
        assert_eq!(rows(&path, rows_of), expected[..expected.len() - 2], "{format}");
        assert_eq!(rows(&path, "SELECT name FROM sqlite_schema WHERE name IN ('a', 'b', 'c')"), ["a"]);
    }
}

#[test]
fn a_copy_gets_the_same_ledger() {
    for (format, rows_of) in LISTS {
        let ((_one, in_place), (_other, copy)) = (database("VACUUM"), database("VACUUM"));
        let set = Set::sample(format, &[STEPS[0], ("2", "-- outside\nCREATE TABLE b (x);", ""), STEPS[2]]);
        let works = some(&set, Direction::Up, &["1", "2", "3"]);
        go(&in_place, format, &works).unwrap();
        let ledger = Ledger::of(format, None).unwrap();
        let receipt = migrate::run(&copy, &works, &Settings::of(&ledger)).unwrap();
        assert_eq!(receipt.schema.as_ref(), set.latest());
        assert_eq!(rows(&copy, rows_of), rows(&in_place, rows_of), "{format}");
        let schema = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL";
        assert_eq!(rows(&copy, schema), rows(&in_place, schema), "{format}");
    }
}

#[test]
fn a_failure_in_the_transaction_leaves_neither_a_row_nor_a_table() {
    for (format, rows_of) in LISTS {
        let (_directory, path) = database("");
        let set = Set::sample(format, &[STEPS[0], ("2", "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);", "")]);
        go(&path, format, &some(&set, Direction::Up, &["1"])).unwrap();
        let before = rows(&path, rows_of);
        let error = go(&path, format, &some(&set, Direction::Up, &["2"])).unwrap_err();
        assert!(matches!(error, InPlaceError::Unchanged(MigrateError::Statement { statement: 2, .. })), "{error}");
        assert_eq!(rows(&path, rows_of), before, "{format}");
        assert!(rows(&path, "SELECT name FROM sqlite_schema WHERE name = 'b'").is_empty());
    }
}

#[test]
fn a_failure_outside_a_transaction_leaves_what_the_engine_leaves_and_is_told() {
    let outside = ("2", "-- outside\nCREATE TABLE b (x); INSERT INTO nowhere VALUES (1); CREATE TABLE d (x);", "");
    for (format, rows_of) in LISTS {
        let (_directory, path) = database("");
        let set = Set::sample(format, &[STEPS[0], outside]);
        let error = go(&path, format, &some(&set, Direction::Up, &["1", "2"])).unwrap_err();
        let last = rows(&path, rows_of).pop().unwrap();
        let InPlaceError::Partly { schema, dirty, within, .. } = error else { panic!("{error}") };
        assert_eq!(within.as_deref(), Some("2_m.sql"));
        if format == Format::Atlas {
            assert_eq!((schema, dirty), (format.schema("2"), true));
            assert_eq!(last, "2 2 1/3 no such table: nowhere INSERT INTO nowhere VALUES (1);sum2");
        } else {
            assert_eq!((schema, dirty), (format.schema("1"), false));
            assert!(last.starts_with(if format == Format::Goose { "2 1 1" } else { "1" }), "{last}");
        }
        assert_eq!(rows(&path, "SELECT name FROM sqlite_schema WHERE name IN ('a', 'b', 'd')"), ["a", "b"]);
    }
}

#[test]
fn goose_takes_back_what_it_applied_last() {
    let (_directory, path) = database("");
    let set = Set::sample(Format::Goose, &STEPS);
    go(&path, Format::Goose, &some(&set, Direction::Up, &["1", "2", "3"])).unwrap();
    let later = "UPDATE goose_db_version SET id = 9 WHERE version_id = 2";
    Connection::open(&path).unwrap().execute_batch(later).unwrap();
    let seen = RefCell::new(Vec::new());
    let progress = |work: &Work| seen.borrow_mut().push(work.version().to_string());
    let ledger = Ledger::of(Format::Goose, None).unwrap();
    run(&path, &some(&set, Direction::Down, &["2", "3"]), &ledger, Arc::new(|| false), &progress).unwrap();
    assert_eq!(*seen.borrow(), ["2", "3"]);
}

#[test]
fn a_gap_is_closed_and_never_made() {
    let (_directory, path) = database("");
    let set = Set::sample(Format::Dbmate, &STEPS);
    go(&path, Format::Dbmate, &some(&set, Direction::Up, &["1"])).unwrap();
    let error = go(&path, Format::Dbmate, &some(&set, Direction::Up, &["3"])).unwrap_err();
    assert!(matches!(error, InPlaceError::Unchanged(MigrateError::Hole { .. })), "{error}");
    Connection::open(&path).unwrap().execute_batch("INSERT INTO schema_migrations VALUES ('3')").unwrap();
    let receipt = go(&path, Format::Dbmate, &some(&set, Direction::Up, &["2"])).unwrap();
    assert_eq!(receipt.schema, Format::Dbmate.schema("3"));
    assert_eq!(rows(&path, "SELECT version FROM schema_migrations ORDER BY rowid"), ["1", "3", "2"]);
}

#[test]
fn what_is_applied_is_not_applied_again_and_what_is_not_is_not_taken_back() {
    let (_directory, path) = database("");
    let set = Set::sample(Format::Goose, &STEPS);
    go(&path, Format::Goose, &some(&set, Direction::Up, &["1", "2"])).unwrap();
    for works in [some(&set, Direction::Up, &["2", "3"]), some(&set, Direction::Down, &["3"])] {
        let error = go(&path, Format::Goose, &works).unwrap_err();
        assert!(matches!(error, InPlaceError::Unchanged(MigrateError::StartsElsewhere { .. })), "{error}");
    }
    let stranger = Set::sample(Format::Goose, &STEPS[..1]);
    let error = go(&path, Format::Goose, &some(&stranger, Direction::Down, &["1"])).unwrap_err();
    assert!(error.to_string().ends_with("starts from schema 1, and the ledger says 2"), "{error}");
}

// FM-12: a rebuild of a parent inside a transaction, with foreign keys enforced by the product.
#[test]
fn atlas_switches_foreign_keys_off_around_a_rebuild_and_the_others_do_as_the_product() {
    let family = "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1);
                  CREATE TABLE child (p REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1); VACUUM;";
    let rebuild = "CREATE TABLE next (id INTEGER PRIMARY KEY); INSERT INTO next SELECT * FROM parent;
                   DROP TABLE parent; ALTER TABLE next RENAME TO parent;";
    for (format, left) in [(Format::Atlas, 1), (Format::Goose, 0)] {
        let (_directory, path) = database(family);
        let set = Set::sample(format, &[("1", rebuild, "")]);
        let ledger = Ledger::of(format, None).unwrap();
        let settings = Settings { foreign_keys: ForeignKeys::Enforced, ..Settings::of(&ledger) };
        let receipt = migrate::run(&path, &some(&set, Direction::Up, &["1"]), &settings).unwrap();
        let child = receipt.tables.iter().find(|table| table.name == "child").unwrap();
        assert_eq!(child.after, Some(left), "{format}");
    }
}

#[test]
fn foreign_keys_that_a_file_outside_a_transaction_enforces_stay_so_for_those_after_it() {
    let family = "-- outside\nPRAGMA foreign_keys = ON; CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1);
                  CREATE TABLE child (p REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1);";
    for format in [Format::Goose, Format::Dbmate, Format::SqlMigrate] {
        let set = Set::sample(format, &[("1", family, ""), ("2", "DELETE FROM parent;", "")]);
        let (_directory, path) = database("");
        go(&path, format, &some(&set, Direction::Up, &["1", "2"])).unwrap();
        assert_eq!(rows(&path, "SELECT CAST(count(*) AS TEXT) FROM child"), ["0"], "{format}");
    }
}

#[test]
fn a_look_that_fails_at_a_later_row_is_passed_over_as_no_engine_asks_for_that_row() {
    let look = "CREATE TABLE n (x); INSERT INTO n VALUES (1), (-9223372036854775808); SELECT abs(x) FROM n;";
    let set = Set::sample(Format::Goose, &[("1", look, "")]);
    let (_directory, path) = database("");
    go(&path, Format::Goose, &some(&set, Direction::Up, &["1"])).unwrap();
    let first = Set::sample(Format::Goose, &[("1", &look.replace("(1), ", ""), "")]);
    let (_directory, path) = database("");
    assert!(go(&path, Format::Goose, &some(&first, Direction::Up, &["1"])).is_err());
}

#[test]
fn a_file_that_speaks_of_the_ledger_finds_there_what_its_engine_has_written_by_then() {
    for (format, table, expected) in [
        (Format::Goose, "goose_db_version", "2"),
        (Format::Dbmate, "schema_migrations", "1"),
        (Format::SqlMigrate, "gorp_migrations", "1"),
        // Its own row is there from the beginning.
        (Format::Atlas, "atlas_schema_revisions", "2"),
    ] {
        let look = format!("CREATE TABLE seen AS SELECT CAST(count(*) AS TEXT) AS n FROM {};", table.to_uppercase());
        let set = Set::sample(format, &[("1", "CREATE TABLE a (x);", "DROP TABLE a"), ("2", &look, ""), ("3", "", "")]);
        let (_directory, path) = database("");
        go(&path, format, &some(&set, Direction::Up, &["1", "2", "3"])).unwrap();
        assert_eq!(rows(&path, "SELECT n FROM seen"), [expected], "{format}");
    }
}
