//! The difference of two tables by their primary key.

use crate::db::loss::bag::Bag;
use crate::db::loss::pair::{Pair, Side, quote};

/// How two tables differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) only_live: u64,
    pub(super) only_result: u64,
    /// Rows of one key with other values.
    pub(super) changed: u64,
}

/// Compares `columns` of a table. Without a `key` rows are compared as wholes; so are those whose key has a null in it,
/// of which SQLite allows many alike.
///
/// A key is matched as its table does, by its collation; values are compared byte for byte.
pub(super) fn difference(
    pair: &Pair,
    bag: &mut Bag,
    table: &str,
    key: Option<&[&str]>,
    columns: &[&str],
) -> rusqlite::Result<Difference> {
    let Some(key) = key else {
        let surplus = bag.compare(pair, table, columns, "TRUE")?;
        return Ok(Difference { only_live: surplus.live, only_result: surplus.result, changed: 0 });
    };
    let without = bag.compare(pair, table, columns, &each(key, " OR ", |column| format!("{column} IS NULL")))?;
    Ok(Difference {
        only_live: without.live + lacking(pair, table, key, (Side::Live, Side::Result))?,
        only_result: without.result + lacking(pair, table, key, (Side::Result, Side::Live))?,
        changed: changed(pair, table, key, columns)?,
    })
}

/// Rows of the first side whose key the second one has not.
fn lacking(pair: &Pair, table: &str, key: &[&str], (here, there): (Side, Side)) -> rusqlite::Result<u64> {
    let name = quote(table);
    let whole = each(key, " AND ", |column| format!("here.{column} IS NOT NULL"));
    // The searched side stands first, so that it is its own collation and its index that serve.
    let same = each(key, " AND ", |column| format!("there.{column} = here.{column}"));
    let (here, there) = (here.schema(), there.schema());
    pair.number(&format!(
        "SELECT count(*) FROM {here}.{name} AS here
         WHERE {whole} AND NOT EXISTS (SELECT 1 FROM {there}.{name} AS there WHERE {same})"
    ))
}

/// Rows that both sides have, with other values.
pub(super) fn changed(pair: &Pair, table: &str, key: &[&str], columns: &[&str]) -> rusqlite::Result<u64> {
    if columns.is_empty() {
        return Ok(0);
    }
    let name = quote(table);
    let same = each(key, " AND ", |column| format!("there.{column} = here.{column}"));
    // The plus sign takes the column's affinity away, which would make '01' and 1 alike.
    let here = each(columns, ", ", |column| format!("+here.{column} COLLATE BINARY"));
    let there = each(columns, ", ", |column| format!("+there.{column} COLLATE BINARY"));
    let (live, result) = (Side::Live.schema(), Side::Result.schema());
    pair.number(&format!(
        "SELECT count(*) FROM {live}.{name} AS here CROSS JOIN {result}.{name} AS there
         WHERE {same} AND ({here}) IS NOT ({there})"
    ))
}

fn each(columns: &[&str], between: &str, form: impl Fn(&str) -> String) -> String {
    let all: Vec<_> = columns.iter().map(|column| form(&quote(column))).collect();
    all.join(between)
}
