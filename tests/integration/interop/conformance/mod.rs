//! What each engine does in the cases where engines differ, item by item, asked of our own command. `docs/conformance.md` has
//! the list, and where each item is tested.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::{Hand, Site, said};
use crate::interop::programs::Program;

mod atlas;
mod dbmate;
mod golang_migrate;
mod goose;
mod sql_migrate;

/// A directory with these files, and no database yet.
pub fn site(format: &'static str, files: &[(&str, &str)]) -> Site {
    let site = Site::new(format, &Program(Vec::new()), None);
    write(&site, files);
    site
}

fn write(site: &Site, files: &[(&str, &str)]) {
    files.iter().for_each(|(name, text)| fs::write(site.migrations().join(name), text).unwrap());
    if site.format == "atlas" {
        let files: Vec<_> = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        fs::write(site.migrations().join("atlas.sum"), crate::format::atlas_sum(&files)).unwrap();
    }
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
