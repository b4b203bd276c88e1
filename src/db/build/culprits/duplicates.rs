//! The rows because of which a unique index cannot be made.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::{Culprit, Found, key_of, named};
use crate::db::build::Result;
use crate::db::build::error::{BuildError, sqlite};
use crate::db::build::shown::shown;
use crate::db::count::quoted;
use crate::db::indexes::Index;
use crate::migration::lexer::tokens;

/// The rows that have the same values in the columns of an index; SQLite's words where the index could not be made because
/// of something else, or is one of expressions.
pub(in crate::db::build) fn of_index(
    connection: &Connection,
    index: &Index,
    source: rusqlite::Error,
) -> Result<BuildError> {
    let plain = |source| BuildError::Sqlite { tried: "make an index", source };
    let Some((several, condition)) = not_unique(&index.sql) else { return Ok(plain(source)) };
    // Its columns and their collations are known once it is there.
    connection.execute_batch(&several).map_err(sqlite("make an index that is not unique"))?;
    let Some(columns) = columns(connection, &index.name)? else { return Ok(plain(source)) };
    let key = match key_of(connection, &index.table)? {
        key if key.is_empty() => columns.iter().map(|(name, _)| name.clone()).collect(),
        key => key,
    };
    let list = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
    let parts = list(&mut columns.iter().map(|(name, collation)| format!("{} COLLATE {collation}", quoted(name))));
    // No two NULLs are the same.
    let known = columns.iter().map(|(name, _)| format!("{} IS NOT NULL", quoted(name)));
    let known = known.chain(condition.map(|condition| format!("({condition})"))).collect::<Vec<_>>().join(" AND ");
    let keys = list(&mut key.iter().map(|name| quoted(name)));
    let sql = format!(
        "SELECT * FROM (SELECT {keys}, count(*) OVER (PARTITION BY {parts}) AS same FROM main.{} WHERE {known}) WHERE same > 1",
        quoted(&index.table)
    );
    let failed = sqlite("find duplicates");
    let mut found = Found::default();
    {
        let mut statement = connection.prepare(&sql).map_err(&failed)?;
        let mut rows = statement.query([]).map_err(&failed)?;
        while let Some(row) = rows.next().map_err(&failed)? {
            let value = |at| shown(row.get_ref(at).unwrap_or(ValueRef::Null));
            found.add(|| Culprit {
                table: index.table.clone(),
                key: named(key.iter().enumerate().map(|(at, name)| (name.as_str(), value(at)))),
                constraint: source.to_string(),
            });
        }
    }
    Ok(found.told().unwrap_or_else(|| plain(source)))
}

/// The statement without `UNIQUE`, and the condition at its end.
fn not_unique(sql: &str) -> Option<(String, Option<String>)> {
    let unique = tokens(sql).find(|token| token.is("unique"))?;
    let several = format!("{}{}", sql.get(..unique.offset)?, sql.get(unique.offset + unique.text.len()..)?);
    let mut depth = 0_usize;
    let mut condition = None;
    for token in tokens(sql) {
        if token.is_operator("(") {
            depth += 1;
        } else if token.is_operator(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is("where") {
            condition = sql.get(token.offset + token.text.len()..);
        }
    }
    Some((several, condition.map(str::to_owned)))
}

/// An index's columns with their collations; nothing where one of them is an expression.
fn columns(connection: &Connection, index: &str) -> Result<Option<Vec<(String, String)>>> {
    let sql = "SELECT name, coll FROM pragma_index_xinfo(?1, 'main') WHERE key ORDER BY seqno";
    let found = connection.prepare(sql).and_then(|mut statement| {
        let rows = statement.query_map([index], |row| Ok(row.get::<_, Option<String>>(0)?.zip(row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Option<Vec<_>>>>()
    });
    found.map_err(sqlite("look at an index"))
}
