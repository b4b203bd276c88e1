//! The import mapping: what becomes of every table and column of an older major release.
//!
//! It is a directory of a release's archive: `import.toml`, which accounts for everything, and plain SQL that reads
//! `old.*` and writes `main.*`. What the SQL does is believed only as far as the account bears it out. The format is
//! described in `docs/import.md`.

pub mod chance;
mod check;
mod read;

use std::collections::BTreeMap;

pub use read::MappingError;

use crate::digest::{Fingerprint, Hasher, Sha256};
use crate::version::SchemaVersion;

/// The file that accounts.
pub const FILE: &str = "import.toml";

/// A mapping, read and understood, and not compared with any schema yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    sources: Vec<Source>,
    scripts: Vec<(String, String)>,
    tables: Vec<OldTable>,
    made: Vec<Made>,
    checks: Vec<Check>,
    digest: Sha256,
}

/// A schema that a mapping reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What the ledger says.
    pub schema: SchemaVersion,
    /// What the schema looks like.
    pub fingerprint: Fingerprint,
}

/// What becomes of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldTable {
    /// Its name.
    pub name: String,
    /// Why nothing of it is carried; then `into` is empty.
    pub dropped: Option<String>,
    /// Why rows that no `into` takes are not carried; nothing where there must not be any.
    pub left: Option<String>,
    /// Why a column is not carried, by its name.
    pub without: BTreeMap<String, String>,
    /// Where its rows go.
    pub into: Vec<Into>,
}

/// Where rows of a table go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Into {
    /// The new table.
    pub table: String,
    /// Which rows go there, as an SQL condition on the old table; nothing for all.
    pub condition: Option<String>,
    /// How many rows each of them becomes.
    pub rows: Rows,
    /// Which rows of the new table come from here, as an SQL condition on it; nothing where that needs no telling.
    pub told_by: Option<String>,
    /// Old columns whose values are the same in a column of the new table.
    pub same: BTreeMap<String, String>,
    /// Old columns whose values are used, and come out as something else.
    pub changed: BTreeMap<String, String>,
}

/// How many rows of a new table rows of an old one become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Each becomes one.
    Each,
    /// Each becomes a part of one that is there through another table.
    Parts,
    /// As many as this query on `old.*` counts.
    Counted(String),
}

/// Rows that come from no table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The new table.
    pub table: String,
    /// How many, as a query on `old.*`.
    pub count: String,
    /// Why.
    pub reason: String,
}

/// What must hold afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is wrong with the rows that it finds.
    pub words: String,
    /// A query on `old.*` and `main.*` that must find no row.
    pub sql: String,
}

/// The tables of a schema with their columns, as far as they hold values of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// By name.
    pub tables: BTreeMap<String, Columns>,
}

/// The columns of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Those that hold values of their own.
    pub kept: Vec<String>,
    /// Those that are computed from them.
    pub computed: Vec<String>,
}

impl Mapping {
    /// Reads the files of a mapping's directory, by name.
    ///
    /// # Errors
    /// Everything that is wrong with them, by file and line.
    pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, MappingError> {
        read::read(files)
    }

    /// The schemas that it reads.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Whether it reads a database with this schema.
    pub fn admits(&self, schema: &SchemaVersion, fingerprint: Fingerprint) -> bool {
        self.sources.iter().any(|source| source.schema == *schema && source.fingerprint == fingerprint)
    }

    /// The SQL files in the order in which they are run: name and text.
    pub fn scripts(&self) -> &[(String, String)] {
        &self.scripts
    }

    /// What becomes of each table.
    pub fn tables(&self) -> &[OldTable] {
        &self.tables
    }

    /// Rows that come from no table.
    pub fn made(&self) -> &[Made] {
        &self.made
    }

    /// What must hold afterwards.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Of all its files, names and contents.
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// What it does not account for in these two schemas, and what it names and is not there; nothing where all is well.
    pub fn check(&self, old: &Shape, new: &Shape) -> Vec<String> {
        check::check(self, old, new)
    }

    /// Everything that is carried into a table, with the old table.
    pub fn carried_into<'a>(&'a self, table: &'a str) -> impl Iterator<Item = (&'a OldTable, &'a Into)> {
        let all = self.tables.iter().flat_map(|old| old.into.iter().map(move |into| (old, into)));
        all.filter(move |(_, into)| into.table.eq_ignore_ascii_case(table))
    }
}

impl Shape {
    /// A table, whatever the case of its name.
    pub fn table(&self, name: &str) -> Option<(&str, &Columns)> {
        let found = self.tables.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(known, columns)| (known.as_str(), columns))
    }
}

impl Columns {
    /// Whether there is such a column, whatever the case of its name.
    pub fn has(&self, name: &str) -> bool {
        self.kept.iter().chain(&self.computed).any(|column| column.eq_ignore_ascii_case(name))
    }
}

fn digest(files: &BTreeMap<String, Vec<u8>>) -> Sha256 {
    let mut hasher = Hasher::new();
    for (name, bytes) in files {
        hasher.update(format!("{}:{name}{}:", name.len(), bytes.len()).as_bytes());
        hasher.update(bytes);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests;
