//! Indexes are made once all rows are there: sorted, each page written once.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::Result;
use super::culprits;
use super::error::sqlite;
use crate::db::count::quoted;

/// Indexes that were dropped, in the order in which they were made.
pub(super) struct Indexes(Vec<Index>);

pub(super) struct Index {
    pub(super) name: String,
    pub(super) table: String,
    pub(super) sql: String,
}

impl Indexes {
    /// Drops what the filling does not need: the indexes of tables that it does not read, of which unique ones only where
    /// no statement says what becomes of a duplicate.
    pub(super) fn drop(connection: &Connection, reads: &BTreeSet<String>, unique: bool) -> Result<Self> {
        let sql = "SELECT s.name, s.tbl_name, s.sql FROM main.sqlite_schema AS s
                   JOIN pragma_index_list(s.tbl_name, 'main') AS l ON l.name = s.name
                   WHERE s.type = 'index' AND s.sql IS NOT NULL AND (?1 OR NOT l.\"unique\") ORDER BY s.rowid";
        let found = connection.prepare(sql).and_then(|mut statement| {
            let rows = statement
                .query_map([unique], |row| Ok(Index { name: row.get(0)?, table: row.get(1)?, sql: row.get(2)? }))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        let mut found = found.map_err(sqlite("list the new indexes"))?;
        found.retain(|index| !reads.contains(&index.table.to_ascii_lowercase()));
        for index in &found {
            let drop = format!("DROP INDEX main.{}", quoted(&index.name));
            connection.execute_batch(&drop).map_err(sqlite("put off an index"))?;
        }
        Ok(Self(found))
    }

    /// Makes them, as they were.
    pub(super) fn make(&self, connection: &Connection) -> Result<()> {
        for index in &self.0 {
            if let Err(source) = connection.execute_batch(&index.sql) {
                return Err(culprits::of_index(connection, index, source)?);
            }
        }
        Ok(())
    }
}
