//! Carries the rows: the statements of the mapping, in one transaction on a file that nobody else knows yet.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::Action;

use super::compare::{self, Side};
use super::culprits;
use super::defaults;
use super::error::{BuildError, sqlite};
use super::guard::Guard;
use super::origin::Origin;
use super::pulse::Pulse;
use super::{Recipe, Result};
use crate::config::ForeignKeys;
use crate::db::count;
use crate::db::execute::plain;
use crate::db::indexes;
use crate::db::open::open_owned;
use crate::migration::Script;
use crate::sys::seam;
use crate::transfer::mapping::{Mapping, Shape};

/// The statements of a mapping.
pub(super) struct Statements(Vec<Script>);

impl Statements {
    pub(super) fn read(mapping: &Mapping) -> Self {
        Self(mapping.scripts().iter().map(|(name, sql)| Script::whole(name.clone(), sql.clone())).collect())
    }

    /// Every statement in order, with its file and line.
    fn each(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        self.0.iter().flat_map(|script| {
            script.statements().map(|statement| (statement.text, script.file.as_str(), statement.line))
        })
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

/// Compiles every statement without running it, so that all that is wrong with them is known before anything takes long.
/// Gives the tables of `main` that are read, in ASCII lower case.
pub(super) fn rehearse(
    origin: &Origin,
    new: &Path,
    statements: &Statements,
    mapping: &Mapping,
) -> Result<BTreeSet<String>> {
    let mut connection = opened(origin, new, &Pulse::default())?;
    let guard = Guard::over(&mut connection, true).map_err(sqlite("watch the mapping"))?;
    let mut findings = Vec::new();
    for (statement, file, line) in statements.each() {
        let prepared = connection.prepare(statement).map(|_| ());
        let place = |what| format!("`{file}` uses {what} at line {line}: {ONLY}");
        let wrong = prepared.err().map(|error| match guard.denied(&error) {
            Some(what) => place(what),
            None => format!("cannot run the statement at line {line} of `{file}`: {}", plain(error)),
        });
        findings.extend(wrong);
    }
    let reads = guard.reads();
    Guard::end(&mut connection).map_err(sqlite("end the watch"))?;
    for (statement, file, line) in statements.each() {
        let left = defaults::unsteady(&connection, statement).map_err(sqlite("look at the defaults"))?;
        findings.extend(left.map(|(column, what)| {
            format!("line {line} of `{file}` leaves `{column}` to its default, {what}, which is another one each time")
        }));
    }
    let guard = Guard::over(&mut connection, false).map_err(sqlite("watch the mapping"))?;
    for sql in compare::questions(mapping) {
        let wrong = connection.prepare(&sql).err().map(|error| match guard.denied(&error) {
            Some(what) => format!("`{sql}` uses {what}: {ONLY}"),
            None => format!("cannot ask `{sql}`: {}", plain(error)),
        });
        findings.extend(wrong);
    }
    if findings.is_empty() { Ok(reads) } else { Err(BuildError::Mapping { findings }) }
}

/// What a mapping may do.
const ONLY: &str = "a mapping reads `old` and writes rows of `main`, and nothing else";

/// Carries all rows, and makes the file whole. It is not durable yet.
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
    let later = indexes::put_off(&connection, reads, !statements.resolve_conflicts());
    let later = later.map_err(sqlite("put off the indexes"))?;

    let heard = pulse.clone();
    let hook = move |action, schema: &str, _: &str, _| {
        if action == Action::SQLITE_INSERT && schema == "main" {
            heard.advance(1);
        }
    };
    connection.update_hook(Some(hook)).map_err(sqlite("watch the rows"))?;
    Guard::over(&mut connection, true).map_err(sqlite("watch the mapping"))?;
    let failed = statements.each().find_map(|(sql, file, line)| Some((sql, file, line, run(&connection, sql).err()?)));
    Guard::end(&mut connection).map_err(sqlite("end the watch"))?;
    if let Some((sql, file, line, source)) = failed {
        // Nothing of the statement has happened: its rows can be tried one by one.
        let culprits = culprits::of_statement(&connection, sql, &source, reads)?;
        let told = || BuildError::Statement { file: file.to_owned(), line, source: plain(source) };
        return Err(culprits.unwrap_or_else(told));
    }
    connection.update_hook(None::<fn(Action, &str, &str, i64)>).map_err(sqlite("end the watch"))?;
    if let Err((index, source)) = indexes::make_again(&connection, &later) {
        return Err(culprits::of_index(&connection, index, source)?);
    }
    seam::cross("commit the import");
    connection.execute_batch("COMMIT").map_err(sqlite("commit the import"))?;
    connection.close().map_err(|(_, source)| BuildError::Sqlite { tried: "close the new database", source })?;
    Ok(Filled { seeded, base })
}

/// The new file with the old one beside it. Nothing is synced before the end. Its journal holds only the few pages that
/// the migrations made, and is what lets a statement that fails be undone.
fn opened(origin: &Origin, new: &Path, pulse: &Pulse) -> Result<Connection> {
    let mut connection = open_owned(new, ForeignKeys::Ignored)?;
    // What triggers did is in the old rows already, or in the mapping.
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA temp_store = FILE")
        .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false))
        .map_err(sqlite("set up the new database"))?;
    origin.attach(&connection)?;
    pulse.interrupts(&mut connection)?;
    Ok(connection)
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
