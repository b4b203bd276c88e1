//! The rows that do not fit, by name.

mod duplicates;
mod references;
mod statement;

use std::fmt;

use rusqlite::Connection;

pub(super) use duplicates::of_index;
pub(super) use references::dangling;
pub(super) use statement::of_statement;

use super::Result;
use super::error::{BuildError, Culprits, sqlite};

/// A row that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// The new table.
    pub table: String,
    /// The values of its key, or of all its columns where it has none.
    pub key: String,
    /// What it breaks, in SQLite's words where it has some.
    pub constraint: String,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}: {}", self.table, self.key, self.constraint)
    }
}

/// Rows that are named; more are counted only.
const NAMED: usize = 100;

/// Culprits as they are found.
#[derive(Default)]
struct Found {
    rows: Vec<Culprit>,
    total: u64,
}

impl Found {
    fn add(&mut self, culprit: impl FnOnce() -> Culprit) {
        self.total += 1;
        if self.rows.len() < NAMED {
            self.rows.push(culprit());
        }
    }

    fn told(self) -> Option<BuildError> {
        let Self { rows, total } = self;
        (total > 0).then(|| BuildError::Rows(Box::new(Culprits { rows, total })))
    }
}

/// The columns of a new table's primary key, in its order; none where it has no such key.
fn key_of(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk";
    let found = connection.prepare(sql).and_then(|mut statement| {
        let names = statement.query_map([table], |row| row.get(0))?;
        names.collect::<rusqlite::Result<Vec<String>>>()
    });
    found.map_err(sqlite("look at a key"))
}

/// Columns and their values, for people.
fn named<'a>(values: impl Iterator<Item = (&'a str, String)>) -> String {
    values.map(|(column, value)| format!("{column} = {value}")).collect::<Vec<_>>().join(", ")
}
