//! The test product's migrations in every format.

use std::fmt::Write as _;

use gantry_installer::digest::Sha256;

/// The usual migrations: 2 only adds, 3 changes what a row means, 4 makes a table.
const MIGRATIONS: [(&str, &str, &str); 4] = [
    ("0001_notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);", "DROP TABLE notes;"),
    ("0002_mood", "ALTER TABLE notes ADD COLUMN mood TEXT;", "ALTER TABLE notes DROP COLUMN mood;"),
    ("0003_title", "ALTER TABLE notes RENAME COLUMN text TO title;", "ALTER TABLE notes RENAME COLUMN title TO text;"),
    ("0004_tags", "CREATE TABLE tags (name TEXT PRIMARY KEY);", "DROP TABLE tags;"),
];

/// The files of the first so many.
pub fn migrations(format: &str, count: i64) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (name, up, down) in &MIGRATIONS[..usize::try_from(count).unwrap()] {
        let mut file = |end: &str, content: String| files.push((format!("{name}{end}"), content));
        match format {
            "golang-migrate" => {
                file(".up.sql", (*up).to_owned());
                file(".down.sql", (*down).to_owned());
            }
            "goose" => file(".sql", format!("-- +goose Up\n{up}\n\n-- +goose Down\n{down}\n")),
            "dbmate" => file(".sql", format!("-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n")),
            "sql-migrate" => file(".sql", format!("-- +migrate Up\n{up}\n\n-- +migrate Down\n{down}\n")),
            "atlas" => file(".sql", format!("{up}\n")),
            other => panic!("{other} is no format"),
        }
    }
    if format == "atlas" {
        files.push(("atlas.sum".to_owned(), atlas_sum(&files)));
    }
    files
}

/// A schema as a manifest and `--json` name it.
pub fn schema(format: &str, number: i64) -> serde_json::Value {
    let name = || MIGRATIONS[usize::try_from(number - 1).unwrap()].0;
    match format {
        "golang-migrate" | "goose" => number.into(),
        "sql-migrate" => format!("{}.sql", name()).into(),
        _ => name()[..4].into(),
    }
}

/// The number of the newest migration, asked of the ledger.
pub fn newest(format: &str) -> &'static str {
    match format {
        "golang-migrate" => "SELECT version FROM schema_migrations WHERE NOT dirty",
        "goose" => "SELECT max(version_id) FROM goose_db_version",
        "dbmate" => "SELECT max(CAST(version AS INTEGER)) FROM schema_migrations",
        "sql-migrate" => "SELECT max(CAST(id AS INTEGER)) FROM gorp_migrations",
        _ => "SELECT max(CAST(version AS INTEGER)) FROM atlas_schema_revisions WHERE applied = total",
    }
}

/// Each entry is the digest of all names and contents up to it, and the first line that of all names and entries.
pub fn atlas_sum(files: &[(String, String)]) -> String {
    let (mut so_far, mut all, mut lines) = (String::new(), String::new(), String::new());
    for (name, content) in files {
        so_far += name;
        so_far += content;
        let entry = Sha256::of(so_far.as_bytes()).base64();
        write!(all, "{name}{entry}").unwrap();
        writeln!(lines, "{name} h1:{entry}").unwrap();
    }
    format!("h1:{}\n{lines}", Sha256::of(all.as_bytes()).base64())
}
