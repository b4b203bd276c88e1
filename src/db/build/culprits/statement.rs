//! Runs an `INSERT … SELECT` that failed once more, row by row, and hears which rows are refused.

use std::collections::BTreeSet;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Row, ToSql, params_from_iter};

use super::{Culprit, Found, key_of, named};
use crate::db::build::Result;
use crate::db::build::error::{BuildError, sqlite};
use crate::db::build::shown::shown;
use crate::db::count::quoted;
use crate::migration::lexer::{Token, tokens};

/// The rows because of which a statement failed. Nothing where it failed because of something else, or is of another
/// kind, or reads what it writes: there SQLite's own words must do. The rows that fit are then in the database, which is
/// to be thrown away.
pub(in crate::db::build) fn of_statement(
    connection: &Connection,
    sql: &str,
    broken: &rusqlite::Error,
    reads: &BTreeSet<String>,
) -> Result<Option<BuildError>> {
    let refused = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
    let Some(insertion) = Insertion::parse(sql).filter(|_| refused(broken)) else { return Ok(None) };
    if reads.contains(&insertion.table.to_ascii_lowercase()) {
        return Ok(None);
    }
    let failed = sqlite("try the rows one by one");
    let columns = match &insertion.columns {
        Some(columns) => columns.clone(),
        None => all_columns(connection, &insertion.table)?,
    };
    let key = key_of(connection, &insertion.table)?;
    let mut found = Found::default();
    let mut query = connection.prepare(&insertion.query).map_err(&failed)?;
    let marks = vec!["?"; query.column_count()].join(", ");
    let mut insert = connection.prepare(&format!("{} VALUES ({marks})", insertion.head)).map_err(&failed)?;
    let width = query.column_count();
    let mut rows = query.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let values = (0..width).map(|index| Bound(row.get_ref(index).unwrap_or(ValueRef::Null)));
        match insert.execute(params_from_iter(values)) {
            Ok(_) => {}
            Err(error) if refused(&error) => found.add(|| Culprit {
                table: insertion.table.clone(),
                key: key_in(row, &columns, &key),
                constraint: error.to_string(),
            }),
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(found.told())
}

/// The key's values as they were to be written; all values where the statement does not write the whole key.
fn key_in(row: &Row<'_>, columns: &[String], key: &[String]) -> String {
    let value = |index: usize| shown(row.get_ref(index).unwrap_or(ValueRef::Null));
    let place = |name: &String| columns.iter().position(|column| column.eq_ignore_ascii_case(name));
    let places: Option<Vec<usize>> = key.iter().map(place).collect();
    match places.filter(|places| !places.is_empty()) {
        Some(places) => named(key.iter().zip(places).map(|(name, place)| (name.as_str(), value(place)))),
        None => named(columns.iter().enumerate().map(|(place, name)| (name.as_str(), value(place)))),
    }
}

fn all_columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let sql = format!("SELECT * FROM main.{}", quoted(table));
    let statement = connection.prepare(&sql).map_err(sqlite("look at a table"))?;
    Ok(statement.column_names().map(str::to_owned).collect())
}

/// A value on its way from one statement to another.
struct Bound<'a>(ValueRef<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}

/// `[WITH …] INSERT [OR …] INTO [main.]table [(columns)] SELECT …`, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Insertion {
    table: String,
    columns: Option<Vec<String>>,
    /// Up to what is inserted.
    head: String,
    /// What is inserted.
    query: String,
}

impl Insertion {
    fn parse(sql: &str) -> Option<Self> {
        let sql = sql.trim_end().trim_end_matches(';');
        let all: Vec<Token<'_>> = tokens(sql).collect();
        let depths = depths(&all);
        let top = |word: &str| {
            let found = all.iter().zip(&depths).position(|(token, depth)| *depth == 0 && token.is(word));
            found.filter(|_| word != "conflict" && word != "returning")
        };
        // What follows such a row is not what this statement does.
        let resolves = |token: &&Token<'_>| token.is("conflict") || token.is("returning");
        if all.iter().any(|token| resolves(&token)) {
            return None;
        }
        let (insert, into) = (top("insert")?, top("into")?);
        let mut at = into + 1;
        let mut table = all.get(at)?.name()?;
        at += 1;
        if all.get(at)?.is_operator(".") {
            table = all.get(at + 1)?.name()?;
            at += 2;
        }
        let mut columns = None;
        if all.get(at)?.is_operator("(") {
            let close = (at..all.len()).find(|place| depths.get(*place) == Some(&0) && *place > at)?;
            let names = all.get(at + 1..close)?.iter().filter(|token| !token.is_operator(","));
            columns = Some(names.map(Token::name).collect::<Option<Vec<_>>>()?);
            at = close + 1;
        }
        let body = all.get(at)?;
        if !["select", "with", "values"].iter().any(|word| body.is(word)) {
            return None;
        }
        let before = sql.get(..all.get(insert)?.offset)?;
        let head = sql.get(all.get(insert)?.offset..body.offset)?.to_owned();
        Some(Self { table, columns, head, query: format!("{before}{}", sql.get(body.offset..)?) })
    }
}

/// In how many parentheses each token stands; the outermost ones themselves in none.
fn depths(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut depth = 0_usize;
    let depth_of = |token: &Token<'_>| {
        if token.is_operator(")") {
            depth = depth.saturating_sub(1);
        }
        let here = depth;
        if token.is_operator("(") {
            depth += 1;
        }
        here
    };
    tokens.iter().map(depth_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insertion_is_taken_apart_into_its_head_and_its_query() {
        let sql = "WITH s(a) AS (SELECT 1) INSERT INTO main.\"t t\" (a, [b]) SELECT a, (SELECT 2) FROM s; ";
        let found = Insertion::parse(sql).unwrap();
        assert_eq!(found.table, "t t");
        assert_eq!(found.columns.unwrap(), ["a", "b"]);
        assert_eq!(found.head, "INSERT INTO main.\"t t\" (a, [b]) ");
        assert_eq!(found.query, "WITH s(a) AS (SELECT 1) SELECT a, (SELECT 2) FROM s");
        assert_eq!(Insertion::parse("INSERT INTO t SELECT * FROM old.t").unwrap().columns, None);
        for other in ["UPDATE t SET a = 1", "DELETE FROM t", "INSERT INTO t DEFAULT VALUES", "INSERT INTO t"] {
            assert_eq!(Insertion::parse(other), None, "{other}");
        }
        assert_eq!(Insertion::parse("INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING"), None);
    }
}
