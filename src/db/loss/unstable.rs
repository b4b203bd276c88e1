//! Columns in which two runs of the same migrations on the same input differ.

use std::path::Path;

use crate::db::loss::bag::{Bag, Surplus};
use crate::db::loss::keyed;
use crate::db::loss::pair::{Pair, Side};
use crate::db::loss::shape::{Shape, Table};
use crate::db::loss::{LossError, Unstable, failed_on};
use crate::sys::dir::Dir;

/// The columns in which `first` and `second` differ, the results of two runs on one input: they hold random values,
/// or the time. Tables and columns that only one of them has are not named.
pub fn unstable_columns(first: &Path, second: &Path, ledger: &[&str], work: &Dir) -> Result<Vec<Unstable>, LossError> {
    let pair = Pair::open(first, second)?;
    let mut bag = Bag::create(work)?;
    let left = Shape::read(&pair, Side::Live, ledger)?;
    let right = Shape::read(&pair, Side::Result, ledger)?;
    let mut found = Vec::new();
    for table in &left.tables {
        let Some(other) = right.table(&table.name) else { continue };
        let columns = differing(&pair, &mut bag, table, other).map_err(failed_on(&table.name))?;
        let named = |column: &str| Unstable { table: table.name.clone(), column: column.to_owned() };
        found.extend(columns.into_iter().map(named));
    }
    Ok(found)
}

fn differing<'a>(pair: &Pair, bag: &mut Bag, table: &'a Table, other: &Table) -> rusqlite::Result<Vec<&'a str>> {
    let columns: Vec<_> = table.stored().filter(|column| other.has(column)).collect();
    let key = table.key_shared_with(other);
    let whole = keyed::difference(pair, bag, &table.name, key.as_deref(), &columns)?;
    if whole == keyed::Difference::default() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for column in &columns {
        // With the same keys on both sides a column is compared row by row, else by the values that it holds.
        let differs = match &key {
            Some(key) if whole.only_live + whole.only_result == 0 => {
                keyed::changed(pair, &table.name, key, &[column])? > 0
            }
            _ => bag.compare(pair, &table.name, &[column], "TRUE")? != Surplus::default(),
        };
        if differs {
            found.push(*column);
        }
    }
    // Each column holds the same values, in other rows: then none of them is to be relied on.
    Ok(if found.is_empty() { columns } else { found })
}
