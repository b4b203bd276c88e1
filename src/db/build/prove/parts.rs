//! The parts in which a table is read back.

use rusqlite::Connection;

use crate::db::build::Result;
use crate::db::build::compare::{self, Pair, Side};
use crate::db::build::error::sqlite;
use crate::db::build::pulse::Pulse;
use crate::db::count::quoted;
use crate::transfer::mapping::Shape;

/// The rows of a pair, or of a table with row numbers those between two of them.
#[derive(Clone, Copy)]
pub(super) enum Part {
    All,
    Between(i64, i64),
}

/// A large table is read in parts, so that no thread waits for another one's table.
pub(super) fn parts(connection: &Connection, pair: &Pair, shape: &Shape) -> Result<Vec<Part>> {
    const LARGE: i64 = 100_000;
    const PARTS: i64 = 8;
    let numbered = "SELECT count(*) FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'table' AND wr = 0";
    let numbered: i64 =
        connection.query_row(numbered, [&pair.table], |row| row.get(0)).map_err(sqlite("look at a table"))?;
    let hidden = shape.table(&pair.table).is_some_and(|(_, columns)| columns.has("rowid"));
    if numbered == 0 || hidden {
        return Ok(vec![Part::All]);
    }
    let ends = format!("SELECT min(rowid), max(rowid) FROM main.{}", quoted(&pair.table));
    let ends =
        connection.query_row(&ends, [], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)));
    let (Some(first), Some(last)) = ends.map_err(sqlite("look at a table"))? else { return Ok(vec![Part::All]) };
    let span = last.saturating_sub(first);
    if span < LARGE {
        return Ok(vec![Part::All]);
    }
    let step = span / PARTS;
    let start = |part: i64| if part == 0 { i64::MIN } else { first.saturating_add(step.saturating_mul(part)) };
    let end = |part: i64| if part + 1 == PARTS { i64::MAX } else { start(part + 1).saturating_sub(1) };
    Ok((0..PARTS).map(|part| Part::Between(start(part), end(part))).collect())
}

/// Reads one.
pub(super) fn read(connection: &Connection, pair: &Pair, part: Part, pulse: &Pulse) -> Result<Side> {
    match part {
        Part::All => compare::digest(connection, &pair.new_side(), &[], pulse),
        Part::Between(first, last) => {
            let sql = format!("{} AND rowid BETWEEN ?1 AND ?2", pair.new_side());
            compare::digest(connection, &sql, &[&first, &last], pulse)
        }
    }
}
