//! The rows whose references lead nowhere.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::{Culprit, Found, key_of, named};
use crate::db::build::Result;
use crate::db::build::error::{BuildError, sqlite};
use crate::db::build::shown::shown;
use crate::db::count::quoted;
use crate::transfer::mapping::Shape;

/// All rows that refer to none, in all tables.
pub(in crate::db::build) fn dangling(connection: &Connection, shape: &Shape) -> Result<Option<BuildError>> {
    let mut found = Found::default();
    for table in shape.tables.keys() {
        of_table(connection, table, &mut found)?;
    }
    Ok(found.told())
}

fn of_table(connection: &Connection, table: &str, found: &mut Found) -> Result<()> {
    let references = references(connection, table)?;
    if references.is_empty() {
        return Ok(());
    }
    let key = key_of(connection, table)?;
    let failed = sqlite("check the references");
    let sql = "SELECT rowid, fkid FROM pragma_foreign_key_check(?1, 'main')";
    let mut statement = connection.prepare(sql).map_err(&failed)?;
    let mut rows = statement.query([table]).map_err(&failed)?;
    let mut unnumbered = Vec::new();
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            // The code says no more than "error": a reference that is declared wrongly.
            Err(rusqlite::Error::SqliteFailure(error, Some(words))) if error.extended_code == 1 => {
                return Err(BuildError::Mapping { findings: vec![format!("new table `{table}`: {words}")] });
            }
            Err(error) => return Err(failed(error)),
        };
        let number: Option<i64> = row.get(0).map_err(&failed)?;
        let id: i64 = row.get(1).map_err(&failed)?;
        let Some(reference) = references.iter().find(|reference| reference.id == id) else { continue };
        match number {
            Some(number) => found.add(|| Culprit {
                table: table.to_owned(),
                key: numbered(connection, table, &key, number),
                constraint: reference.words(),
            }),
            None if unnumbered.contains(&id) => {}
            None => {
                unnumbered.push(id);
                without_number(connection, table, &key, reference, found)?;
            }
        }
    }
    Ok(())
}

/// The key of a row that is known by its number.
fn numbered(connection: &Connection, table: &str, key: &[String], number: i64) -> String {
    let columns: Vec<_> = key.iter().map(|column| quoted(column)).collect();
    let sql = format!("SELECT {} FROM main.{} WHERE rowid = ?1", columns.join(", "), quoted(table));
    let values = |row: &rusqlite::Row<'_>| {
        let value = |at| shown(row.get_ref(at).unwrap_or(ValueRef::Null));
        Ok(named(key.iter().enumerate().map(|(at, name)| (name.as_str(), value(at)))))
    };
    let found = if key.is_empty() { None } else { connection.query_row(&sql, [number], values).ok() };
    found.unwrap_or_else(|| format!("row {number}"))
}

/// In a table without row numbers SQLite says how many rows there are, and not which.
fn without_number(
    connection: &Connection,
    table: &str,
    key: &[String],
    reference: &Reference,
    found: &mut Found,
) -> Result<()> {
    let columns: Vec<_> = key.iter().map(|column| format!("child.{}", quoted(column))).collect();
    let known: Vec<_> = reference.from.iter().map(|column| format!("child.{} IS NOT NULL", quoted(column))).collect();
    let parent = match &reference.to {
        to if to.is_empty() => key_of(connection, &reference.parent)?,
        to => to.clone(),
    };
    let same = reference.from.iter().zip(&parent);
    let same: Vec<_> = same.map(|(from, to)| format!("parent.{} = child.{}", quoted(to), quoted(from))).collect();
    let sql = format!(
        "SELECT {} FROM main.{} AS child WHERE {} AND NOT EXISTS (SELECT 1 FROM main.{} AS parent WHERE {})",
        columns.join(", "),
        quoted(table),
        known.join(" AND "),
        quoted(&reference.parent),
        same.join(" AND ")
    );
    let failed = sqlite("check the references");
    let mut statement = connection.prepare(&sql).map_err(&failed)?;
    let mut rows = statement.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let value = |at| shown(row.get_ref(at).unwrap_or(ValueRef::Null));
        found.add(|| Culprit {
            table: table.to_owned(),
            key: named(key.iter().enumerate().map(|(at, name)| (name.as_str(), value(at)))),
            constraint: reference.words(),
        });
    }
    Ok(())
}

/// A foreign key.
struct Reference {
    id: i64,
    parent: String,
    from: Vec<String>,
    /// Empty where it is the parent's primary key.
    to: Vec<String>,
}

impl Reference {
    fn words(&self) -> String {
        format!("FOREIGN KEY ({}) refers to no row of {}", self.from.join(", "), self.parent)
    }
}

fn references(connection: &Connection, table: &str) -> Result<Vec<Reference>> {
    let failed = sqlite("list the references");
    let sql = "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq";
    let mut statement = connection.prepare(sql).map_err(&failed)?;
    let mut rows = statement.query([table]).map_err(&failed)?;
    let mut references: Vec<Reference> = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let read = || Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<String>>(3)?));
        let (id, parent, from, to): (i64, String, String, _) = read().map_err(&failed)?;
        match references.last_mut().filter(|last| last.id == id) {
            Some(last) => {
                last.from.push(from);
                last.to.extend(to);
            }
            None => references.push(Reference { id, parent, from: vec![from], to: to.into_iter().collect() }),
        }
    }
    Ok(references)
}
