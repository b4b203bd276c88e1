//! Carries the rows: the statements of the mapping, in one transaction on a file that nobody else knows yet.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Action;
use rusqlite::{Connection, ErrorCode};

use super::compare::{self, Side};
use super::culprits;
use super::error::{BuildError, sqlite};
use super::guard::Guard;
use super::indexes::Indexes;
use super::origin::Origin;
use super::pulse::Pulse;
use super::{Recipe, Result};
use crate::config::ForeignKeys;
use crate::db::count;
use crate::db::execute::plain;
use crate::db::open::open_owned;
use crate::migration::Script;
use crate::sys::{fs, seam};
use crate::transfer::mapping::{Mapping, Shape};

/// The statements of a mapping.
pub(super) struct Statements(Vec<Script>);

impl Statements {
    pub(super) fn read(mapping: &Mapping) -> Self {
        Self(mapping.scripts().iter().map(|(name, sql)| Script::whole(name.clone(), sql.clone())).collect())
    }

    /// Whether any says what becomes of a row that does not fit: then every constraint must be there from the first row on.
    fn resolve_conflicts(&self) -> bool {
        let words = ["conflict", "ignore", "replace", "rollback", "fail", "abort"];
        let says = |token: &crate::migration::lexer::Token<'_>| words.iter().any(|word| token.is(word));
        self.0.iter().any(|script| {
            script.pieces.iter().any(|piece| crate::migration::lexer::tokens(&piece.sql).any(|token| says(&token)))
        })
    }
}

/// What was there before the first row was carried.
pub(super) struct Filled {
    /// How many rows each new table had.
    pub(super) seeded: std::collections::BTreeMap<String, u64>,
    /// The digests of what each comparison saw on the new side.
    pub(super) base: Vec<Side>,
}

/// Compiles every statement without running it, so that what is wrong with one is known before anything takes long.
/// Gives the tables of `main` that are read, in ASCII lower case.
pub(super) fn rehearse(
    origin: &Origin,
    new: &Path,
    statements: &Statements,
    mapping: &Mapping,
) -> Result<BTreeSet<String>> {
    let mut connection = opened(origin, new, &Pulse::default())?;
    let guard = Guard::over(&mut connection, true).map_err(sqlite("watch the mapping"))?;
    each(statements, |sql, file, line| {
        let prepared = connection.prepare(sql);
        prepared.map(|_| ()).map_err(|source| told(source, &guard, file, line))
    })?;
    let reads = guard.reads();
    let guard = Guard::over(&mut connection, false).map_err(sqlite("watch the mapping"))?;
    for sql in compare::questions(mapping) {
        let prepared = connection.prepare(&sql);
        prepared.map(|_| ()).map_err(|source| match guard.denied() {
            Some(what) => BuildError::Denied { file: sql, line: 1, what },
            None => BuildError::Question { sql, source: plain(source) },
        })?;
    }
    Ok(reads)
}

/// Carries all rows, and makes the file whole and durable.
pub(super) fn fill(
    origin: &Origin,
    new: &Path,
    statements: &Statements,
    reads: &BTreeSet<String>,
    recipe: &Recipe<'_>,
    shape: &Shape,
    pulse: &Pulse,
) -> Result<Filled> {
    let mut connection = opened(origin, new, pulse)?;
    seam::cross("fill the new database");
    connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite("begin to fill the new database"))?;
    let tables = shape.tables.keys().cloned().collect();
    let seeded = count::rows(&connection, tables).map_err(sqlite("count the rows of the migrations"))?;
    let base = compare::seeded(&connection, recipe.mapping, shape, pulse)?;
    let unique = if statements.resolve_conflicts() { Deferred::NotUnique } else { Deferred::All };
    let indexes = Indexes::drop(&connection, reads, unique == Deferred::All)?;

    let heard = pulse.clone();
    let hook = move |action, schema: &str, _: &str, _| {
        if action == Action::SQLITE_INSERT && schema == "main" {
            heard.advance(1);
        }
    };
    connection.update_hook(Some(hook)).map_err(sqlite("watch the rows"))?;
    let guard = Guard::over(&mut connection, true).map_err(sqlite("watch the mapping"))?;
    let carried = each(statements, |sql, file, line| {
        run(&connection, sql).map_err(|source| (sql.to_owned(), file.to_owned(), line, source))
    });
    Guard::end(&mut connection).map_err(sqlite("end the watch"))?;
    if let Err((sql, file, line, source)) = carried {
        // Nothing of the statement has happened: its rows can be tried one by one.
        let culprits = culprits::of_statement(&connection, &sql, &source, reads)?;
        return Err(culprits.unwrap_or_else(|| told(source, &guard, &file, line)));
    }
    connection.update_hook(None::<fn(Action, &str, &str, i64)>).map_err(sqlite("end the watch"))?;
    indexes.make(&connection)?;
    seam::cross("commit the import");
    connection.execute_batch("COMMIT").map_err(sqlite("commit the import"))?;
    connection.close().map_err(|(_, source)| BuildError::Sqlite { tried: "close the new database", source })?;
    fs::sync_file(&fs::open_regular(new)?, new)?;
    Ok(Filled { seeded, base })
}

#[derive(PartialEq)]
enum Deferred {
    All,
    NotUnique,
}

/// The new file with the old one beside it. Nothing is synced before the end. Its journal holds only the few pages that
/// the migrations made, and is what lets a statement that fails be undone.
fn opened(origin: &Origin, new: &Path, pulse: &Pulse) -> Result<Connection> {
    let mut connection = open_owned(new, ForeignKeys::Ignored)?;
    // What triggers did is in the old rows already, or in the mapping.
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -32768")
        .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false))
        .map_err(sqlite("set up the new database"))?;
    origin.attach(&connection)?;
    pulse.interrupts(&mut connection)?;
    Ok(connection)
}

/// Every statement in order, with its file and line.
fn each<E>(
    statements: &Statements,
    mut take: impl FnMut(&str, &str, usize) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    for script in &statements.0 {
        for statement in script.statements() {
            take(statement.text, &script.file, statement.line)?;
        }
    }
    Ok(())
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

fn told(source: rusqlite::Error, guard: &Guard, file: &str, line: usize) -> BuildError {
    let file = file.to_owned();
    match guard.denied() {
        Some(what) => BuildError::Denied { file, line, what },
        None if source.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) => {
            BuildError::Denied { file, line, what: "what it may not".to_owned() }
        }
        None => BuildError::Statement { file, line, source: plain(source) },
    }
}
