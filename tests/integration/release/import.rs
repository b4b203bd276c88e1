//! How the next major's database is made: its schema, and the mapping from the usual migrations' one.

use gantry_installer::config::{ForeignKeys, Format};
use gantry_installer::db::schema::of_migrations;
use gantry_installer::migration::{Ledger, Set};
use gantry_installer::version::SchemaVersion;

use crate::format::migrations;

/// Notes have authors there, and are short.
pub const SCHEMA: &str = "CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL CHECK (length(text) < 100),
    author INTEGER NOT NULL DEFAULT 1 REFERENCES authors
) STRICT;";

/// The files of the mapping from a schema.
pub fn files(from: i64) -> [(&'static str, String); 2] {
    let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
    let usual = migrations("golang-migrate", from).into_iter();
    let set = Set::read(Format::GolangMigrate, usual.map(|(name, sql)| (name, sql.into_bytes()))).unwrap();
    let print = of_migrations(&set, &SchemaVersion::Number(from), &ledger, ForeignKeys::Ignored).unwrap();
    let fingerprint = print.fingerprint;
    let without = if from > 1 { "without = { mood = \"nobody asks for it\" }" } else { "" };
    let account = format!(
        r#"format = 1
sql = ["rows.sql"]
[[from]]
schema = {from}
fingerprint = "{fingerprint}"
[[table]]
name = "notes"
{without}
[[table.into]]
table = "notes"
same = {{ id = "id", text = "text" }}
[[made]]
table = "authors"
rows = "SELECT 1"
reason = "whoever wrote before there were authors"
"#
    );
    let rows = "INSERT INTO main.authors VALUES (1, 'unknown');
INSERT INTO main.notes (id, text, author) SELECT id, text, 1 FROM old.notes;
";
    [("import.toml", account), ("rows.sql", rows.to_owned())]
}
