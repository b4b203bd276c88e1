//! What became of every row: the report of an import.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{Fingerprint, Sha256};
use crate::transfer::ContentDigest;
use crate::version::SchemaVersion;

/// What an import did, proven on the file that it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What it was made from.
    pub source: Source,
    /// The digest of the mapping's files.
    pub mapping: Sha256,
    /// What the new ledger says.
    pub schema: SchemaVersion,
    /// Of the new schema.
    pub fingerprint: Fingerprint,
    /// The length of the new file.
    pub bytes: u64,
    /// Every old table.
    pub old: Vec<OldTable>,
    /// Every new table.
    pub new: Vec<NewTable>,
    /// What was carried unchanged, compared value by value.
    pub compared: Vec<Compared>,
    /// What else was looked at and found right.
    pub checks: Vec<Checked>,
    /// How long filling took, until the file was whole.
    pub fill_ms: u64,
    /// How long until the file was durable, and its rows were counted and their references checked. All other constraints
    /// held while it was filled.
    pub constraints_ms: u64,
    /// How long all of it took.
    pub ms: u64,
}

/// The old database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its length.
    pub bytes: u64,
    /// The same before and after.
    pub sha256: Sha256,
    /// What its ledger says.
    pub schema: SchemaVersion,
    /// Of its schema.
    pub fingerprint: Fingerprint,
}

/// What became of an old table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldTable {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// Why nothing of it was carried.
    pub dropped: Option<String>,
    /// The rows that were not carried.
    pub left: Option<Left>,
    /// Why a column was not carried, by its name.
    pub without: BTreeMap<String, String>,
    /// Where rows went.
    pub into: Vec<Into>,
}

/// Rows that were not carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// How many.
    pub rows: u64,
    /// Why.
    pub reason: String,
}

/// Rows that were carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Into {
    /// The new table.
    pub table: String,
    /// How many rows of the old one.
    pub rows: u64,
    /// How many rows of the new one they became; none where they became parts of others.
    pub adds: u64,
}

/// A new table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTable {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// How many of them the migrations put there.
    pub seeded: u64,
    /// How many of them come from no old table, and why.
    pub made: Vec<Left>,
}

/// Values that are the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The new table.
    pub table: String,
    /// The old tables.
    pub from: Vec<String>,
    /// The new table's columns.
    pub columns: Vec<String>,
    /// How many rows.
    pub rows: u64,
    /// Of both sides.
    pub digest: ContentDigest,
}

/// Something that was found right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// What.
    pub name: String,
    /// How long it took.
    pub ms: u64,
}

impl Account {
    /// How many rows the old database has in all its tables.
    pub fn rows(&self) -> u64 {
        self.old.iter().map(|table| table.rows).sum()
    }
}

/// For people: every old table, then every new one, then what was proven.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source { schema, bytes, sha256, .. } = &self.source;
        writeln!(f, "from schema {schema}, {bytes} bytes, SHA-256 {sha256}, unchanged")?;
        writeln!(f, "to schema {}, {} bytes", self.schema, self.bytes)?;
        for table in &self.old {
            writeln!(f, "\n{}: {}", table.name, rows(table.rows))?;
            for Into { table, rows: taken, adds } in &table.into {
                let become_ = if *adds == 0 && *taken > 0 { "parts of rows".to_owned() } else { rows(*adds) };
                writeln!(f, "  {} become {become_} of {table}", rows(*taken))?;
            }
            if let Some(Left { rows: left, reason }) = &table.left {
                writeln!(f, "  {} not carried: {reason}", rows(*left))?;
            }
            table.dropped.iter().try_for_each(|reason| writeln!(f, "  dropped: {reason}"))?;
            table.without.iter().try_for_each(|(column, reason)| writeln!(f, "  without {column}: {reason}"))?;
        }
        writeln!(f)?;
        for NewTable { name, rows: count, seeded, made } in &self.new {
            let seeded = if *seeded == 0 { String::new() } else { format!(", {} of the migrations", rows(*seeded)) };
            writeln!(f, "{name}: {}{seeded}", rows(*count))?;
            made.iter().try_for_each(|made| writeln!(f, "  {} made: {}", rows(made.rows), made.reason))?;
        }
        writeln!(f)?;
        for Compared { table, from, columns, rows: count, digest } in &self.compared {
            let (from, columns) = (from.join(" + "), columns.join(", "));
            writeln!(f, "same: {from} and {table} ({columns}), {}, {digest}", rows(*count))?;
        }
        self.checks.iter().try_for_each(|check| writeln!(f, "right: {}, {} ms", check.name, check.ms))?;
        write!(f, "{} ms in all", self.ms)
    }
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}
