//! What a schema looks like, however it was written: its fingerprint, and what differs between two schemas.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::digest::{Fingerprint, Hasher, Sha256};
use crate::migration::ledger::Ledger;
use crate::migration::lexer::{Kind, Token, tokens};

/// A row of `sqlite_schema`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaRow {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The table that it belongs to.
    pub table: String,
    /// What made it; nothing for an index that SQLite made itself.
    pub sql: Option<String>,
}

/// A schema's fingerprint, and a digest for each of its objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaPrint {
    /// Equal for two schemas that mean the same.
    pub fingerprint: Fingerprint,
    /// By kind and name, such as `table buckets`: the digest of its line.
    pub objects: BTreeMap<String, Sha256>,
}

/// A difference between the schema that is there and the one that is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// What is wrong with it.
    pub kind: DriftKind,
    /// The object, such as `table buckets`.
    pub object: String,
    /// Whether a release may run on it all the same.
    pub severity: Severity,
}

/// What is wrong with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// It is expected and not there.
    Missing,
    /// It is not as expected.
    Changed,
    /// It is there and not expected.
    Extra,
    /// It is a migration that was left out, though a later one is applied.
    Unapplied,
}

/// Whether a release may run on a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It may: an extra table, index or view changes nothing for it.
    Tolerated,
    /// It may not.
    Fatal,
}

impl SchemaPrint {
    /// The print of a schema, without the ledger's own objects, SQLite's, and the shadow tables of virtual tables.
    pub fn of(rows: &[SchemaRow], ledger: &Ledger) -> Self {
        let mut lines = BTreeMap::new();
        for row in of_the_product(rows, ledger) {
            let Some(sql) = &row.sql else { continue };
            let (name, table) = (row.name.to_ascii_lowercase(), row.table.to_ascii_lowercase());
            let line = line(&row.kind, &name, &table, sql);
            lines.insert((row.kind.as_str(), name), line);
        }
        Self::of_lines(lines.iter().map(|((kind, name), line)| (*kind, name.as_str(), line)))
    }

    /// Of the lines of all objects, sorted by kind and name.
    fn of_lines<'l>(lines: impl Iterator<Item = (&'l str, &'l str, &'l Line)>) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(b"schema-v1\n");
        let object = |(kind, name, (line, digest)): (&str, &str, &Line)| {
            hasher.update(line.as_bytes());
            (format!("{kind} {name}"), *digest)
        };
        let objects = lines.map(object).collect();
        Self { objects, fingerprint: Fingerprint(hasher.finish()) }
    }

    /// Every difference to the schema that is expected; none if and only if the fingerprints are equal.
    pub fn drift_from(&self, expected: &Self) -> Vec<Drift> {
        let names: BTreeSet<_> = self.objects.keys().chain(expected.objects.keys()).collect();
        let drift = |object: &String| {
            let kind = match (self.objects.get(object), expected.objects.get(object)) {
                (None, _) => DriftKind::Missing,
                (Some(_), None) => DriftKind::Extra,
                (Some(found), Some(expected)) if found != expected => DriftKind::Changed,
                _ => return None,
            };
            let tolerated = kind == DriftKind::Extra && !object.starts_with("trigger ");
            let severity = if tolerated { Severity::Tolerated } else { Severity::Fatal };
            Some(Drift { kind, object: object.clone(), severity })
        };
        names.into_iter().filter_map(drift).collect()
    }
}

/// Makes the prints of one schema after another, and spells each object only once: of a thousand migrations most leave
/// most objects as they are.
pub struct Printer<'a> {
    ledger: &'a Ledger,
    /// By kind, name, table and SQL.
    lines: HashMap<(String, String, String, String), Line>,
}

/// An object's line, and its digest.
type Line = (String, Sha256);

impl<'a> Printer<'a> {
    /// A printer of databases with this ledger.
    pub fn new(ledger: &'a Ledger) -> Self {
        Self { ledger, lines: HashMap::new() }
    }

    /// As [`SchemaPrint::of`].
    pub fn print(&mut self, rows: &[SchemaRow]) -> SchemaPrint {
        let mut keys = BTreeMap::new();
        for row in of_the_product(rows, self.ledger) {
            let Some(sql) = &row.sql else { continue };
            let (name, table) = (row.name.to_ascii_lowercase(), row.table.to_ascii_lowercase());
            let key = (row.kind.clone(), name.clone(), table, sql.clone());
            self.lines.entry(key.clone()).or_insert_with(|| line(&key.0, &key.1, &key.2, &key.3));
            keys.insert((row.kind.as_str(), name), key);
        }
        let lines = keys.iter().filter_map(|((kind, name), key)| Some((*kind, name.as_str(), self.lines.get(key)?)));
        SchemaPrint::of_lines(lines)
    }
}

fn line(kind: &str, name: &str, table: &str, sql: &str) -> Line {
    let line = format!("{kind}\t{name}\t{table}\t{}\n", canonical(sql));
    let digest = Sha256::of(line.as_bytes());
    (line, digest)
}

/// The rows that count: without the ledger's own, SQLite's, and the shadow tables of virtual tables.
pub(super) fn of_the_product<'r>(rows: &'r [SchemaRow], ledger: &Ledger) -> impl Iterator<Item = &'r SchemaRow> {
    let shadows = shadow_tables(rows);
    rows.iter().filter(move |row| {
        let of_ledger = ledger.covers(&row.table) && matches!(&*row.kind, "table" | "index");
        let name = row.name.to_ascii_lowercase();
        !of_ledger && !name.starts_with("sqlite_") && !shadows.contains(&name)
    })
}

/// The tokens of `sql` in one spelling: what is left when writing does not matter.
fn canonical(sql: &str) -> String {
    tokens(sql).map(|token| spelling(&token)).collect::<Vec<_>>().join(" ")
}

pub(super) fn spelling(token: &Token<'_>) -> String {
    match (token.kind, token.name()) {
        (Kind::Literal, _) => token.text.to_owned(),
        (Kind::Word | Kind::Quoted, Some(name)) if is_plain(&name) => name.to_ascii_lowercase(),
        (Kind::Word | Kind::Quoted, Some(name)) => format!("\"{}\"", name.to_ascii_lowercase().replace('"', "\"\"")),
        _ => token.text.to_ascii_lowercase(),
    }
}

fn is_plain(name: &str) -> bool {
    let starts = |character: char| character.is_ascii_alphabetic() || character == '_';
    let goes_on = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '$');
    name.starts_with(starts) && name.chars().all(goes_on)
}

/// The tables in which SQLite's own virtual table modules keep their content, by module.
const SHADOWS: [(&[&str], &[&str]); 3] = [
    (&["fts5"], &["content", "config", "data", "docsize", "idx"]),
    (&["fts3", "fts4"], &["content", "docsize", "segdir", "segments", "stat"]),
    (&["rtree", "rtree_i32", "geopoly"], &["node", "parent", "rowid"]),
];

fn shadow_tables(rows: &[SchemaRow]) -> BTreeSet<String> {
    let of_row = |row: &SchemaRow| {
        let module = virtual_module(row.sql.as_deref()?)?;
        let (_, suffixes) = SHADOWS.iter().find(|(modules, _)| modules.contains(&module.as_str()))?;
        let name = row.name.to_ascii_lowercase();
        Some(suffixes.iter().map(move |suffix| format!("{name}_{suffix}")))
    };
    rows.iter().filter_map(of_row).flatten().collect()
}

/// The module of a `CREATE VIRTUAL TABLE name USING module`, in lower case.
fn virtual_module(sql: &str) -> Option<String> {
    let mut tokens = tokens(sql);
    let is_virtual = tokens.next()?.is("create") && tokens.next()?.is("virtual");
    tokens.find(|token| is_virtual && token.is("using"))?;
    tokens.next()?.name().map(|name| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;

    fn row(kind: &str, name: &str, table: &str, sql: &str) -> SchemaRow {
        SchemaRow { kind: kind.into(), name: name.into(), table: table.into(), sql: Some(sql.into()) }
    }

    fn table(name: &str, sql: &str) -> SchemaRow {
        row("table", name, name, sql)
    }

    fn print(rows: &[SchemaRow]) -> SchemaPrint {
        SchemaPrint::of(rows, &Ledger::of(Format::GolangMigrate, None).unwrap())
    }

    fn sha256_of(text: &str) -> Fingerprint {
        Fingerprint(Sha256::of(text.as_bytes()))
    }

    #[test]
    fn the_form_that_is_hashed_is_the_one_that_is_promised() {
        let rows = [
            table("Users", "CREATE TABLE \"Users\" (id INTEGER PRIMARY KEY, -- c\n  [Na me] TEXT DEFAULT 'Ab  C')"),
            row("index", "By_Name", "Users", "CREATE INDEX By_Name ON Users(\"Na me\")"),
            SchemaRow { sql: None, ..row("index", "sqlite_autoindex_Users_1", "Users", "") },
        ];
        let form = "schema-v1\n\
                    index\tby_name\tusers\tcreate index by_name on users ( \"na me\" )\n\
                    table\tusers\tusers\tcreate table users ( id integer primary key , \"na me\" text default 'Ab  C' )\n";
        assert_eq!(print(&rows).fingerprint, sha256_of(form));
        assert_eq!(print(&[]).fingerprint, sha256_of("schema-v1\n"));
        assert_eq!(spelling(&tokens("Übung").next().unwrap()), "\"Übung\"");
        assert_eq!(canonical("X'AB' `a\"b` 1E5 :Name"), "X'AB' \"a\"\"b\" 1E5 :name");
    }

    #[test]
    fn the_ledger_what_sqlite_keeps_and_shadow_tables_do_not_count() {
        let rows = [
            table("schema_migrations", "CREATE TABLE schema_migrations (version uint64,dirty bool)"),
            row(
                "index",
                "version_unique",
                "schema_migrations",
                "CREATE UNIQUE INDEX version_unique ON schema_migrations (version)",
            ),
            table("sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)"),
            table("notes", "CREATE VIRTUAL TABLE notes USING fts5(body)"),
            table("notes_data", "CREATE TABLE 'notes_data'(id INTEGER PRIMARY KEY, block BLOB)"),
        ];
        let objects: Vec<_> = print(&rows).objects.into_keys().collect();
        assert_eq!(objects, ["table notes"]);
    }

    #[test]
    fn extra_tables_are_tolerated_and_extra_triggers_are_not() {
        let expected = print(&[table("a", "CREATE TABLE a (x)"), table("b", "CREATE TABLE b (x)")]);
        let found = print(&[
            table("b", "CREATE TABLE b (x, y)"),
            table("c", "CREATE TABLE c (x)"),
            row("trigger", "t", "b", "CREATE TRIGGER t AFTER INSERT ON b BEGIN SELECT 1; END"),
        ]);
        let drift: Vec<_> = found.drift_from(&expected).into_iter().map(|d| (d.kind, d.object, d.severity)).collect();
        assert_eq!(
            drift,
            [
                (DriftKind::Missing, "table a".into(), Severity::Fatal),
                (DriftKind::Changed, "table b".into(), Severity::Fatal),
                (DriftKind::Extra, "table c".into(), Severity::Tolerated),
                (DriftKind::Extra, "trigger t".into(), Severity::Fatal),
            ]
        );
        assert!(found.drift_from(&found).is_empty());
    }

    #[test]
    fn a_print_is_read_back_as_it_was_written() {
        let print = print(&[table("a", "CREATE TABLE a (x)")]);
        let text = serde_json::to_string(&print).unwrap();
        assert_eq!(serde_json::from_str::<SchemaPrint>(&text).unwrap(), print);
    }
}
