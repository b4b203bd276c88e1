//! Files without a transaction around them: what they leave for those after them, and what is left where one fails.

use super::conformance::site;
use super::picture::picture;
use super::{Hand, driver, said};

const ENFORCED: &str = "-- atlas:txmode none\n\nPRAGMA foreign_keys = ON;\nCREATE TABLE parent (id INTEGER PRIMARY KEY);\n\
                        INSERT INTO parent VALUES (1), (2);\nCREATE TABLE child (p REFERENCES parent ON DELETE CASCADE);\n\
                        INSERT INTO child VALUES (1);\n";
/// The second row of `child` has no parent.
const ORPHANED: &str = "-- atlas:txmode none\n\nCREATE TABLE parent (id INTEGER PRIMARY KEY);\n\
                        INSERT INTO parent VALUES (1), (2);\nCREATE TABLE child (p REFERENCES parent);\n\
                        INSERT INTO child VALUES (1), (9);\nPRAGMA foreign_keys = ON;\n";

#[test]
fn a_file_after_one_that_enforces_foreign_keys_ends_with_us_as_with_atlas() {
    let Some(driver) = driver() else { return };
    let unnumbered = ORPHANED.replace("(p REFERENCES parent)", "(p PRIMARY KEY REFERENCES parent) WITHOUT ROWID");
    let off_again = format!("{ENFORCED}PRAGMA foreign_keys = OFF;\n");
    for (first, second) in [
        (ENFORCED, "INSERT INTO child VALUES (7);\n"),
        (ENFORCED, "DELETE FROM parent WHERE id = 1;\n"),
        (ENFORCED, "PRAGMA foreign_keys = OFF;\nINSERT INTO child VALUES (7);\n"),
        (ENFORCED, "-- atlas:txmode file\n\nINSERT INTO child VALUES (7);\n"),
        (ENFORCED, "-- atlas:txmode none\n\nINSERT INTO child VALUES (7);\n"),
        (ENFORCED, "-- atlas:txmode none\n\nPRAGMA foreign_keys = OFF;\nINSERT INTO child VALUES (7);\n"),
        (ENFORCED, "CREATE TABLE b (y REFERENCES nowhere (x));\nINSERT INTO b VALUES (1);\n"),
        (ENFORCED, "CREATE TABLE b (y REFERENCES child (p));\n"),
        (
            ENFORCED,
            "CREATE TABLE n (id INTEGER PRIMARY KEY);\nINSERT INTO n SELECT id FROM parent;\nDROP TABLE parent;\n\
                    ALTER TABLE n RENAME TO parent;\n",
        ),
        (&off_again, "INSERT INTO child VALUES (7);\n"),
        (ORPHANED, "CREATE TABLE other (x);\n"),
        (ORPHANED, "INSERT INTO child VALUES (8);\n"),
        (ORPHANED, "UPDATE child SET p = 8 WHERE p = 9;\n"),
        (ORPHANED, "UPDATE child SET rowid = 5 WHERE p = 9;\n"),
        (ORPHANED, "ALTER TABLE child RENAME TO kid;\n"),
        (ORPHANED, "DELETE FROM child WHERE p = 9;\n"),
        (&unnumbered, "CREATE TABLE other (x);\n"),
    ] {
        let mut site = site("atlas", &[("1_a.sql", first), ("2_b.sql", second)]);
        site.driver = Some(driver.clone());
        for way in [[["up"].as_slice(), &["up"]], [&["goto", "2"], &["up"]], [&["up", "1"], &["up"]]] {
            let [theirs, ours] =
                ["theirs", "ours"].map(|name| site.database(&format!("{name}-{}.db", way.concat().concat())));
            // The setting is that of a process: the next one knows nothing of it.
            for command in way {
                let engine = site.run(Hand::Engine, &theirs, command);
                let we = site.run(Hand::Ours, &ours, command);
                let words = format!("{second}, {command:?}: {}{}", said(&engine), said(&we));
                assert_eq!(we.status.success(), engine.status.success(), "{words}");
                assert_eq!(picture(&ours), picture(&theirs), "{words}");
            }
        }
    }
}

/// What the second file does, up and down.
const UNWRAPPED: [(&str, &str); 24] = [
    (
        "BEGIN; CREATE TABLE b (x); COMMIT; CREATE TABLE c (x);",
        "BEGIN EXCLUSIVE; DROP TABLE b; END TRANSACTION; DROP TABLE c;",
    ),
    ("BEGIN; CREATE TABLE b (x); COMMIT; BEGIN; CREATE TABLE c (x); INSERT INTO nowhere VALUES (1); COMMIT;", ""),
    ("BEGIN; CREATE TABLE b (x);", ""),
    ("BEGIN; CREATE TABLE b (x); ROLLBACK; CREATE TABLE c (x);", "DROP TABLE c;"),
    ("CREATE TABLE b (x); BEGIN; BEGIN;", ""),
    ("CREATE TABLE b (x);", "BEGIN; DROP TABLE b;"),
    ("CREATE TABLE b (x);", "DROP TABLE b; COMMIT;"),
    ("CREATE TABLE b (x); CREATE TABLE c (x);", "BEGIN; DROP TABLE b; COMMIT; BEGIN; DROP TABLE nowhere; COMMIT;"),
    ("CREATE TABLE b (x); COMMIT; PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE c (x);", ""),
    ("CREATE TABLE b (x); ROLLBACK;", ""),
    ("END; CREATE TABLE c (x);", ""),
    (
        "SAVEPOINT s; CREATE TABLE b (x); RELEASE s; SAVEPOINT t; CREATE TABLE c (x); ROLLBACK TO t; RELEASE t;",
        "DROP TABLE b;",
    ),
    ("SAVEPOINT s; CREATE TABLE b (x); COMMIT; CREATE TABLE c (x);", "DROP TABLE b; DROP TABLE c;"),
    ("SAVEPOINT s; CREATE TABLE b (x); ROLLBACK; CREATE TABLE c (x);", "SAVEPOINT s; DROP TABLE c;"),
    ("SAVEPOINT s; CREATE TABLE b (x);", ""),
    (
        "SAVEPOINT s; CREATE TABLE b (x); RELEASE s; SAVEPOINT t; CREATE TABLE c (x); INSERT INTO nowhere VALUES (1);",
        "",
    ),
    (
        "PRAGMA foreign_keys = ON; CREATE TABLE b (y REFERENCES a (x)); CREATE TABLE c (x); INSERT INTO b VALUES (1);",
        "",
    ),
    ("PRAGMA journal_mode = WAL; BEGIN; CREATE TABLE b (x); COMMIT;", "PRAGMA journal_mode = DELETE; DROP TABLE b;"),
    ("PRAGMA page_size = 8192; VACUUM;", "PRAGMA page_size = 4096; VACUUM;"),
    ("PRAGMA auto_vacuum = FULL; VACUUM;", "PRAGMA auto_vacuum = NONE; VACUUM;"),
    ("BEGIN; VACUUM; COMMIT;", ""),
    (
        "PRAGMA legacy_alter_table = ON; CREATE TABLE b (x REFERENCES a); ALTER TABLE a RENAME TO c;",
        "DROP TABLE b; ALTER TABLE c RENAME TO a;",
    ),
    ("INSERT INTO a SELECT changes(); INSERT INTO a SELECT last_insert_rowid();", "DELETE FROM a;"),
    (
        "CREATE TABLE c (x); CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO c VALUES (new.x || ';'); END; \
         BEGIN; INSERT INTO a VALUES ('END;'); CREATE TABLE seen AS SELECT version, dirty FROM schema_migrations; COMMIT;",
        "DROP TRIGGER t; DROP TABLE c; DROP TABLE seen; DELETE FROM a;",
    ),
];

#[test]
fn golang_migrate_without_a_transaction_around_a_file_leaves_what_we_leave() {
    let Some(driver) = driver() else { return };
    for (up, down) in UNWRAPPED {
        let files = [
            ("1_a.up.sql", "CREATE TABLE a (x);"),
            ("1_a.down.sql", "DROP TABLE a;"),
            ("2_b.up.sql", up),
            ("2_b.down.sql", down),
            ("3_z.up.sql", "CREATE TABLE z (x); INSERT INTO z SELECT changes();"),
            ("3_z.down.sql", "DROP TABLE z;"),
        ];
        let mut site = site("golang-migrate", &files);
        (site.driver, site.unwrapped) = (Some(driver.clone()), true);
        let (theirs, ours) = (site.database("theirs.db"), site.database("ours.db"));
        let way: [&[&str]; 7] =
            [&["up", "1"], &["up", "1"], &["up"], &["goto", "2"], &["down", "1"], &["up"], &["down"]];
        for command in way {
            let engine = site.run(Hand::Engine, &theirs, command);
            let we = site.run(Hand::Ours, &ours, command);
            let words = format!("{up} | {down}, {command:?}: {}{}", said(&engine), said(&we));
            assert_eq!(we.status.success(), engine.status.success(), "{words}");
            assert_eq!(picture(&ours), picture(&theirs), "{words}");
            if !engine.status.success() {
                break;
            }
        }
    }
}
