//! The room that an export's database takes, before there is one.

use super::{ImportError, Result, declare, sqlite};
use crate::config::ForeignKeys;
use crate::db::Stop;
use crate::db::open::open_memory;
use crate::transfer::Inventory;

/// In bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Of the database.
    pub database: u64,
    /// Of what is sorted for the largest index, until that is made.
    pub sorting: u64,
}

/// The room that the database of an inspected export takes at most.
///
/// A row is hardly longer in a database than as text with what tells it from the next, and nothing that an index keeps of it is
/// longer than all of it: so each table counts once, and once more for each of its indexes. In UTF-16 most characters are twice as
/// long.
///
/// # Errors
/// A `schema.sql` that declares no schema, and where `stop` says so.
pub fn room(inventory: &Inventory, schema: &str, stop: Stop) -> Result<Room> {
    /// Of a table or an index, however little is in it: a page, and its row in the schema beside its SQL.
    const OBJECT: u64 = 4096 + 256;
    /// Of a row: its place in the page, its number, its length and the types of its values.
    const ROW: u64 = 12;
    let mut connection = open_memory(ForeignKeys::Ignored)?;
    declare(&mut connection, schema, stop)?;
    let mut indexes = connection.prepare("SELECT count(*) FROM pragma_index_list(?1, 'main')").map_err(asked)?;
    let width = if inventory.encoding == "UTF-8" { 1 } else { 2 };
    let mut database = OBJECT.saturating_add(inventory.schema_sql.bytes.saturating_mul(2 * width));
    let mut sorting = 0_u64;
    for table in &inventory.tables {
        let text = table.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.bytes)).saturating_mul(width);
        let rows = text.saturating_add(table.rows.saturating_mul(ROW));
        let indexes: u32 = indexes.query_row([&table.name], |row| row.get(0)).map_err(asked)?;
        database = database.saturating_add(rows.saturating_add(OBJECT).saturating_mul(u64::from(indexes) + 1));
        sorting = if indexes > 0 { sorting.max(rows) } else { sorting };
    }
    Ok(Room { database, sorting })
}

fn asked(source: rusqlite::Error) -> ImportError {
    sqlite("look for the indexes of the export")(source)
}
