//! The schema of a database, and the one that migrations make.

use rusqlite::Connection;

use crate::config::ForeignKeys;
use crate::db::execute::{execute, execute_each};
use crate::db::migrate::{Checks, MigrateError, Settings};
use crate::db::open::open_memory;
use crate::migration::fingerprint::Printer;
use crate::migration::{Ledger, SchemaPrint, SchemaRow, Set};
use crate::version::SchemaVersion;

/// The schema of a database as SQLite keeps it, in the order in which it was made.
///
/// # Errors
/// SQLite's, a damaged schema included.
pub fn rows(connection: &Connection) -> rusqlite::Result<Vec<SchemaRow>> {
    let mut statement = connection.prepare("SELECT type, name, tbl_name, sql FROM main.sqlite_schema")?;
    let rows = statement.query_map([], |row| {
        Ok(SchemaRow { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    rows.collect()
}

/// What the schema of a database looks like.
///
/// # Errors
/// SQLite's, a damaged schema included.
pub fn print(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<SchemaPrint> {
    Ok(SchemaPrint::of(&rows(connection)?, ledger))
}

/// The schema of a new database after the migrations up to `up_to`.
///
/// # Errors
/// A schema that is not in the set, and migrations that fail on an empty database.
pub fn rows_of_migrations(
    set: &Set,
    up_to: &SchemaVersion,
    ledger: &Ledger,
    foreign_keys: ForeignKeys,
) -> Result<Vec<SchemaRow>, MigrateError> {
    let mut connection = open_memory(foreign_keys)?;
    execute(&mut connection, &set.up(None, up_to)?, &Settings { foreign_keys, ..Settings::of(ledger) })?;
    rows(&connection).map_err(|source| MigrateError::Sqlite { tried: "read the schema", source })
}

/// What a new database looks like after the migrations up to a schema.
///
/// # Errors
/// A schema that is not in the set, and migrations that fail on an empty database.
pub fn of_migrations(
    set: &Set,
    up_to: &SchemaVersion,
    ledger: &Ledger,
    foreign_keys: ForeignKeys,
) -> Result<SchemaPrint, MigrateError> {
    Ok(SchemaPrint::of(&rows_of_migrations(set, up_to, ledger, foreign_keys)?, ledger))
}

/// What a new database looks like before any migration, and after each of the first `count`, by the schema it is at.
pub fn prints(
    set: &Set,
    ledger: &Ledger,
    foreign_keys: ForeignKeys,
    count: usize,
) -> Result<Vec<(Option<SchemaVersion>, SchemaPrint)>, MigrateError> {
    let mut printer = Printer::new(ledger);
    let prints = after_each(set, ledger, foreign_keys, count, |rows| printer.print(&rows))?;
    Ok(std::iter::once(None).chain(set.versions().cloned().map(Some)).zip(prints).collect())
}

/// The schema of a new database before any migration, and after each of the first `count`.
///
/// # Errors
/// Migrations that fail on an empty database.
pub fn all_rows(
    set: &Set,
    ledger: &Ledger,
    foreign_keys: ForeignKeys,
    count: usize,
) -> Result<Vec<Vec<SchemaRow>>, MigrateError> {
    after_each(set, ledger, foreign_keys, count, |rows| rows)
}

fn after_each<T>(
    set: &Set,
    ledger: &Ledger,
    foreign_keys: ForeignKeys,
    count: usize,
    mut seen: impl FnMut(Vec<SchemaRow>) -> T,
) -> Result<Vec<T>, MigrateError> {
    let mut connection = open_memory(foreign_keys)?;
    let settings = Settings { foreign_keys, checks: Checks::Everything, ..Settings::of(ledger) };
    let mut look = |connection: &Connection| {
        let rows = rows(connection);
        rows.map(&mut seen).map_err(|source| MigrateError::Sqlite { tried: "read the schema", source })
    };
    let mut all = vec![look(&connection)?];
    let works = match set.latest() {
        Some(latest) => set.up(None, latest)?,
        None => Vec::new(),
    };
    let works = works.get(..count).unwrap_or(&works);
    execute_each(&mut connection, works, &settings, &mut |_, connection| {
        all.push(look(connection)?);
        Ok(())
    })?;
    Ok(all)
}
