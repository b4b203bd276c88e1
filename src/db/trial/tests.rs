use std::sync::Arc;

use super::*;
use crate::config::Format;
use crate::sys::watch::Unwatched;

fn set(files: &[(&str, &str)]) -> Set {
    let files = files.iter().map(|(name, sql)| ((*name).to_owned(), sql.as_bytes().to_vec()));
    Set::read(Format::GolangMigrate, files).unwrap()
}

fn tried(
    files: &[(&str, &str)],
    foreign_keys: ForeignKeys,
    on: impl Fn(&Migrations<'_>) -> Result<Vec<Trial>, TrialError>,
) -> Result<Vec<Trial>, TrialError> {
    let (set, ledger) = (set(files), Ledger::of(Format::GolangMigrate, None).unwrap());
    on(&Migrations { set: &set, ledger: &ledger, foreign_keys, stop: Arc::new(|| false) })
}

fn empty(files: &[(&str, &str)]) -> Vec<Trial> {
    tried(files, ForeignKeys::Ignored, on_empty).unwrap()
}

/// On a copy of a database that `sql` makes.
fn copy_of(sql: &str, files: &[(&str, &str)], foreign_keys: ForeignKeys) -> Result<Vec<Trial>, TrialError> {
    let temporary = tempfile::tempdir().unwrap();
    let database = temporary.path().join("live.db");
    Connection::open(&database).unwrap().execute_batch(sql).unwrap();
    let before = crate::sys::fs::read(&database).unwrap();
    let directory = Dir::open(temporary.path()).unwrap();
    let trials = tried(files, foreign_keys, |migrations| on_copy(migrations, &database, &directory, &Unwatched));
    assert_eq!(crate::sys::fs::read(&database).unwrap(), before, "it is only read");
    trials
}

fn verdicts(trials: &[Trial]) -> Vec<Verdict> {
    trials.iter().map(Trial::verdict).collect()
}

const USERS: [(&str, &str); 2] = [
    ("1_users.up.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)"),
    ("1_users.down.sql", "DROP TABLE users"),
];

const AT_1: &str =
    "CREATE TABLE schema_migrations (version uint64,dirty bool); INSERT INTO schema_migrations VALUES (1, 0);
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users (name) VALUES ('a'), ('b');";

#[test]
fn a_migration_that_goes_up_down_and_up_again_is_good() {
    let files = [
        USERS.as_slice(),
        &[
            ("2_mail.up.sql", "ALTER TABLE users ADD COLUMN mail"),
            ("2_mail.down.sql", "ALTER TABLE users DROP COLUMN mail"),
        ],
        &[
            ("3_data.up.sql", "INSERT INTO users (name) VALUES ('root')"),
            ("3_data.down.sql", "DELETE FROM users WHERE name = 'root'"),
        ],
    ]
    .concat();
    let trials = empty(&files);
    assert_eq!(verdicts(&trials), [Verdict::Good; 3]);
    assert!(trials.iter().all(|trial| trial.findings().is_empty() && trial.difference.is_empty()));
}

#[test]
fn a_down_that_leaves_something_or_takes_too_much_is_bad_by_name_and_the_next_one_is_still_tried() {
    let files = [
        USERS.as_slice(),
        &[
            ("2_mail.up.sql", "ALTER TABLE users ADD COLUMN mail TEXT; CREATE INDEX by_mail ON users (mail)"),
            ("2_mail.down.sql", "DROP INDEX by_mail"),
            ("3_tags.up.sql", "CREATE TABLE tags (name)"),
            ("3_tags.down.sql", "DROP TABLE tags"),
        ],
    ]
    .concat();
    let trials = empty(&files);
    assert_eq!(verdicts(&trials), [Verdict::Good, Verdict::Bad, Verdict::Good]);
    let findings = trials[1].findings();
    assert!(findings[0].starts_with("up again fails: "), "{findings:?}");
    assert_eq!(findings[1], "table users: column mail stays behind");
    assert_eq!(
        trials[1].difference,
        ["  CREATE TABLE users (", "      id INTEGER PRIMARY KEY", "      name TEXT", "+     mail TEXT", "  )"]
    );
}

#[test]
fn a_migration_without_a_way_back_is_no_failure() {
    let trials = empty(&[USERS[0], ("2_a.up.sql", "CREATE TABLE a (x)")]);
    assert_eq!(verdicts(&trials), [Verdict::OneWay; 2]);
    assert_eq!((&trials[0].down, &trials[0].again), (&Answer::Missing, &Answer::Skipped));
}

#[test]
fn nothing_is_tried_after_a_way_up_that_fails() {
    let trials =
        empty(&[USERS[0], USERS[1], ("2_bad.up.sql", "CREATE TABEL a (x)"), ("3_c.up.sql", "CREATE TABLE c (x)")]);
    assert_eq!(verdicts(&trials), [Verdict::Good, Verdict::Bad, Verdict::Untried]);
    assert!(trials[1].findings()[0].contains("statement 1 of `2_bad.up.sql` at line 1"), "{:?}", trials[1]);
}

// FM-12: a rebuild with foreign keys enforced deletes the rows of other tables in silence.
#[test]
fn rows_that_a_rebuild_takes_from_another_table_are_missed() {
    let files = [
        USERS[0],
        USERS[1],
        ("2_pets.up.sql", "CREATE TABLE pets (owner REFERENCES users ON DELETE CASCADE)"),
        ("2_pets.down.sql", "DROP TABLE pets"),
        (
            "3_rebuild.up.sql",
            "CREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT NOT NULL); INSERT INTO n SELECT * FROM users; DROP TABLE users;
             ALTER TABLE n RENAME TO users",
        ),
        (
            "3_rebuild.down.sql",
            "CREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO n SELECT * FROM users; DROP TABLE users;
             ALTER TABLE n RENAME TO users",
        ),
    ];
    let at_2 = format!(
        "{AT_1} UPDATE schema_migrations SET version = 2;
         CREATE TABLE pets (owner REFERENCES users ON DELETE CASCADE); INSERT INTO pets VALUES (1), (2);"
    );
    let enforced = copy_of(&at_2, &files, ForeignKeys::Enforced).unwrap();
    assert_eq!(verdicts(&enforced), [Verdict::Good, Verdict::Good, Verdict::Bad]);
    assert_eq!(enforced[2].findings(), ["`pets` has 0 rows after the way up, and had 2"]);
    let ignored = copy_of(&at_2, &files, ForeignKeys::Ignored).unwrap();
    assert_eq!(verdicts(&ignored), [Verdict::Good; 3]);
    assert_eq!((&ignored[0].up, &ignored[2].up), (&Answer::Applied, &Answer::Done));
}

#[test]
fn a_down_that_only_fails_on_rows_is_found_on_a_copy_of_a_database_that_has_them() {
    let files = [
        USERS[0],
        (
            "1_users.down.sql",
            "CREATE TABLE n (name UNIQUE); INSERT INTO n SELECT id % 1 FROM users; DROP TABLE n; DROP TABLE users",
        ),
    ];
    assert_eq!(verdicts(&empty(&files)), [Verdict::Good]);
    let trials = copy_of(AT_1, &files, ForeignKeys::Ignored).unwrap();
    assert_eq!(verdicts(&trials), [Verdict::Bad]);
    assert!(trials[0].findings()[0].starts_with("down fails: "), "{:?}", trials[0]);
}

#[test]
fn what_drifted_before_is_not_blamed_on_the_migrations() {
    let drifted = format!("{AT_1} CREATE INDEX mine ON users (name); CREATE TABLE other (x)");
    assert_eq!(verdicts(&copy_of(&drifted, &USERS, ForeignKeys::Ignored).unwrap()), [Verdict::Good]);
}

#[test]
fn a_dirty_or_foreign_copy_is_an_error_and_no_verdict() {
    let dirty = format!("{AT_1} UPDATE schema_migrations SET dirty = 1");
    let error = copy_of(&dirty, &USERS, ForeignKeys::Ignored).unwrap_err();
    assert!(matches!(error, TrialError::Database(MigrateError::Dirty { .. })), "{error}");
    let unknown = format!("{AT_1} UPDATE schema_migrations SET version = 9");
    let error = copy_of(&unknown, &USERS, ForeignKeys::Ignored).unwrap_err();
    assert_eq!(error.to_string(), "there is no migration for schema 9");
}

#[test]
fn what_is_temporary_is_gone_before_a_migration_goes_up_again() {
    let files = [
        USERS.as_slice(),
        &[
            (
                "2_mail.up.sql",
                "CREATE TEMP TABLE old AS SELECT * FROM users; CREATE TEMP VIEW \"a \"\"b\" AS SELECT 1;
                 CREATE TEMP TRIGGER r AFTER INSERT ON users BEGIN SELECT 1; END; ALTER TABLE users ADD COLUMN mail",
            ),
            ("2_mail.down.sql", "ALTER TABLE users DROP COLUMN mail"),
        ],
    ];
    let trials = empty(&files.concat());
    assert_eq!(verdicts(&trials), [Verdict::Good, Verdict::Good], "{trials:?}");
}
