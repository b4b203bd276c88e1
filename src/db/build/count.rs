//! The old side: how many rows each table has, where they go, and what they add up to.

use super::Result;
use super::compare::{self, Side};
use super::error::{BuildError, sqlite};
use super::guard::Guard;
use super::origin::Origin;
use super::pulse::Pulse;
use crate::transfer::account::{Into, Left, OldTable};
use crate::transfer::mapping::{self, Mapping, Rows, Shape};

/// What the old database has.
pub(super) struct OldSide {
    pub(super) tables: Vec<OldTable>,
    /// How many rows each `[[made]]` of the mapping makes.
    pub(super) made: Vec<u64>,
    /// By pair.
    pub(super) sides: Vec<Side>,
}

/// Counts and digests, while the rows are carried elsewhere.
pub(super) fn old_side(origin: &Origin, mapping: &Mapping, new: &Shape, pulse: &Pulse) -> Result<OldSide> {
    let mut connection = origin.beside(None, pulse)?;
    Guard::over(&mut connection, false).map_err(sqlite("watch the mapping"))?;
    let mut tables = Vec::new();
    for table in mapping.tables() {
        let counted = counted(&connection, table)?;
        pulse.expect(counted.into.iter().map(|into| into.adds).sum());
        tables.push(counted);
    }
    let made = mapping.made().iter().map(|made| compare::number(&connection, &made.count)).collect::<Result<_>>()?;
    // How far it is shows how far the carrying is.
    let (silent, mut sides) = (pulse.silent(), Vec::new());
    for pair in compare::pairs(mapping, new) {
        let mut side = Side::EMPTY;
        for sql in pair.old_side() {
            side.combine(&compare::digest(&connection, &sql, &[], &silent)?);
        }
        sides.push(side);
    }
    Ok(OldSide { tables, made, sides })
}

fn counted(connection: &rusqlite::Connection, table: &mapping::OldTable) -> Result<OldTable> {
    let name = &table.name;
    let rows = compare::count(connection, "old", name, None)?;
    let mut into = Vec::new();
    for target in &table.into {
        let taken = match &target.condition {
            None => rows,
            Some(condition) => compare::count(connection, "old", name, Some(&format!("({condition}\n)")))?,
        };
        let adds = match &target.rows {
            Rows::Each => taken,
            Rows::Parts => 0,
            Rows::Counted(query) => compare::number(connection, query)?,
        };
        into.push(Into { table: target.table.clone(), rows: taken, adds });
    }
    let left = left(connection, table, rows)?;
    let (dropped, without) = (table.dropped.clone(), table.without.clone());
    Ok(OldTable { name: name.clone(), rows, dropped, left, without, into })
}

/// The rows that no target takes.
fn left(connection: &rusqlite::Connection, table: &mapping::OldTable, rows: u64) -> Result<Option<Left>> {
    let conditions: Option<Vec<_>> = table.into.iter().map(|into| into.condition.as_deref()).collect();
    let Some(conditions) = conditions.filter(|_| table.dropped.is_none()) else { return Ok(None) };
    let taken: Vec<_> = conditions.iter().map(|condition| format!("({condition}\n)")).collect();
    let left = match taken.is_empty() {
        true => rows,
        false => {
            compare::count(connection, "old", &table.name, Some(&format!("({}) IS NOT TRUE", taken.join(" OR "))))?
        }
    };
    match &table.left {
        Some(reason) => Ok(Some(Left { rows: left, reason: reason.clone() })),
        None if left > 0 => Err(BuildError::Left { table: table.name.clone(), rows: left }),
        None => Ok(None),
    }
}
