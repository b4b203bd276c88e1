//! Counts what would be lost, on copies: the live database's copy against what would take its place.

mod bag;
mod keyed;
mod pair;
mod shape;
mod unstable;

use std::path::Path;

use thiserror::Error;

use crate::db::exact::OpenError;
use crate::plan::loss::{ColumnLoss, Loss, TableLoss};
use crate::sys::dir::Dir;
use crate::sys::fs::PathError;

use bag::Bag;
use pair::{Pair, Side};
use shape::{Shape, Table};
pub use unstable::unstable_columns;

/// What the result was made from, which decides what a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// From a backup, by the up migrations: rows of either side that the other one lacks are differences.
    Restore,
    /// From the live database, by the down migrations: what they add is no loss.
    Down,
}

/// A column that is not compared, because two runs of the migrations on one input do not agree on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unstable {
    /// Its table.
    pub table: String,
    /// Its name.
    pub column: String,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Comparing<'a> {
    /// A copy of the live database; nobody else writes it.
    pub live: &'a Path,
    /// What would take its place; nobody else writes it.
    pub result: &'a Path,
    /// What the result was made from.
    pub kind: Comparison,
    /// The ledger's tables, which are left out.
    pub ledger: &'a [&'a str],
    /// Columns that are left out.
    pub unstable: &'a [Unstable],
    /// Holds rows that do not fit into memory, under a name that is gone when this returns.
    pub work: &'a Dir,
}

/// Why the loss is not known.
#[derive(Debug, Error)]
pub enum LossError {
    /// SQLite's answer.
    #[error("cannot compare {what}")]
    Sqlite {
        /// The table, or the databases.
        what: String,
        /// The cause.
        source: rusqlite::Error,
    },
    /// A working file is not the one that was made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A working file could not be made.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Counts what the live database has and the result has not. Both files are only read.
pub fn compare(asked: &Comparing<'_>) -> Result<Loss, LossError> {
    let pair = Pair::open(asked.live, asked.result)?;
    let mut bag = Bag::create(asked.work)?;
    let live = Shape::read(&pair, Side::Live, asked.ledger)?;
    let result = Shape::read(&pair, Side::Result, asked.ledger)?;
    let mut notes = live.notes.clone();
    let mut losses = Vec::new();
    for table in &live.tables {
        let loss = match result.table(&table.name) {
            Some(other) => staying(asked, &pair, &mut bag, table, other, &mut notes),
            None => dropped(asked, &pair, table),
        };
        losses.push(loss.map_err(failed_on(&table.name))?);
    }
    if asked.kind == Comparison::Restore {
        for table in result.tables.iter().filter(|table| live.table(&table.name).is_none()) {
            let deleted = pair.count(Side::Result, &table.name).map_err(failed_on(&table.name))?;
            losses.push(TableLoss { name: table.name.clone(), deleted, ..TableLoss::default() });
        }
    }
    Ok(Loss::of(losses, notes))
}

/// A table that both sides have.
fn staying(
    asked: &Comparing<'_>,
    pair: &Pair,
    bag: &mut Bag,
    table: &Table,
    other: &Table,
    notes: &mut Vec<String>,
) -> rusqlite::Result<TableLoss> {
    let is_unstable = |column: &str| {
        let same = |left: &str, right: &str| left.eq_ignore_ascii_case(right);
        asked.unstable.iter().any(|left_out| same(&left_out.table, &table.name) && same(&left_out.column, column))
    };
    let mut columns = Vec::new();
    let mut gone = Vec::new();
    for column in table.stored() {
        if !other.has(column) {
            gone.push(column);
        } else if is_unstable(column) {
            let reason = "was not compared: two runs of the migrations do not agree on it";
            notes.push(format!("column `{column}` of table `{}` {reason}", table.name));
        } else {
            columns.push(column);
        }
    }
    let key = table.key_shared_with(other).filter(|key| !key.iter().any(|column| is_unstable(column)));
    let difference = keyed::difference(pair, bag, &table.name, key.as_deref(), &columns)?;
    let mut loss = TableLoss { columns: values(pair, table, &gone)?, ..named(table) };
    loss.changed = difference.changed;
    match asked.kind {
        Comparison::Restore => (loss.inserted, loss.deleted) = (difference.only_live, difference.only_result),
        Comparison::Down => loss.deleted = difference.only_live,
    }
    Ok(loss)
}

/// A table that only the live database has.
fn dropped(asked: &Comparing<'_>, pair: &Pair, table: &Table) -> rusqlite::Result<TableLoss> {
    let rows = pair.count(Side::Live, &table.name)?;
    let columns: Vec<_> = table.stored().collect();
    let loss = TableLoss { columns: values(pair, table, &columns)?, ..named(table) };
    Ok(match asked.kind {
        Comparison::Restore => TableLoss { inserted: rows, ..loss },
        Comparison::Down => TableLoss { deleted: rows, ..loss },
    })
}

fn named(table: &Table) -> TableLoss {
    TableLoss { name: table.name.clone(), ..TableLoss::default() }
}

fn values(pair: &Pair, table: &Table, columns: &[&str]) -> rusqlite::Result<Vec<ColumnLoss>> {
    let count = |column: &&str| {
        let values = pair.count_values(Side::Live, &table.name, column)?;
        Ok(ColumnLoss { name: (*column).to_owned(), values })
    };
    columns.iter().map(count).collect()
}

fn failed_on(table: &str) -> impl FnOnce(rusqlite::Error) -> LossError {
    move |source| LossError::Sqlite { what: format!("table `{table}`"), source }
}

#[cfg(test)]
mod tests;
