//! Indexes are made once all rows are there: sorted, each page written once.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::db::count::quoted;

/// An index that was dropped, to be made again.
pub(super) struct Index {
    pub(super) name: String,
    pub(super) table: String,
    /// What makes it, as it was.
    pub(super) sql: String,
}

/// Drops what filling the tables does not need, and gives it in the order in which it was made: the indexes of tables
/// that are not read meanwhile (`reads`, in ASCII lower case), of which unique ones only if `unique`. Those of
/// constraints stay.
pub(super) fn put_off(connection: &Connection, reads: &BTreeSet<String>, unique: bool) -> rusqlite::Result<Vec<Index>> {
    let sql = "SELECT s.name, s.tbl_name, s.sql FROM main.sqlite_schema AS s
               JOIN pragma_index_list(s.tbl_name, 'main') AS l ON l.name = s.name
               WHERE s.type = 'index' AND s.sql IS NOT NULL AND (?1 OR NOT l.\"unique\") ORDER BY s.rowid";
    let mut statement = connection.prepare(sql)?;
    let found =
        statement.query_map([unique], |row| Ok(Index { name: row.get(0)?, table: row.get(1)?, sql: row.get(2)? }))?;
    let mut found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    found.retain(|index| !reads.contains(&index.table.to_ascii_lowercase()));
    for index in &found {
        connection.execute_batch(&format!("DROP INDEX main.{}", quoted(&index.name)))?;
    }
    Ok(found)
}

/// Makes them again. One thread reads the rows while another one sorts those before them: each takes as much memory as the
/// cache of the connection.
///
/// # Errors
/// SQLite's, with the index that it refused.
pub(super) fn make_again<'a>(connection: &Connection, later: &'a [Index]) -> Result<(), (&'a Index, rusqlite::Error)> {
    let Some(first) = later.first() else { return Ok(()) };
    connection.execute_batch("PRAGMA threads = 1").map_err(|error| (first, error))?;
    later.iter().try_for_each(|index| connection.execute_batch(&index.sql).map_err(|error| (index, error)))
}
