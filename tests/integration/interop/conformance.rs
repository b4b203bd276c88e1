//! What each engine does in the cases where engines differ, item by item, asked of our own command.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::{Hand, Site, said};
use crate::interop::programs::Program;

/// A directory with these files, and no database yet.
fn site(format: &'static str, files: &[(&str, &str)]) -> Site {
    let site = Site::new(format, &Program(Vec::new()), None);
    files.iter().for_each(|(name, text)| fs::write(site.migrations().join(name), text).unwrap());
    if format == "atlas" {
        let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        fs::write(site.migrations().join("atlas.sum"), crate::format::atlas_sum(&files)).unwrap();
    }
    site
}

/// The outcome and all words of a command of ours on `data.db`.
fn ours(site: &Site, command: &[&str]) -> (String, String) {
    let mut command = command.to_vec();
    command.push("--json");
    let output = site.run(Hand::Ours, &site.database("data.db"), &command);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    (answer["outcome"].as_str().unwrap().to_owned(), answer.to_string())
}

fn done(site: &Site, command: &[&str]) -> String {
    let (outcome, words) = ours(site, command);
    assert_eq!(outcome, "done", "{command:?}: {words}");
    words
}

fn not_done(site: &Site, command: &[&str]) -> String {
    let (outcome, words) = ours(site, command);
    assert!(["refused", "failed", "stranded"].contains(&&*outcome), "{command:?}: {words}");
    words
}

fn sql(site: &Site, sql: &str) {
    Connection::open(site.database("data.db")).unwrap().execute_batch(sql).unwrap();
}

/// The first column of the answer, as texts in one line.
fn ask(site: &Site, sql: &str) -> String {
    let connection = Connection::open(site.database("data.db")).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
    let shown = |value| match value {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    rows.map(|row| shown(row.unwrap())).collect::<Vec<_>>().join(" ")
}

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND length(name) = 1 ORDER BY name";

mod golang_migrate {
    use super::*;

    const ONE: (&str, &str) = ("1_a.up.sql", "CREATE TABLE a (x);");

    fn rows(site: &Site) -> String {
        ask(site, "SELECT version || '/' || dirty FROM schema_migrations")
    }

    #[test]
    fn a_missing_down_file_only_moves_the_ledger() {
        let site = site("golang-migrate", &[ONE, ("2_b.up.sql", "CREATE TABLE b (x);")]);
        done(&site, &["up"]);
        done(&site, &["down", "1"]);
        assert_eq!((rows(&site), ask(&site, TABLES)), ("1/0".into(), "a b".into()));
    }

    #[test]
    fn a_version_without_a_file_is_refused() {
        let site = site("golang-migrate", &[ONE]);
        done(&site, &["up"]);
        sql(&site, "UPDATE schema_migrations SET version = 99");
        for command in [&["up"] as &[&str], &["down", "1"], &["goto", "1"]] {
            let words = not_done(&site, command);
            assert!(words.contains("99"), "{words}");
        }
    }

    #[test]
    fn a_dirty_ledger_is_refused_whatever_made_it() {
        // After a failed up, a failed down, and a failed down of the first.
        for version in ["1", "2", "-1"] {
            let site = site("golang-migrate", &[ONE, ("2_b.up.sql", "CREATE TABLE b (x);")]);
            done(&site, &["up", "1"]);
            sql(&site, &format!("UPDATE schema_migrations SET version = {version}, dirty = 1"));
            for command in [&["up"] as &[&str], &["down", "1"]] {
                let words = not_done(&site, command);
                assert!(words.contains("dirty"), "{words}");
                assert_eq!(rows(&site), format!("{version}/1"));
            }
        }
    }

    #[test]
    fn a_commit_inside_a_file_leaves_its_effect_and_a_dirty_ledger() {
        let site = site("golang-migrate", &[ONE, ("2_b.up.sql", "CREATE TABLE b (x); COMMIT;")]);
        done(&site, &["up", "1"]);
        not_done(&site, &["up"]);
        assert_eq!((rows(&site), ask(&site, TABLES)), ("2/1".into(), "a b".into()));
    }

    #[test]
    fn more_ups_than_there_are_apply_all_that_there_are() {
        let site = site("golang-migrate", &[ONE]);
        let (outcome, words) = ours(&site, &["up", "5"]);
        // golang-migrate applies it and then says `limit 4 short`.
        assert!(outcome == "done" && rows(&site) == "1/0", "{words}");
    }
}

mod goose {
    use super::*;

    const FILES: [(&str, &str); 3] = [
        ("1_a.sql", "-- +goose Up\nCREATE TABLE a (x);\n-- +goose Down\nDROP TABLE a;\n"),
        ("2_b.sql", "-- +goose Up\nCREATE TABLE b (x);\n-- +goose Down\nDROP TABLE b;\n"),
        ("3_c.sql", "-- +goose Up\nCREATE TABLE c (x);\n-- +goose Down\nDROP TABLE c;\n"),
    ];

    fn rows(site: &Site) -> String {
        ask(site, "SELECT id || ':' || version_id || '/' || is_applied FROM goose_db_version ORDER BY id")
    }

    #[test]
    fn a_ledger_without_its_zero_row_is_refused() {
        let site = site("goose", &FILES);
        done(&site, &["up"]);
        sql(&site, "DELETE FROM goose_db_version WHERE version_id = 0");
        not_done(&site, &["down", "1"]);
    }

    #[test]
    fn down_takes_the_latest_id_back_and_not_the_greatest_version() {
        let site = site("goose", &FILES);
        done(&site, &["up", "1"]);
        sql(
            &site,
            "CREATE TABLE b (x); CREATE TABLE c (x); INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, 1), (2, 1)",
        );
        done(&site, &["down", "1"]);
        assert_eq!((rows(&site), ask(&site, TABLES)), ("1:0/1 2:1/1 3:3/1".into(), "a c".into()));
    }

    #[test]
    fn an_id_is_never_given_twice() {
        let site = site("goose", &FILES);
        done(&site, &["up"]);
        done(&site, &["down", "1"]);
        done(&site, &["up"]);
        assert_eq!(rows(&site), "1:0/1 2:1/1 3:2/1 5:3/1");
    }

    #[test]
    fn a_row_of_an_old_goose_that_says_not_applied_is_not_passed_over() {
        let site = site("goose", &FILES);
        done(&site, &["up", "2"]);
        sql(&site, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (3, 0)");
        // Its releases do not agree on what that means: neither do we guess.
        let words = not_done(&site, &["up"]);
        assert!(words.contains('3'), "{words}");
    }
}

mod dbmate {
    use super::*;

    fn file(table: &str) -> String {
        format!("-- migrate:up\nCREATE TABLE {table} (x);\n-- migrate:down\nDROP TABLE {table};\n")
    }

    fn rows(site: &Site) -> String {
        ask(site, "SELECT version || ':' || typeof(version) FROM schema_migrations ORDER BY rowid")
    }

    #[test]
    fn digits_are_texts_and_ten_comes_before_nine() {
        let site = site("dbmate", &[("9_z.sql", &file("z")), ("10_a.sql", &file("a")), ("001_b.sql", &file("b"))]);
        done(&site, &["up"]);
        assert_eq!(rows(&site), "001:text 10:text 9:text");
        done(&site, &["down", "1"]);
        assert_eq!(ask(&site, TABLES), "a b");
    }

    #[test]
    fn a_failure_outside_a_transaction_leaves_its_beginning_and_no_row() {
        let text =
            "-- migrate:up transaction:false\nCREATE TABLE b (x);\nINSERT INTO nowhere VALUES (1);\n-- migrate:down\n";
        let site = site("dbmate", &[("1_a.sql", &file("a")), ("2_b.sql", text)]);
        let words = not_done(&site, &["up"]);
        assert!(words.contains("2_b.sql"), "{words}");
        assert_eq!((rows(&site), ask(&site, TABLES)), ("1:text".into(), "a b".into()));
    }

    #[test]
    fn a_row_without_a_file_is_not_hidden() {
        let site = site("dbmate", &[("1_a.sql", &file("a")), ("2_b.sql", &file("b"))]);
        done(&site, &["up"]);
        fs::remove_file(site.migrations().join("2_b.sql")).unwrap();
        // dbmate would take back 1 instead.
        let words = not_done(&site, &["down", "1"]);
        assert!(words.contains('2') && ask(&site, TABLES) == "a b", "{words}");
    }
}

mod sql_migrate {
    use super::*;

    fn file(table: &str) -> String {
        format!("-- +migrate Up\nCREATE TABLE {table} (x);\n-- +migrate Down\nDROP TABLE {table};\n")
    }

    /// 1 and 3 are applied, 2 came later.
    fn with_a_hole() -> Site {
        let site = site("sql-migrate", &[("1_a.sql", &file("a")), ("3_c.sql", &file("c"))]);
        done(&site, &["up"]);
        fs::write(site.migrations().join("2_b.sql"), file("b")).unwrap();
        site
    }

    #[test]
    fn a_hole_is_closed_on_the_way_up() {
        let site = with_a_hole();
        done(&site, &["up"]);
        assert_eq!(ask(&site, "SELECT id FROM gorp_migrations ORDER BY rowid"), "1_a.sql 3_c.sql 2_b.sql");
    }

    #[test]
    fn a_hole_is_refused_on_the_way_down() {
        let site = with_a_hole();
        let words = not_done(&site, &["down", "1"]);
        assert!(words.contains("2_b.sql") && ask(&site, TABLES) == "a c", "{words}");
    }

    #[test]
    fn a_row_without_a_file_is_refused() {
        let site = with_a_hole();
        sql(&site, "INSERT INTO gorp_migrations VALUES ('9_z.sql', '2026-11-21 00:05:48.349566024+01:00')");
        for command in [&["up"] as &[&str], &["down", "1"]] {
            let words = not_done(&site, command);
            assert!(words.contains("9_z.sql"), "{words}");
        }
    }

    #[test]
    fn times_are_read_in_every_form() {
        for time in ["2026-11-21 00:05:48.349566024+01:00", "2026-11-20T23:00:00Z", "2026-11-20 23:00:00"] {
            let site = site("sql-migrate", &[("1_a.sql", &file("a")), ("2_b.sql", &file("b"))]);
            done(&site, &["up", "1"]);
            sql(&site, &format!("UPDATE gorp_migrations SET applied_at = '{time}'"));
            done(&site, &["up"]);
            assert_eq!(ask(&site, TABLES), "a b");
        }
    }
}

mod atlas {
    use super::*;

    #[test]
    fn a_file_without_a_transaction_that_failed_is_written_down_and_refused_until_it_is_whole() {
        let text = "-- atlas:txmode none\n\nCREATE TABLE b (x);\nINSERT INTO c VALUES (1);\nCREATE TABLE d (x);\n";
        let site = site("atlas", &[("1_a.sql", "CREATE TABLE a (x);\n"), ("2_b.sql", text)]);
        not_done(&site, &["up"]);
        let state = "SELECT version || ':' || applied || '/' || total FROM atlas_schema_revisions ORDER BY version";
        assert_eq!(ask(&site, state), "1:1/1 2:1/3");
        // Atlas itself goes on at the second statement.
        let words = not_done(&site, &["up"]);
        assert!(words.contains("2_b.sql") && words.contains("backup"), "{words}");
    }

    #[test]
    fn a_baseline_is_where_it_begins() {
        let site = site("atlas", &[("1_a.sql", "CREATE TABLE a (x);\n"), ("2_b.sql", "CREATE TABLE b (x);\n")]);
        done(&site, &["up", "1"]);
        sql(&site, "UPDATE atlas_schema_revisions SET type = 1, applied = 0, total = 0, hash = ''");
        done(&site, &["up"]);
        assert_eq!(ask(&site, "SELECT version || ':' || type FROM atlas_schema_revisions ORDER BY version"), "1:1 2:2");
    }

    #[test]
    fn a_file_between_those_that_are_applied_is_refused() {
        let one = |table: &str| format!("CREATE TABLE {table} (x);\n");
        let files = [("1_a.sql", one("a")), ("2_b.sql", one("b")), ("3_c.sql", one("c"))];
        let all: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let site = site("atlas", &all);
        done(&site, &["up"]);
        sql(&site, "DROP TABLE b; DELETE FROM atlas_schema_revisions WHERE version = '2'");
        let words = not_done(&site, &["up"]);
        assert!(words.contains('2') && ask(&site, TABLES) == "a c", "{words}");
    }
}

/// A table that is rebuilt while foreign keys are enforced takes its children with it; in place nobody enforces them,
/// and the child stays.
#[test]
fn a_rebuild_keeps_the_children_of_the_table_in_every_format() {
    let family = "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE k (p REFERENCES p ON DELETE CASCADE);\n\
                  INSERT INTO p VALUES (1);\nINSERT INTO k VALUES (1);\n";
    let rebuild = "PRAGMA foreign_keys = OFF;\nCREATE TABLE q (id INTEGER PRIMARY KEY);\nINSERT INTO q SELECT id FROM p;\n\
                   DROP TABLE p;\nALTER TABLE q RENAME TO p;\n";
    for format in super::FORMATS {
        let wrap = |sql: &str| match format {
            "goose" => format!("-- +goose Up\n{sql}"),
            "dbmate" => format!("-- migrate:up\n{sql}-- migrate:down\n"),
            "sql-migrate" => format!("-- +migrate Up\n{sql}"),
            _ => sql.to_owned(),
        };
        let end = if format == "golang-migrate" { ".up.sql" } else { ".sql" };
        let names = [format!("1_a{end}"), format!("2_b{end}")];
        let texts = [wrap(family), wrap(rebuild)];
        let site = site(format, &[(&names[0], &texts[0]), (&names[1], &texts[1])]);
        done(&site, &["up"]);
        assert_eq!(ask(&site, "SELECT count(*) FROM k"), "1", "{format}");
        assert!(Path::new(&site.database("data.db")).exists());
    }
}
