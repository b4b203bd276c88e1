//! What is told of migrations that are not run, and new ones.

use super::*;

/// The answer to a dry run, which must leave everything as it is.
fn preview(ground: &Ground, verb: MigrateVerb) -> Reply {
    let before = fs::read(ground.path()).ok();
    let reply = answer(&Migrate { dry_run: true, yes: false, ..ground.arguments(verb) });
    assert_eq!(fs::read(ground.path()).ok(), before);
    reply
}

#[test]
fn a_dry_run_tells_what_would_run_and_runs_nothing() {
    let ground = Ground::new();
    let fresh = preview(&ground, UP);
    assert_eq!((fresh.outcome, ground.path().exists()), (Outcome::Done, false));
    ground.run(MigrateVerb::Goto { version: "1".to_owned() });
    let compacts = "VACUUM; CREATE TABLE a (x); CREATE TABLE b (x);";
    fs::write(ground.migrations().join("11_compact.up.sql"), compacts).unwrap();
    let reply = preview(&ground, UP);
    assert_eq!(
        reply.text,
        "would apply 2_mails.up.sql (1 statement)\nwould apply 10_index.up.sql (1 statement)\n\
         would apply 11_compact.up.sql (3 statements, outside of the transaction: it has VACUUM)\n\
         the ledger would say 11, and says 1; nothing was run"
    );
    assert_eq!(reply.body["ledger"], json!({ "before": 1, "after": 11 }));
    assert_eq!(
        reply.body["migrations"][2],
        json!({
            "version": 11, "name": "compact", "direction": "up", "file": "11_compact.up.sql", "statements": 3,
            "alone": "VACUUM",
        })
    );
    ground.run(UP);
    let down = preview(&ground, MigrateVerb::Goto { version: "2".to_owned() });
    let words = "would take back migration 10 (no file: only the ledger changes)\n";
    assert!(down.text.contains(words), "{}", down.text);
    assert_eq!(preview(&ground, UP).outcome, Outcome::Nothing);
    ground.sql("UPDATE schema_migrations SET dirty = 1");
    assert_eq!(code(&preview(&ground, UP)), "dirty");
    for verb in [MigrateVerb::Status, MigrateVerb::New { name: "x".to_owned() }] {
        assert_eq!(preview(&ground, verb).outcome, Outcome::Usage);
    }
}

#[test]
fn a_new_migration_gets_the_next_number_and_never_takes_the_place_of_another() {
    let ground = Ground::new();
    let new = |name: &str| {
        answer(&Migrate { database: None, ..ground.arguments(MigrateVerb::New { name: name.to_owned() }) })
    };
    let made = new("tags");
    let names = ["11_tags.up.sql", "11_tags.down.sql"];
    assert_eq!((made.outcome, &made.body["version"]), (Outcome::Done, &json!("11")), "{made:?}");
    assert_eq!(made.body["files"], json!(names.map(|name| ground.migrations().join(name))));
    for name in names {
        assert!(fs::read_to_string(ground.migrations().join(name)).unwrap().starts_with("-- "));
    }
    assert_eq!((code(&new("tags")), code(&new("a b"))), ("name", "name"));
    assert_eq!(ground.run(MigrateVerb::New { name: "x".to_owned() }).outcome, Outcome::Usage);
    assert_eq!(ground.run(UP).outcome, Outcome::Done, "what `new` makes can be run");
}

#[test]
fn test_names_the_file_that_is_wrong_and_shows_what_it_leaves() {
    let ground = Ground::new();
    ground.run(MigrateVerb::Goto { version: "1".to_owned() });
    fs::write(ground.migrations().join("2_mails.down.sql"), "SELECT 1").unwrap();
    let before = fs::read(ground.path()).unwrap();
    let reply = ground.run(MigrateVerb::Test { foreign_keys: false });
    assert_eq!(fs::read(ground.path()).unwrap(), before);
    assert_eq!((reply.outcome, reply.refusals.len()), (Outcome::Refused, 2), "{reply:?}");
    let message = &reply.refusals[0].message;
    assert!(message.starts_with("`2_mails.up.sql` and `2_mails.down.sql` on an empty database: "), "{message}");
    let verdicts: Vec<_> = reply.body["migrations"].as_array().unwrap().iter().map(|one| &one["verdict"]).collect();
    assert_eq!(verdicts, ["good", "bad", "one-way", "good", "bad", "one-way"]);
    assert_eq!(
        reply.body["migrations"][1],
        json!({
            "on": "empty", "version": 2, "name": "mails", "up": "ok", "down": "ok", "again": "failed", "rows": "ok",
            "foreign_keys": "ok", "integrity": "ok", "verdict": "bad",
            "findings": [
                "up again fails: cannot run statement 1 of `2_mails.up.sql` at line 1: duplicate column name: mail",
                "table users: column mail stays behind",
            ],
            "difference": ["  CREATE TABLE users (", "      id INTEGER PRIMARY KEY", "      name", "+     mail", "  )"],
        })
    );
    let alone = answer(&Migrate { database: None, ..ground.arguments(MigrateVerb::Test { foreign_keys: true }) });
    assert_eq!(alone.body["migrations"].as_array().unwrap().len(), 3);
}

#[test]
fn what_the_command_line_gets_wrong_is_told_with_the_way_out() {
    let ground = Ground::new();
    let wrong = |change: fn(&mut Migrate)| {
        let mut arguments = ground.arguments(UP);
        change(&mut arguments);
        answer(&arguments)
    };
    let format = wrong(|arguments| arguments.format = Some("golang".to_owned()));
    assert_eq!(format.outcome, Outcome::Usage);
    assert_eq!(format.error.unwrap().remedy, "did you mean `golang-migrate`?");
    assert_eq!(wrong(|arguments| arguments.database = Some("postgres://x".to_owned())).outcome, Outcome::Usage);
    assert_eq!(wrong(|arguments| arguments.dir = Some("/nowhere".into())).outcome, Outcome::Failed);
    let nowhere = wrong(|arguments| arguments.database = Some("sqlite:/nowhere/a.db".to_owned()));
    assert_eq!(nowhere.outcome, Outcome::Failed);
    for verb in [MigrateVerb::Version, MigrateVerb::Status, MigrateVerb::Down { count: 1 }] {
        assert_eq!(code(&ground.run(verb)), "database-missing");
    }
    assert_eq!(code(&wrong(|arguments| arguments.dir = Some("/proc/self/task".into()))), "no-migrations");
    assert!(!ground.path().exists());
}

// FM-26: a stamp is a lie that costs data later, so that it says what it does, and whether it is one.
#[test]
fn force_names_the_danger_and_what_the_schema_really_is() {
    let ground = Ground::new();
    ground.run(MigrateVerb::Goto { version: "1".to_owned() });
    ground.sql("UPDATE schema_migrations SET version = 2, dirty = 1");
    let force = |version: &str| MigrateVerb::Force { version: version.to_owned() };
    let asked = RefCell::new(String::new());
    let ask = |question: &str| {
        asked.replace(question.to_owned());
        Err(Box::new(Reply::new(Outcome::Nothing)))
    };
    let asking = |version: &str| Migrate { yes: false, ..ground.arguments(force(version)) };
    in_place(&asking("2"), &Interrupt::never(), &ask, &|_| {}, &Unwatched);
    let question = asked.borrow().clone();
    assert!(
        question.starts_with("the schema itself is exactly that of version 1; a ledger that says otherwise is a lie")
    );
    assert_eq!(ground.run(MigrateVerb::Version).text, "2 (dirty)", "not agreed");
    let truth = ground.run(force("1"));
    assert_eq!((truth.outcome, &truth.body["true"], truth.warnings.len()), (Outcome::Done, &json!(true), 0));
    assert_eq!(ground.run(MigrateVerb::Version).text, "1");
    assert_eq!(ground.run(force("1")).outcome, Outcome::Nothing);
    let lie = ground.run(force("10"));
    assert_eq!(lie.warnings, ["the ledger now says version 10, and the schema itself is exactly that of version 1"]);
    assert_eq!(ground.run(force("-1")).body["schema"], Value::Null);
    assert_eq!(code(&ground.run(force("7"))), "unknown-schema");
}

#[test]
fn a_new_file_of_atlas_is_vouched_for_and_a_wrong_sum_is_not_made_right_by_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let new = |name: &str| {
        answer(&Migrate {
            database: None,
            dir: Some(directory.path().to_owned()),
            format: Some("atlas".to_owned()),
            dry_run: false,
            yes: false,
            verb: MigrateVerb::New { name: name.to_owned() },
        })
    };
    let first = new("users");
    assert_eq!(first.outcome, Outcome::Done, "{first:?}");
    assert_eq!(new("mails").outcome, Outcome::Done, "the sum of the first one fits");
    let users = PathBuf::from(first.body["files"][0].as_str().unwrap());
    fs::write(users, "CREATE TABLE users (id)").unwrap();
    let refused = new("tags");
    assert_eq!(refused.outcome, Outcome::Failed);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3, "nothing was made: {refused:?}");
}

#[test]
fn what_golang_migrate_is_told_by_the_url_is_told_here_too() {
    let ground = Ground::new();
    fs::write(ground.migrations().join("11_compact.up.sql"), "VACUUM").unwrap();
    let with = |query: &str, verb| {
        let plain = ground.arguments(verb);
        answer(&Migrate { database: plain.database.map(|url| url + query), ..plain })
    };
    let refuses = |reply: &Reply| reply.warnings.iter().any(|warning| warning.contains("its own engine refuses"));
    assert!(refuses(&preview(&ground, UP)));
    let reply = with("?x-no-tx-wrap=true&x-migrations-table=versions", UP);
    assert!(reply.outcome == Outcome::Done && !refuses(&reply), "{reply:?}");
    assert_eq!(with("?x-migrations-table=versions", MigrateVerb::Version).body["schema"], json!(11));
    assert_eq!(ground.schema(), json!(null));
    assert_eq!(with("?mode=ro", MigrateVerb::Version).outcome, Outcome::Usage);
    // Outside of a transaction the pragma counts, and what refers to a row goes with it.
    let cascades = "PRAGMA foreign_keys = ON; CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (1);
                    CREATE TABLE b (a REFERENCES a ON DELETE CASCADE); INSERT INTO b VALUES (1); DELETE FROM a;";
    fs::write(ground.migrations().join("12_cascade.up.sql"), cascades).unwrap();
    let left = || Connection::open(ground.path()).unwrap().query_row("SELECT count(*) FROM b", [], |row| row.get(0));
    with("?x-no-tx-wrap=1&x-migrations-table=versions", UP);
    assert_eq!(left(), Ok(0));
    ground.sql("DROP TABLE a; DROP TABLE b; UPDATE versions SET version = 11");
    with("?x-migrations-table=versions", UP);
    assert_eq!(left(), Ok(1));
}
