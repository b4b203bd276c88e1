#![allow(clippy::disallowed_methods, reason = "a test makes its own files")]

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::cli::runs::{consent, declined};
use crate::cli::terminal::{Terminal, Verbosity};
use crate::sys::watch::Unwatched;

mod crash;
mod formats;
mod texts;

/// A directory with three migrations and, so far, no database.
struct Ground {
    directory: TempDir,
}

impl Ground {
    fn new() -> Self {
        let ground = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(ground.migrations()).unwrap();
        for (name, sql) in [
            ("1_users.up.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name)"),
            ("1_users.down.sql", "DROP TABLE users"),
            ("2_mails.up.sql", "ALTER TABLE users ADD COLUMN mail"),
            ("2_mails.down.sql", "ALTER TABLE users DROP COLUMN mail"),
            ("10_index.up.sql", "CREATE INDEX by_name ON users (name)"),
        ] {
            fs::write(ground.migrations().join(name), sql).unwrap();
        }
        ground
    }

    fn migrations(&self) -> PathBuf {
        self.directory.path().join("migrations")
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("data.db")
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }

    fn arguments(&self, verb: MigrateVerb) -> Migrate {
        Migrate {
            database: Some(format!("sqlite:{}", self.path().display())),
            dir: Some(self.migrations()),
            format: Some("golang-migrate".to_owned()),
            dry_run: false,
            yes: true,
            verb,
        }
    }

    fn run(&self, verb: MigrateVerb) -> Reply {
        answer(&self.arguments(verb))
    }

    fn schema(&self) -> Value {
        self.run(MigrateVerb::Version).body["schema"].clone()
    }
}

fn answer(arguments: &Migrate) -> Reply {
    in_place(arguments, &Interrupt::never(), &|_| panic!("asked"), &|_| {}, &Unwatched)
}

fn code(reply: &Reply) -> &str {
    &reply.refusals[0].code
}

mod files;

const UP: MigrateVerb = MigrateVerb::Up { count: None };

#[test]
fn up_makes_the_database_and_a_second_one_finds_nothing_to_do() {
    let ground = Ground::new();
    let reply = ground.run(UP);
    assert_eq!(reply.outcome, Outcome::Done, "{reply:?}");
    assert_eq!(reply.body["from"], json!({ "version": null, "schema": null }));
    assert_eq!(reply.body["to"], json!({ "version": null, "schema": 10 }));
    assert_eq!(reply.body["receipt"]["tables"], json!([{ "name": "users", "before": null, "after": 0 }]));
    assert!(
        reply.text.starts_with(
            "applied 1_users.up.sql\napplied 2_mails.up.sql\napplied 10_index.up.sql\nschema 10, was none"
        )
    );
    let again = ground.run(UP);
    assert_eq!((again.outcome, again.text.as_str()), (Outcome::Nothing, "nothing to do: the schema is 10"));
}

#[test]
fn up_with_more_than_there_is_applies_what_there_is_and_says_so() {
    let ground = Ground::new();
    let reply = ground.run(MigrateVerb::Up { count: Some(7) });
    assert_eq!(reply.outcome, Outcome::Done);
    assert_eq!(reply.warnings, ["7 migrations were asked for, and there were 3: 4 short"]);
    assert_eq!(ground.schema(), json!(10));
}

#[test]
fn down_and_goto_go_where_they_are_told() {
    let ground = Ground::new();
    ground.run(MigrateVerb::Goto { version: "2".to_owned() });
    assert_eq!(ground.schema(), json!(2));
    ground.run(MigrateVerb::Down { count: 1 });
    assert_eq!(ground.schema(), json!(1));
    ground.run(MigrateVerb::Goto { version: "10".to_owned() });
    let back = ground.run(MigrateVerb::Goto { version: "1".to_owned() });
    // The index stays, as it would with the engine, and that is said.
    assert_eq!(back.warnings, ["migration 10 has no down file: going down leaves the schema as it is"]);
    assert_eq!(ground.schema(), json!(1));
    let lost = ground.run(MigrateVerb::Goto { version: "5".to_owned() });
    assert_eq!((lost.outcome, code(&lost)), (Outcome::Refused, "unknown-schema"));
    ground.run(MigrateVerb::Down { count: 9 });
    assert_eq!(ground.schema(), Value::Null);
}

#[test]
fn status_lists_what_is_applied_and_what_has_a_way_back() {
    let ground = Ground::new();
    ground.run(MigrateVerb::Goto { version: "2".to_owned() });
    let reply = ground.run(MigrateVerb::Status);
    assert_eq!(
        Value::Object(reply.body),
        json!({
            "schema": 2,
            "dirty": false,
            "migrations": [
                { "version": 1, "name": "users", "applied": true, "has_down": true },
                { "version": 2, "name": "mails", "applied": true, "has_down": true },
                { "version": 10, "name": "index", "applied": false, "has_down": false },
            ],
        })
    );
    let table = "schema 2\n\nVERSION  NAME   APPLIED  DOWN\n1        users  yes      yes\n2        mails  yes      yes\n10       index  no       no\n";
    assert_eq!(reply.text, table);
}

#[test]
fn what_cannot_be_told_of_a_dirty_or_foreign_ledger_is_not_claimed() {
    let ground = Ground::new();
    ground.run(UP);
    let applied = |ground: &Ground| {
        let reply = ground.run(MigrateVerb::Status);
        assert_eq!(reply.warnings.len(), 1);
        reply.body["migrations"].as_array().unwrap().iter().map(|line| line["applied"].clone()).collect::<Vec<_>>()
    };
    ground.sql("UPDATE schema_migrations SET version = 2, dirty = 1");
    assert_eq!(applied(&ground), [json!(true), Value::Null, Value::Null]);
    ground.sql("UPDATE schema_migrations SET version = 7, dirty = 0");
    assert_eq!(applied(&ground), [Value::Null, Value::Null, Value::Null]);
}

// FM-13: nothing is built on a broken-off migration, and no stamp is offered.
#[test]
fn a_dirty_ledger_is_refused_with_where_the_schema_really_stands() {
    let ground = Ground::new();
    ground.run(MigrateVerb::Goto { version: "1".to_owned() });
    ground.sql("UPDATE schema_migrations SET version = 2, dirty = 1");
    for verb in [UP, MigrateVerb::Down { count: 1 }, MigrateVerb::Goto { version: "1".to_owned() }] {
        let reply = ground.run(verb);
        assert_eq!((reply.outcome, code(&reply)), (Outcome::Refused, "dirty"));
        let Refusal { message, remedy, .. } = &reply.refusals[0];
        assert!(message.ends_with("the schema itself is exactly that of version 1"), "{message}");
        assert!(!remedy.contains("force") && !remedy.contains("stamp"), "{remedy}");
    }
    assert_eq!(ground.run(MigrateVerb::Version).text, "2 (dirty)");
}

#[test]
fn the_database_of_an_installed_product_is_refused_by_any_of_its_names() {
    let ground = Ground::new();
    ground.run(MigrateVerb::Goto { version: "1".to_owned() });
    let work = ground.directory.path().join(".gantry-installer-gantry");
    fs::create_dir(&work).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(ground.path(), &link).unwrap();
    let before = fs::read(ground.path()).unwrap();
    let owner = r#"{ "format": 1, "product": "gantry", "state": "/var/lib/x" }"#;
    for (words, expected) in [(owner, "belongs to the installed product gantry"), ("{", "cannot be told")] {
        fs::write(work.join("owner.json"), words).unwrap();
        for path in [ground.path(), link.clone()] {
            let database = Some(format!("sqlite://{}", path.display()));
            let reply = answer(&Migrate { database, ..ground.arguments(UP) });
            assert_eq!((reply.outcome, code(&reply)), (Outcome::Refused, "installed"));
            assert!(reply.refusals[0].message.contains(expected), "{reply:?}");
        }
    }
    assert_eq!(fs::read(ground.path()).unwrap(), before);
    // To look at it is no work in place.
    assert_eq!(ground.schema(), json!(1));
}

#[test]
fn nothing_is_changed_before_somebody_agrees() {
    let ground = Ground::new();
    let arguments = Migrate { yes: false, ..ground.arguments(UP) };
    let mut terminal = Terminal::new(true, Verbosity::Quiet, Interrupt::never());
    terminal.interactive = false;
    let reply =
        in_place(&arguments, &Interrupt::never(), &|question| consent(&terminal, question), &|_| {}, &Unwatched);
    assert_eq!((reply.outcome, code(&reply)), (Outcome::Refused, "no-terminal"));
    let asked = RefCell::new(Vec::new());
    let ask = |question: &str| {
        asked.borrow_mut().push(question.to_owned());
        if asked.borrow().len() > 1 { Ok(()) } else { Err(declined(&terminal, "not agreed")) }
    };
    assert_eq!(in_place(&arguments, &Interrupt::never(), &ask, &|_| {}, &Unwatched).outcome, Outcome::Nothing);
    assert!(!ground.path().exists());
    assert_eq!(in_place(&arguments, &Interrupt::never(), &ask, &|_| {}, &Unwatched).outcome, Outcome::Done);
    assert!(asked.borrow()[0].ends_with("to 10 with 1_users.up.sql, 2_mails.up.sql, 10_index.up.sql?"));
    let down = Migrate { yes: false, ..ground.arguments(MigrateVerb::Down { count: 1 }) };
    in_place(&down, &Interrupt::never(), &ask, &|_| {}, &Unwatched);
    assert!(asked.borrow()[2].starts_with("what these migrations drop is gone for good; "));
}

// FM-14: two at once end where one would have.
#[test]
fn a_database_that_somebody_else_migrates_meanwhile_is_looked_at_again() {
    let ground = Ground::new();
    let asked = Cell::new(0);
    let ask = |_: &str| {
        asked.set(asked.get() + 1);
        ground.run(UP);
        Ok(())
    };
    let arguments = Migrate { yes: false, ..ground.arguments(UP) };
    let reply = in_place(&arguments, &Interrupt::never(), &ask, &|_| {}, &Unwatched);
    assert_eq!((reply.outcome, asked.get()), (Outcome::Nothing, 1), "{reply:?}");
}

#[test]
fn a_failing_migration_is_named_and_nothing_is_changed() {
    let ground = Ground::new();
    ground.run(UP);
    let before = fs::read(ground.path()).unwrap();
    let bad = "CREATE TABLE a (x);\nDROP TABLE users;\nINSERT INTO nowhere VALUES (1)";
    fs::write(ground.migrations().join("11_bad.up.sql"), bad).unwrap();
    let reply = ground.run(UP);
    let error = reply.error.unwrap();
    assert_eq!(
        (reply.outcome, error.message.as_str()),
        (Outcome::Failed, "cannot run statement 3 of `11_bad.up.sql` at line 3")
    );
    assert_eq!(fs::read(ground.path()).unwrap(), before);
}

#[test]
fn a_failure_outside_a_transaction_says_that_something_stays() {
    let ground = Ground::new();
    fs::write(ground.migrations().join("11_bad.up.sql"), "VACUUM; INSERT INTO nowhere VALUES (1)").unwrap();
    let reply = ground.run(UP);
    assert_eq!(reply.outcome, Outcome::Stranded);
    assert_eq!((&reply.body["schema"], &reply.body["dirty"]), (&json!(11), &json!(true)));
}
