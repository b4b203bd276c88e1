//! The ledger in a database: read with suspicion, written exactly as its engine would leave it.

use std::collections::HashSet;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _};
use thiserror::Error;

use crate::config::Format;
use crate::migration::Work;
use crate::migration::ledger::{Key, Ledger, LedgerState, Model, Shape, Stand};
use crate::version::SchemaVersion;

mod write;

pub(crate) use write::{Ended, Entry, Writer};

/// Why a ledger could not be read or written.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The table is no ledger of any engine.
    #[error(
        "`{table}` is not a ledger of this format: it is a {kind} with the columns {found:?} instead of {expected:?}"
    )]
    Shape {
        /// The table.
        table: String,
        /// `table` or `view`.
        kind: String,
        /// The columns that it has.
        found: Vec<String>,
        /// The columns of the format.
        expected: &'static [&'static str],
    },
    /// The database belongs to another engine.
    #[error("`{table}` is the ledger of {found}, and not of {expected}: the format of this database is `{found}`")]
    Engine {
        /// The table.
        table: String,
        /// Whose it is.
        found: Format,
        /// Whose it should be.
        expected: Format,
    },
    /// A row that its engine never writes.
    #[error("the ledger `{table}` holds {found}, which its engine never writes")]
    Content {
        /// The table.
        table: String,
        /// What was found.
        found: String,
    },
    /// A row that its engine takes for the contrary of what it says.
    #[error(
        "the ledger `{table}` says that migration {version} was taken back, and keeps its row, which only an old \
         {format} did: a newer one takes it for applied"
    )]
    Undone {
        /// The table.
        table: String,
        /// The migration.
        version: SchemaVersion,
        /// The engine.
        format: Format,
    },
    /// SQLite failed.
    #[error("cannot access the ledger `{table}`")]
    Sqlite {
        /// The table.
        table: String,
        /// SQLite's words.
        source: rusqlite::Error,
    },
}

type Result<T> = std::result::Result<T, LedgerError>;

/// What the ledger says.
///
/// # Errors
/// A ledger of another engine, a table of that name with another shape, and rows that its engine never writes.
pub fn read(connection: &Connection, ledger: &Ledger) -> Result<LedgerState> {
    if ledger.shape.format == Format::Command {
        return Ok(LedgerState::Missing);
    }
    let sqlite = |source| LedgerError::Sqlite { table: ledger.table.clone(), source };
    let Some(kind) = kind(connection, &ledger.table).map_err(sqlite)? else {
        return match other(connection, ledger).map_err(sqlite)? {
            None => Ok(LedgerState::Missing),
            Some(found) => Err(another(found.table, found, ledger)),
        };
    };
    let found = columns(connection, &ledger.table).map_err(sqlite)?;
    if kind != "table" || !ledger.shape.has_columns(&found) {
        let shapes = Format::ALL.into_iter().map(Shape::of);
        let whose = shapes.filter(|_| kind == "table").find(|shape| shape.has_columns(&found));
        return Err(match whose {
            Some(whose) => another(&ledger.table, whose, ledger),
            None => LedgerError::Shape { table: ledger.table.clone(), kind, found, expected: ledger.shape.columns },
        });
    }
    understood(rows(connection, ledger).map_err(sqlite)?, ledger)
}

/// The digests of those pieces of a migration that were run before it was broken off, where its engine goes on from
/// there; none where it was not begun.
///
/// # Errors
/// A row that its engine never writes, and SQLite's.
pub(crate) fn reached(
    connection: &Connection,
    ledger: &Ledger,
    version: &SchemaVersion,
) -> Result<Option<Vec<String>>> {
    let Some(statement) = ledger.shape.reached else { return Ok(None) };
    let sqlite = |source| LedgerError::Sqlite { table: ledger.table.clone(), source };
    let wrong = |found: String| LedgerError::Content { table: ledger.table.clone(), found };
    let row = connection
        .query_row(&ledger.sql(statement), [version.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional();
    let Some((pieces, digests)): Option<(u32, Option<String>)> = row.map_err(sqlite)? else { return Ok(None) };
    let digests: Option<Vec<String>> = serde_json::from_str(digests.as_deref().unwrap_or("null"))
        .map_err(|_| wrong("digests of statements that are no list of texts".to_owned()))?;
    let digests = digests.unwrap_or_default();
    if digests.len() != pieces as usize {
        return Err(wrong(format!("the digests of {} statements of {pieces} that were run", digests.len())));
    }
    Ok(Some(digests))
}

/// Where the ledger stands among the migrations that `works` are of.
///
/// # Errors
/// As [`read`].
pub(crate) fn stand(connection: &Connection, ledger: &Ledger, works: &[Work]) -> Result<Stand> {
    let state = read(connection, ledger)?;
    Ok(match works.first() {
        Some(work) => state.stand(work.set().versions()),
        None => state.stand([]),
    })
}

fn another(table: &str, found: &Shape, ledger: &Ledger) -> LedgerError {
    LedgerError::Engine { table: table.to_owned(), found: found.format, expected: ledger.shape.format }
}

/// The engine that has its ledger here, where the one that is asked for has none.
fn other(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<Option<&'static Shape>> {
    for shape in Format::ALL.into_iter().map(Shape::of).filter(|shape| shape.format != ledger.shape.format) {
        if kind(connection, shape.table)?.is_some_and(|kind| kind == "table")
            && shape.has_columns(&columns(connection, shape.table)?)
        {
            return Ok(Some(shape));
        }
    }
    Ok(None)
}

/// Of the rows of one version the last one counts.
fn understood(rows: Vec<(Value, Option<String>)>, ledger: &Ledger) -> Result<LedgerState> {
    let wrong = |found: String| LedgerError::Content { table: ledger.table.clone(), found };
    if ledger.shape.model == Model::Position && rows.len() > 1 {
        return Err(wrong("more than one row".to_owned()));
    }
    let (mut seen, mut versions, mut broken, mut has_origin) = (HashSet::new(), Vec::new(), None, false);
    for (value, mark) in rows.into_iter().rev() {
        let words = || format!("a row with the version {}", words(&value));
        let mark = mark.ok_or_else(|| wrong(words()))?;
        match mark.as_str() {
            "other" => continue,
            "origin" => {
                has_origin = true;
                continue;
            }
            _ => {}
        }
        let version = version(&value, ledger.shape, &mark).ok_or_else(|| wrong(words()))?;
        if !seen.insert(version.clone()) {
            continue;
        }
        match mark.as_str() {
            "applied" => versions.push(version),
            "broken" => broken = broken.or(Some(version)),
            _ => return Err(LedgerError::Undone { table: ledger.table.clone(), version, format: ledger.shape.format }),
        }
    }
    if ledger.shape.has_origin && !has_origin {
        return Err(wrong("no row for version 0".to_owned()));
    }
    versions.reverse();
    Ok(match (ledger.shape.model, versions.pop()) {
        (_, None) if broken.is_none() => LedgerState::Empty,
        (Model::Position, Some(schema)) => LedgerState::At { schema, dirty: false },
        (Model::Position, None) => LedgerState::At { schema: broken.unwrap_or(SchemaVersion::Number(-1)), dirty: true },
        (Model::List, last) => {
            versions.extend(last);
            LedgerState::Applied { versions, broken, baseline: ledger.shape.has_baseline }
        }
    })
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => format!("'{text}'"),
        Value::Blob(_) => "of bytes".to_owned(),
    }
}

fn version(value: &Value, shape: &Shape, mark: &str) -> Option<SchemaVersion> {
    // What has no version is -1, and only while it is being changed.
    let lowest = if shape.model == Model::Position && mark == "broken" { -1 } else { 0 };
    match (shape.key, value) {
        (Key::Number, Value::Integer(number)) if *number >= lowest => Some(SchemaVersion::Number(*number)),
        (Key::Digits, Value::Text(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
            Some(SchemaVersion::Text(text.clone()))
        }
        (Key::Text, Value::Text(text)) if !text.is_empty() => Some(SchemaVersion::Text(text.clone())),
        _ => None,
    }
}

fn kind(connection: &Connection, table: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT type FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
    connection.query_row(sql, [table], |row| row.get(0)).optional()
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1, 'main') ORDER BY cid")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

fn rows(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<Vec<(Value, Option<String>)>> {
    let mut statement = connection.prepare(&ledger.sql(ledger.shape.read))?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests;
