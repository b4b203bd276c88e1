//! What is carried unchanged, as pairs of queries whose rows must be the same, in any order.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ToSql};

use super::Result;
use super::error::{BuildError, sqlite};
use super::pulse::Pulse;
use super::shown::shown;
use crate::db::count::quoted;
use crate::db::execute::plain;
use crate::db::export::value;
use crate::transfer::ContentDigest;
use crate::transfer::mapping::{Into, Mapping, OldTable, Rows, Shape};
use crate::transfer::value::write_row;

/// One pair: rows of one new table, and the old rows that they were made of.
#[derive(Debug)]
pub(super) struct Pair {
    /// The new table.
    pub(super) table: String,
    /// Which of its rows.
    pub(super) told_by: Option<String>,
    /// Its columns.
    pub(super) columns: Vec<String>,
    /// Of each old table: its name, its columns in that order, and which of its rows.
    pub(super) from: Vec<(String, Vec<String>, Option<String>)>,
}

/// What was read on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) rows: u64,
    pub(super) digest: ContentDigest,
}

impl Side {
    pub(super) const EMPTY: Self = Self { rows: 0, digest: ContentDigest::EMPTY };

    pub(super) fn combine(&mut self, other: &Self) {
        self.rows += other.rows;
        self.digest.combine(&other.digest);
    }

    pub(super) fn words(&self) -> String {
        format!("{} rows with the digest {}", self.rows, self.digest)
    }
}

/// All pairs of a mapping that fits.
pub(super) fn pairs(mapping: &Mapping, new: &Shape) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for table in new.tables.keys() {
        let compared = |into: &Into| !into.same.is_empty() || into.told_by.is_some();
        let carried = mapping.carried_into(table).filter(|(_, into)| compared(into));
        let (alone, together): (Vec<_>, Vec<_>) =
            carried.partition(|(_, into)| into.told_by.is_some() || into.rows == Rows::Parts);
        pairs.extend(alone.into_iter().map(|one| pair(table, &[one])));
        if !together.is_empty() {
            pairs.push(pair(table, &together));
        }
    }
    pairs
}

/// Where several old tables are carried together, their columns have been found to be the same.
fn pair(table: &str, carried: &[(&OldTable, &Into)]) -> Pair {
    let first = carried.first().map(|(_, into)| *into);
    let columns: Vec<String> = first.map(|into| into.same.values().cloned().collect()).unwrap_or_default();
    let of = |into: &Into| {
        let old = |column: &String| {
            let found = into.same.iter().find(|(_, becomes)| becomes.eq_ignore_ascii_case(column));
            found.map(|(old, _)| old.clone()).unwrap_or_default()
        };
        columns.iter().map(old).collect()
    };
    Pair {
        table: table.to_owned(),
        told_by: first.and_then(|into| into.told_by.clone()),
        from: carried.iter().map(|(old, into)| (old.name.clone(), of(into), into.condition.clone())).collect(),
        columns,
    }
}

impl Pair {
    /// The query on the new side.
    pub(super) fn new_side(&self) -> String {
        select("main", &self.table, &self.columns, self.told_by.as_deref())
    }

    /// The queries on the old side.
    pub(super) fn old_side(&self) -> impl Iterator<Item = String> {
        self.from.iter().map(|(table, columns, condition)| select("old", table, columns, condition.as_deref()))
    }

    /// The old tables.
    pub(super) fn sources(&self) -> Vec<String> {
        self.from.iter().map(|(table, ..)| table.clone()).collect()
    }
}

fn select(schema: &str, table: &str, columns: &[String], condition: Option<&str>) -> String {
    let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
    let columns = if columns.is_empty() { "NULL".to_owned() } else { columns.join(", ") };
    // The line feed ends a comment at the end of the condition.
    let condition = condition.map_or_else(|| "TRUE".to_owned(), |condition| format!("({condition}\n)"));
    format!("SELECT {columns} FROM {schema}.{} WHERE {condition}", quoted(table))
}

/// Every question that a mapping asks, to be compiled before anything takes long.
pub(super) fn questions(mapping: &Mapping) -> Vec<String> {
    let mut questions = Vec::new();
    for table in mapping.tables() {
        for into in &table.into {
            questions.extend(into.condition.as_ref().map(|condition| select("old", &table.name, &[], Some(condition))));
            questions.extend(into.told_by.as_ref().map(|told| select("main", &into.table, &[], Some(told))));
            if let Rows::Counted(query) = &into.rows {
                questions.push(query.clone());
            }
        }
    }
    questions.extend(mapping.made().iter().map(|made| made.count.clone()));
    questions.extend(mapping.checks().iter().map(|check| check.sql.clone()));
    questions
}

/// What the pairs see on the new side before anything is carried: the migrations' own rows.
pub(super) fn seeded(connection: &Connection, mapping: &Mapping, new: &Shape, pulse: &Pulse) -> Result<Vec<Side>> {
    let silent = pulse.silent();
    pairs(mapping, new)
        .iter()
        .map(|pair| match pair.told_by {
            // What tells the rows apart leaves the migrations' own out.
            Some(_) => Ok(Side::EMPTY),
            None => digest(connection, &pair.new_side(), &[], &silent),
        })
        .collect()
}

/// The rows of a query, as lines of an export.
pub(super) fn digest(connection: &Connection, sql: &str, bounds: &[&dyn ToSql], pulse: &Pulse) -> Result<Side> {
    const OFTEN: u64 = 4096;
    let asked = |source| BuildError::Question { sql: sql.to_owned(), source: plain(source) };
    let mut statement = connection.prepare(sql).map_err(asked)?;
    let columns = statement.column_count();
    let mut rows = statement.query(bounds).map_err(asked)?;
    let (mut side, mut line) = (Side::EMPTY, Vec::new());
    while let Some(row) = rows.next().map_err(asked)? {
        line.clear();
        let values = (0..columns).map(|index| value(row.get_ref(index).unwrap_or(ValueRef::Null)));
        write_row(&mut line, values)?;
        side.digest.add(&line);
        side.rows += 1;
        if side.rows.is_multiple_of(OFTEN) {
            pulse.advance(OFTEN);
            if pulse.stopped() {
                return Err(BuildError::Cancelled);
            }
        }
    }
    pulse.advance(side.rows % OFTEN);
    Ok(side)
}

/// The first rows that only one side of a pair has.
pub(super) fn examples(connection: &Connection, pair: &Pair) -> Result<Vec<String>> {
    let (new, old): (_, Vec<_>) = (pair.new_side(), pair.old_side().collect());
    let only_old = format!("{} EXCEPT {new} LIMIT 5", old.join(" UNION ALL "));
    let only_new = format!("{new} EXCEPT {} LIMIT 5", old.join(" EXCEPT "));
    let mut examples = Vec::new();
    for (sql, side) in [(only_old, "old"), (only_new, "new")] {
        let asked = |source| BuildError::Question { sql: sql.clone(), source: plain(source) };
        let mut statement = connection.prepare(&sql).map_err(asked)?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).map_err(asked)?;
        while let Some(row) = rows.next().map_err(asked)? {
            let values = (0..columns).map(|index| shown(row.get_ref(index).unwrap_or(ValueRef::Null)));
            examples.push(format!("{side} ({})", values.collect::<Vec<_>>().join(", ")));
        }
    }
    Ok(examples)
}

/// One number.
pub(super) fn number(connection: &Connection, sql: &str) -> Result<u64> {
    let found = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let found = found.map_err(|source| BuildError::Question { sql: sql.to_owned(), source: plain(source) })?;
    u64::try_from(found).map_err(|_| BuildError::Question {
        sql: sql.to_owned(),
        source: rusqlite::Error::IntegralValueOutOfRange(0, found),
    })
}

/// One number, without what SQLite says.
pub(super) fn count(connection: &Connection, schema: &str, table: &str, condition: Option<&str>) -> Result<u64> {
    let condition = condition.map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    let sql = format!("SELECT count(*) FROM {schema}.{}{condition}", quoted(table));
    let found = connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(sqlite("count rows"))?;
    Ok(found.unsigned_abs())
}
