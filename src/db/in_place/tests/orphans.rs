//! Atlas counts the rows without their parent around its transactions, where an earlier file of the same command enforces
//! foreign keys.

use super::lists::{go, some, texts};
use super::*;

/// The names of the works that Atlas applied, and the error of the one that it refused, where the first file runs
/// outside a transaction.
fn kept_by_atlas(first: &str, others: &[&str]) -> (Vec<String>, Option<String>) {
    let first = format!("-- outside\n{first}");
    let names: Vec<_> = (1..=1 + others.len()).map(|number| number.to_string()).collect();
    let texts = std::iter::once(first.as_str()).chain(others.iter().copied());
    let steps: Vec<_> = names.iter().zip(texts).map(|(name, text)| (name.as_str(), text, "")).collect();
    let set = Set::sample(Format::Atlas, &steps);
    let (_directory, path) = database("");
    let all: Vec<_> = names.iter().map(String::as_str).collect();
    let outcome = go(&path, Format::Atlas, &some(&set, Direction::Up, &all));
    let refused = outcome.err().map(|error| match error {
        InPlaceError::Partly { source, dirty: false, within: None, .. } => source.to_string(),
        error => panic!("{error}"),
    });
    (rows(&path, "SELECT version FROM atlas_schema_revisions ORDER BY version"), refused)
}

const ENFORCED: &str =
    "PRAGMA foreign_keys = ON; CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1), (2);
                        CREATE TABLE child (p REFERENCES parent ON DELETE CASCADE); INSERT INTO child VALUES (1);";
/// The second row of `child` has no parent.
const ORPHANED: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY); INSERT INTO parent VALUES (1), (2);
                        CREATE TABLE child (p REFERENCES parent); INSERT INTO child VALUES (1), (9); PRAGMA foreign_keys = ON;";

// What `OpenTx` of its SQLite driver does, as it was seen to by the driver itself.
#[test]
fn atlas_takes_back_a_file_that_leaves_an_orphan_after_a_file_outside_a_transaction_that_enforces_foreign_keys() {
    let why = |orphan: &str| {
        Some(format!(
            "`2_m.sql` leaves rows without their parent, and Atlas takes back a transaction that does so once an earlier file \
             of the command has switched `foreign_keys` on: {orphan}"
        ))
    };
    for (first, second, orphan) in [
        (ENFORCED, "INSERT INTO child VALUES (7);", "row 2 of `child` refers to no row of `parent`"),
        (ENFORCED, "DELETE FROM parent WHERE id = 1;", "row 1 of `child` refers to no row of `parent`"),
        (
            ENFORCED,
            "PRAGMA foreign_keys = OFF; INSERT INTO child VALUES (7);",
            "row 2 of `child` refers to no row of `parent`",
        ),
        // One that was there is known by its table and its number.
        (ORPHANED, "INSERT INTO child VALUES (8);", "row 3 of `child` refers to no row of `parent`"),
        (ORPHANED, "UPDATE child SET rowid = 5 WHERE p = 9;", "row 5 of `child` refers to no row of `parent`"),
        (ORPHANED, "ALTER TABLE child RENAME TO kid;", "row 2 of `kid` refers to no row of `parent`"),
    ] {
        // Nor is it of use that a later file would mend it.
        let later = "INSERT OR IGNORE INTO parent VALUES (1), (7), (8), (9);";
        assert_eq!(kept_by_atlas(first, &[second, later]), (texts(&["1"]), why(orphan)), "{second}");
    }
}

#[test]
fn atlas_lets_an_orphan_stand_that_was_there_before_or_that_no_file_of_the_command_enforces_against() {
    let off = ENFORCED.replace("PRAGMA foreign_keys = ON;", "");
    let off_again = format!("{ENFORCED} PRAGMA foreign_keys = OFF;");
    for (first, second) in [
        (ORPHANED, "CREATE TABLE other (x);"),
        (ORPHANED, "DELETE FROM child WHERE p = 9;"),
        (ORPHANED, "UPDATE child SET p = 8 WHERE p = 9;"),
        (&off_again, "INSERT INTO child VALUES (7);"),
        (&off, "PRAGMA foreign_keys = ON; INSERT INTO child VALUES (7);"),
        (
            ENFORCED,
            "CREATE TABLE next (id INTEGER PRIMARY KEY); INSERT INTO next SELECT id FROM parent;
                    DROP TABLE parent; ALTER TABLE next RENAME TO parent;",
        ),
        (ENFORCED, "-- outside\nPRAGMA foreign_keys = OFF; INSERT INTO child VALUES (7);"),
    ] {
        assert_eq!(
            kept_by_atlas(first, &[second, "CREATE TABLE last (x);"]),
            (texts(&["1", "2", "3"]), None),
            "{second}"
        );
    }
}

#[test]
fn atlas_runs_no_transaction_around_which_it_cannot_count_orphans() {
    let unnumbered = ORPHANED.replace("(p REFERENCES parent)", "(p PRIMARY KEY REFERENCES parent) WITHOUT ROWID");
    let mismatched = "PRAGMA foreign_keys = ON; CREATE TABLE a (x); CREATE TABLE b (y REFERENCES a (x));";
    for first in [&unnumbered, mismatched] {
        let (kept, refused) = kept_by_atlas(first, &["CREATE TABLE other (x);"]);
        let why = "cannot count the rows without their parent around `2_m.sql`, as Atlas does since an earlier file of this \
                   command switched `foreign_keys` on";
        assert_eq!((kept, refused.as_deref()), (texts(&["1"]), Some(why)), "{first}");
    }
}
