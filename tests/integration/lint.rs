//! `migrate lint` as people and scripts see it, and Gantry's own migrations under it.

use std::path::Path;

use serde_json::json;

use crate::format::atlas_sum;
use crate::refusals::words::{object, said, same};
use crate::world::{OLD, World};

/// A directory of migrations beside a world in which nothing is installed.
fn directory(files: &[(&str, &str)]) -> (World, String) {
    let world = World::with(&[]);
    let path = world.path("migrations");
    std::fs::create_dir(&path).unwrap();
    for (name, sql) in files {
        std::fs::write(path.join(name), sql).unwrap();
    }
    let path = path.to_str().unwrap().to_owned();
    (world, path)
}

const CREATE: (&str, &str) = ("0001_create_notes.up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);\n");
const CREATE_DOWN: (&str, &str) = ("0001_create_notes.down.sql", "DROP TABLE notes;\n");

/// Something of every policy, at every level, and a reason.
const MIXED: [(&str, &str); 9] = [
    CREATE,
    CREATE_DOWN,
    (
        "0002_rename_text.up.sql",
        "-- For the new editor.\nALTER TABLE notes\n  RENAME COLUMN text TO body;\n\n-- lint: allow additive: 1.2 does not \
         count notes\nINSERT INTO notes VALUES (1, '');\n\n-- lint: allow additve: a slip\nSELECT 1;\n",
    ),
    ("0002_rename_text.down.sql", "SELECT 1;\n"),
    ("0004_update.up.sql", "PRAGMA foreign_keys = OFF;\nCREATE TABLE a (b);\nCREATE TABLE c (d);\n"),
    ("0004_update.down.sql", "DROP TABLE a;\nDROP TABLE c;\n"),
    ("0005-add_tags.up.sql", "CREATE TABLE tags (name);\n"),
    ("README.md", "About these files.\n"),
    (
        "migrations.lock",
        "0000000000000000000000000000000000000000000000000000000000000000  0001_create_notes.down.sql\n",
    ),
];

#[test]
fn findings_say_where_why_and_how_to_write_it_instead() {
    let (world, path) = directory(&MIXED);
    let lint = ["migrate", "lint", "--dir", &path];
    same(&world, "lint", &said(&world, &lint));
    same(&world, "lint-json", &object(&world, &lint));
}

#[test]
fn the_level_and_the_policies_decide_the_exit_code() {
    let (world, path) = directory(&[CREATE, CREATE_DOWN, ("0002_drop_index.up.sql", "CREATE INDEX i ON notes (id)")]);
    let ends = |more: &[&str], code| {
        world.run(&[&["migrate", "lint", "--dir", &path], more].concat()).expect(code);
    };
    // There is no way down, and no lock.
    ends(&[], 3);
    ends(&["--level", "error"], 3);
    ends(&["--policy", "additive,atomic", "--policy", "immutable"], 0);
    ends(&["--policy", "additive,immutable", "--level", "note"], 3);
    ends(&["--policy", "perfect"], 2);
    std::fs::create_dir(world.path("empty")).unwrap();
    world.run(&["migrate", "lint", "--dir", world.path("empty").to_str().unwrap()]).expect(3);
    ends(&["--database", "sqlite:x.db"], 2);
}

#[test]
fn what_is_locked_never_changes_and_nothing_is_locked_that_has_findings() {
    let (world, path) = directory(&[CREATE]);
    let lint = |more: &[&str], code| world.run(&[&["migrate", "lint", "--dir", &path], more].concat()).expect(code);
    let file = |name: &str| Path::new(&path).join(name);
    lint(&["--lock"], 3);
    assert!(!file("migrations.lock").exists());
    std::fs::write(file(CREATE_DOWN.0), CREATE_DOWN.1).unwrap();
    let locked = lint(&["--lock", "--json"], 0).json();
    assert_eq!(locked["lock"]["added"], json!([CREATE.0, CREATE_DOWN.0]));
    assert_eq!(lint(&["--json", "--level", "note"], 0).json()["findings"], json!([]));
    let lines = std::fs::read_to_string(file("migrations.lock")).unwrap();
    // A policy that is left out does not lock what was changed.
    std::fs::write(file(CREATE.0), CREATE.1.replace("TEXT", "BLOB")).unwrap();
    let changed = lint(&["--lock", "--policy", "atomic", "--json"], 3).json();
    assert_eq!(changed["findings"][0]["policy"], "immutable");
    assert_eq!(changed["findings"][0]["file"], CREATE.0);
    assert_eq!(std::fs::read_to_string(file("migrations.lock")).unwrap(), lines);
}

#[test]
fn the_migrations_of_an_installed_product_are_judged_and_never_locked() {
    let world = World::installed(&[OLD]);
    let found = world.run(&["migrate", "lint", "--json"]).expect(0).json();
    assert_eq!((&found["format"], &found["migrations"]), (&json!("golang-migrate"), &json!(1)));
    world.run(&["migrate", "lint", "--lock"]).expect(2);
    // Nor is it said that they should be.
    let immutable = ["migrate", "lint", "--json", "--level", "note", "--policy", "immutable"];
    assert_eq!(world.run(&immutable).expect(0).json()["findings"], json!([]));
}

#[test]
fn of_two_majors_on_disk_that_of_the_installed_release_is_judged() {
    let world = World::installed(&[OLD]);
    let record = std::fs::read_to_string(world.path("state/releases/1.0.0.json")).unwrap();
    let (record, versions) = (record.replace("\"1.0.0\"", "\"2.0.0\""), world.path("root/versions"));
    std::fs::write(world.path("state/releases/2.0.0.json"), record).unwrap();
    std::fs::create_dir_all(versions.join("2.0.0/migrations")).unwrap();
    let found = world.run(&["migrate", "lint", "--json"]).expect(0).json();
    assert_eq!(found["directory"], json!(versions.join("1.0.0/migrations")));
}

#[test]
fn atlas_migrations_are_judged_but_for_a_way_back_that_they_never_have() {
    let mut files = vec![
        ("20240101000000_make_a.sql".to_owned(), "CREATE TABLE a (b, c, d);\n".to_owned()),
        (
            "20240102000000_drop_c.sql".to_owned(),
            "-- lint: allow additive: nobody reads c\nALTER TABLE a DROP COLUMN c;\nALTER TABLE a DROP COLUMN b;\n"
                .to_owned(),
        ),
    ];
    files.push(("atlas.sum".to_owned(), atlas_sum(&files)));
    let files: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    let (world, path) = directory(&files);
    let lint = ["migrate", "lint", "--json", "--policy", "reversible,additive", "--dir", &path, "--format", "atlas"];
    let found = world.run(&lint).expect(3).json();
    let told = found["findings"].as_array().unwrap().iter().map(|finding| {
        json!([finding["file"], finding["line"], finding["policy"], finding["level"], finding["suppressed"]])
    });
    let drop = "20240102000000_drop_c.sql";
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            json!(["atlas.sum", null, "reversible", "note", null]),
            json!([drop, 2, "additive", "error", "nobody reads c"]),
            json!([drop, 3, "additive", "error", null]),
        ]
    );
}

/// What somebody might add to `migrations/v1` tomorrow.
const BAD: [(&str, &str, &str); 6] = [
    ("0009_forget_cradles.up.sql", "ALTER TABLE cradles DROP COLUMN seen_at;", "additive"),
    ("0009_add_owner.up.sql", "ALTER TABLE buckets ADD COLUMN owner TEXT NOT NULL;", "additive"),
    ("0009_add_owner.up.sql", "ALTER TABLE buckets ADD COLUMN owner TEXT;", "reversible"),
    ("0010_add_owner.up.sql", "SELECT 1;", "sequential"),
    ("0003_create_objects.up.sql", "CREATE TABLE objects (id);", "immutable"),
    ("0009_compact.up.sql", "VACUUM;", "atomic"),
];

#[test]
fn gantrys_own_migrations_have_no_findings_and_a_bad_one_is_caught_by_name() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/v1");
    let lint = |world: &World, path: &Path| {
        world.run(&["migrate", "lint", "--json", "--level", "note", "--dir", path.to_str().unwrap()])
    };
    let world = World::with(&[]);
    let found = lint(&world, &own).expect(0).json();
    let open = found["findings"].as_array().unwrap().iter().filter(|finding| finding["suppressed"].is_null()).count();
    assert_eq!((open, &found["migrations"]), (0, &json!(8)));
    for (name, sql, policy) in BAD {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(&own).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        std::fs::write(copy.path().join(name), sql).unwrap();
        let found = lint(&world, copy.path()).expect(3).json();
        let caught = |finding: &serde_json::Value| {
            finding["policy"] == policy && finding["file"] == name && finding["suppressed"].is_null()
        };
        assert!(found["findings"].as_array().unwrap().iter().any(caught), "{name}, {policy}: {found:#}");
    }
}

#[test]
fn gantrys_own_import_fits_and_a_table_or_column_that_it_forgets_is_refused_by_name() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let (old, new) = (migrations.join("v1"), migrations.join("v2"));
    let lint = |world: &World, import: &Path| {
        let directories = ["--import", import.to_str().unwrap(), "--old-migrations", old.to_str().unwrap()];
        let lint = ["migrate", "lint", "--json", "--level", "note", "--dir", new.to_str().unwrap()];
        world.run(&[&lint[..], &directories[..]].concat())
    };
    let (world, own) = (World::with(&[]), new.join("import/from-v1"));
    assert_eq!(lint(&world, &own).expect(0).json()["import"]["findings"], json!([]));
    for (file, text, instead, found) in [
        (
            "import.toml",
            "seen_at = ",
            "joined_at = ",
            "the old column `cradles.seen_at` is neither carried nor dropped",
        ),
        (
            "import.toml",
            "name = \"replicas\"",
            "name = \"copies\"",
            "the old table `replicas` is neither carried nor dropped",
        ),
        ("import.toml", "key = \"key\"", "key = \"path\"", "the new column `objects.path` is named and not there"),
        ("import.toml", "told_by", "told_bye", "did you mean `told_by`?"),
        ("import.toml", "schema = 8", "schema = 7", "the older migrations make sha256:"),
        ("objects.sql", "FROM old.cradles", "FROM old.nodes", "no such table: old.nodes"),
        // What was rehearsed would not be what is made.
        (
            "objects.sql",
            "FROM old.cradles",
            "FROM old.cradles ORDER BY random()",
            "`objects.sql` uses random() at line ",
        ),
    ] {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(&own).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        let good = std::fs::read_to_string(copy.path().join(file)).unwrap();
        assert!(good.contains(text), "{text}");
        std::fs::write(copy.path().join(file), good.replacen(text, instead, 1)).unwrap();
        let said = lint(&world, copy.path()).expect(3).json();
        let refusals = said["refusals"].as_array().unwrap();
        let named = |refusal: &serde_json::Value| refusal["message"].as_str().unwrap().contains(found);
        assert!(refusals.iter().any(named), "{found}: {refusals:#?}");
    }
}
