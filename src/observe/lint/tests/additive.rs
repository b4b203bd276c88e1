//! What an older release lives through, and what it does not.

use super::*;

/// What there is before the migration that is judged.
const BEFORE: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT);
    CREATE UNIQUE INDEX users_by_mail ON users (mail);
    CREATE INDEX users_by_name ON users (name);
    CREATE TABLE notes (id INTEGER PRIMARY KEY, user REFERENCES users ON DELETE CASCADE, text);
    CREATE TABLE log (what);
    CREATE VIEW names AS SELECT name FROM users;
    CREATE TRIGGER users_log AFTER UPDATE OF name ON users BEGIN INSERT INTO log VALUES (new.name); END;
";

fn of(sql: &str) -> Vec<Finding> {
    let policies = [Policy::Additive];
    assert_eq!(judged(&[("1_before.up.sql", BEFORE)], &policies), []);
    judged(&[("1_before.up.sql", BEFORE), ("2_after.up.sql", sql)], &policies)
}

#[track_caller]
fn breaks(sql: &str, level: Level, what: &str) {
    assert_eq!(brief(&of(sql)), [(level, what.to_owned())], "{sql}");
}

#[track_caller]
fn keeps(sql: &str) {
    assert_eq!(of(sql), [], "{sql}");
}

#[test]
fn what_is_new_and_nobody_knows_yet_may_be_made_in_any_way() {
    keeps("CREATE TABLE tags (name TEXT NOT NULL UNIQUE CHECK (name <> ''), user NOT NULL REFERENCES users)");
    keeps("CREATE TABLE copy AS SELECT * FROM users; DROP TABLE copy");
    keeps("CREATE TABLE tags (a); INSERT INTO tags VALUES (1); UPDATE tags SET a = 2; DELETE FROM tags");
    keeps("CREATE TABLE tags (a, b); ALTER TABLE tags RENAME TO marks; ALTER TABLE marks DROP COLUMN b");
    keeps("CREATE TABLE tags (a); CREATE UNIQUE INDEX by_a ON tags (a); DROP INDEX by_a");
    keeps("CREATE TABLE tags (a); CREATE TRIGGER t AFTER INSERT ON tags BEGIN SELECT 1; END; DROP TRIGGER t");
    keeps("CREATE INDEX users_by_both ON users (name, mail)");
    keeps("CREATE VIEW mails AS SELECT mail FROM users; DROP VIEW mails");
    keeps("CREATE TABLE IF NOT EXISTS users (other); CREATE INDEX IF NOT EXISTS users_by_name ON users (mail)");
    keeps("CREATE TABLE kept (a TEXT) STRICT; CREATE TABLE rowless (a PRIMARY KEY) WITHOUT ROWID");
    keeps("CREATE VIRTUAL TABLE search USING fts5(text); INSERT INTO search SELECT text FROM notes; DROP TABLE search");
    keeps("CREATE TEMP TABLE scratch (a); INSERT INTO scratch VALUES (1); DROP TABLE scratch");
    keeps("SELECT * FROM users; ANALYZE; REINDEX; PRAGMA user_version = 3; SAVEPOINT a; RELEASE a");
    keeps("DROP TABLE IF EXISTS absent; DROP INDEX IF EXISTS absent");
}

#[test]
fn a_column_may_be_added_if_a_row_can_be_written_without_it() {
    keeps("ALTER TABLE users ADD COLUMN age INTEGER");
    keeps("ALTER TABLE users ADD COLUMN age INTEGER NOT NULL DEFAULT 0");
    keeps("ALTER TABLE users ADD COLUMN age INTEGER NOT NULL DEFAULT (-1)");
    keeps("ALTER TABLE users ADD COLUMN adult NOT NULL DEFAULT FALSE");
    keeps("ALTER TABLE users ADD COLUMN best REFERENCES notes");
    keeps("ALTER TABLE users ADD COLUMN loud AS (upper(name)) VIRTUAL");
    // Filling a column that an older release does not know takes nothing from it.
    keeps("ALTER TABLE users ADD COLUMN age; UPDATE users SET age = 1 WHERE mail IS NULL");
    let adds = |definition: &str| format!("ALTER TABLE Users ADD COLUMN age {definition}");
    breaks(&adds("NOT NULL"), Level::Error, "adds `users.age`, NOT NULL and without a default");
    breaks(&adds("NOT NULL DEFAULT NULL"), Level::Error, "adds `users.age`, NOT NULL and without a default");
    breaks(&adds("CHECK (age > 0)"), Level::Warning, "adds `users.age` with a check");
    let computed = "AS (length(mail)) NOT NULL";
    breaks(&adds(computed), Level::Warning, "adds `users.age`, computed and NOT NULL");
}

#[test]
fn a_column_that_sqlite_takes_only_on_an_empty_table_is_found() {
    for (definition, what) in [
        ("DEFAULT CURRENT_TIMESTAMP", "adds `users.at` with a default that is computed"),
        ("DEFAULT (1 + 1)", "adds `users.at` with a default that is computed"),
        ("DEFAULT (random())", "adds `users.at` with a default that is computed"),
        ("AS (length(mail)) STORED", "adds `users.at`, computed and STORED"),
    ] {
        breaks(&format!("ALTER TABLE users ADD COLUMN at {definition}"), Level::Error, what);
    }
    keeps("CREATE TABLE tags (a); ALTER TABLE tags ADD COLUMN at DEFAULT CURRENT_TIMESTAMP");
}

#[test]
fn what_is_dropped_fails_whoever_still_uses_it() {
    breaks("DROP TABLE notes", Level::Error, "drops the table `notes`");
    breaks("DROP VIEW names", Level::Error, "drops the view `names`");
    breaks("DROP TRIGGER users_log", Level::Error, "drops the trigger `users_log`");
    breaks("DROP INDEX users_by_mail", Level::Error, "drops the index `users_by_mail`");
    breaks("DROP INDEX users_by_name", Level::Note, "drops the index `users_by_name`");
    breaks("ALTER TABLE notes DROP COLUMN text", Level::Error, "drops the column `notes.text`");
}

#[test]
fn what_is_renamed_is_not_found_any_more() {
    breaks("ALTER TABLE notes RENAME TO remarks", Level::Error, "renames the table `notes` to `remarks`");
    breaks("ALTER TABLE notes RENAME COLUMN text TO body", Level::Error, "renames the column `notes.text` to `body`");
}

#[test]
fn a_rebuild_is_told_by_what_it_changes() {
    let rebuild = |columns: &str| {
        format!(
            "CREATE TABLE new ({columns}); INSERT INTO new (id) SELECT id FROM notes WHERE 0; DROP TABLE notes;
                 ALTER TABLE new RENAME TO notes; CREATE UNIQUE INDEX one ON notes (id); DROP INDEX one"
        )
    };
    let same = "id INTEGER PRIMARY KEY, user, text";
    breaks(&rebuild(same), Level::Warning, "rebuilds the table `notes`");
    breaks(&rebuild(&format!("{same}, more")), Level::Warning, "rebuilds the table `notes`");
    breaks(
        &rebuild("id INTEGER PRIMARY KEY, text TEXT NOT NULL, lang NOT NULL"),
        Level::Error,
        "rebuilds the table `notes` without `user`, with `lang` and `text` required",
    );
    let as_select = "CREATE TABLE new AS SELECT * FROM notes; DROP TABLE notes; ALTER TABLE new RENAME TO notes";
    breaks(as_select, Level::Warning, "rebuilds the table `notes`");
    let emptied = "DROP TABLE notes; CREATE TABLE notes (id, user, text)";
    breaks(emptied, Level::Error, "drops the table `notes` with its rows, and makes it anew");
    let aside = "ALTER TABLE log RENAME TO old; CREATE TABLE log (what, at); INSERT INTO log SELECT *, 0 FROM old;
                 DROP TABLE old";
    breaks(aside, Level::Error, "renames the table `log` to `old`");
}

#[test]
fn what_forbids_rows_that_an_older_release_writes_is_found() {
    let index = |on: &str| format!("CREATE UNIQUE INDEX one ON users ({on})");
    breaks(&index("name"), Level::Error, "makes the unique index `one` on `users`");
    breaks(&index("lower(name)"), Level::Error, "makes the unique index `one` on `users`");
    // It leaves a column null that it does not know, and nulls are never equal.
    keeps(&format!("ALTER TABLE users ADD COLUMN key TEXT; {}", index("key, name")));
    let filled = format!("ALTER TABLE users ADD COLUMN key TEXT DEFAULT ''; {}", index("key"));
    breaks(&filled, Level::Error, "makes the unique index `one` on `users`");
    let alter = |what: &str| format!("ALTER TABLE users ALTER COLUMN {what}");
    breaks(&alter("mail SET NOT NULL"), Level::Error, "adds a constraint to `users`");
    breaks(&alter("name DROP NOT NULL"), Level::Warning, "drops a constraint of `users`");
    breaks("ALTER TABLE users ADD CHECK (name <> '')", Level::Error, "adds a constraint to `users`");
    let trigger = "CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END";
    breaks(trigger, Level::Warning, "makes the trigger `t` on `users`");
    let view = "CREATE TRIGGER t INSTEAD OF INSERT ON names BEGIN SELECT 1; END";
    breaks(view, Level::Warning, "makes the trigger `t` on `names`");
}

#[test]
fn rows_that_an_older_release_knows_are_not_touched() {
    breaks("INSERT INTO log VALUES (1)", Level::Warning, "puts rows into `log`");
    breaks("UPDATE notes SET text = ''", Level::Error, "changes `text` in rows of `notes`");
    breaks("DELETE FROM log", Level::Error, "deletes rows of `log`");
    breaks("WITH gone AS (SELECT 1) DELETE FROM log", Level::Error, "deletes rows of `log`");
    let upsert = "INSERT INTO users VALUES (1, 'a', 'b') ON CONFLICT DO UPDATE SET mail = 'c'";
    let expected = [
        (Level::Warning, "puts rows into `users`".to_owned()),
        (Level::Error, "changes `mail` in rows of `users`".to_owned()),
    ];
    assert_eq!(brief(&of(upsert)), expected);
    let through_a_trigger = [
        (Level::Error, "changes `name` in rows of `users`".to_owned()),
        (Level::Warning, "puts rows into `log` through the trigger `users_log`".to_owned()),
    ];
    assert_eq!(brief(&of("UPDATE users SET name = ''")), through_a_trigger);
}

#[test]
fn a_finding_says_where_and_how_to_write_it_instead() {
    let found = of("-- nothing yet\nCREATE TABLE tags (a);\n\nDROP TABLE\n  notes;");
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&*finding.file, finding.line), ("2_after.up.sql", Some(4)));
    assert_eq!(finding.statement.as_deref(), Some("DROP TABLE\n  notes;"));
    assert!(finding.message.ends_with(": a release that still uses it fails"), "{}", finding.message);
    assert!(finding.instead.starts_with("let a release come out that does without it"), "{}", finding.instead);
}
