//! The tables of a schema, as a mapping must account for them.

use rusqlite::Connection;

use crate::migration::Ledger;
use crate::transfer::mapping::{Columns, Shape};

/// The tables of the attached database `schema`: the product's, virtual ones included, and SQLite's `sqlite_sequence`,
/// which holds the numbers that are used up. Without the ledger, and without what virtual tables keep for themselves.
///
/// # Errors
/// SQLite's.
pub fn shape(connection: &Connection, schema: &str, ledger: &Ledger) -> rusqlite::Result<Shape> {
    let tables = "SELECT name FROM pragma_table_list WHERE schema = ?1 AND type IN ('table', 'virtual')
                  AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence')
                  AND name <> ?2 COLLATE NOCASE";
    let mut tables = connection.prepare(tables)?;
    let mut columns = connection.prepare("SELECT name, hidden FROM pragma_table_xinfo(?1, ?2)")?;
    let mut shape = Shape::default();
    let names = tables.query_map([schema, &ledger.table], |row| row.get(0))?;
    for name in names.collect::<rusqlite::Result<Vec<String>>>()? {
        let mut found = Columns::default();
        let mut rows = columns.query([&*name, schema])?;
        while let Some(row) = rows.next()? {
            match row.get(1)? {
                0 => found.kept.push(row.get(0)?),
                // 1 is a hidden column of a virtual table, 2 and 3 are generated ones.
                2 | 3 => found.computed.push(row.get(0)?),
                _ => {}
            }
        }
        shape.tables.insert(name, found);
    }
    Ok(shape)
}
