//! The schema of a database, and the one that migrations make.

use rusqlite::Connection;

use crate::config::ForeignKeys;
use crate::db::execute::execute_each;
use crate::db::migrate::{Checks, MigrateError, Settings};
use crate::db::open::open_memory;
use crate::migration::{Ledger, MigrationError, SchemaPrint, SchemaRow, Set};
use crate::version::SchemaVersion;

/// What the schema of a database looks like.
///
/// # Errors
/// SQLite's, a damaged schema included.
pub fn print(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<SchemaPrint> {
    let mut statement = connection.prepare("SELECT type, name, tbl_name, sql FROM main.sqlite_schema")?;
    let rows = statement.query_map([], |row| {
        Ok(SchemaRow { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    Ok(SchemaPrint::of(&rows.collect::<rusqlite::Result<Vec<_>>>()?, ledger))
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
    let position = set.position(up_to).ok_or_else(|| MigrationError::Unknown(up_to.clone()))?;
    let mut prints = prints(set, ledger, foreign_keys, position + 1)?;
    prints.pop().map(|(_, print)| print).ok_or_else(|| MigrationError::Unknown(up_to.clone()).into())
}

/// What a new database looks like before any migration, and after each of the first `count`, by the schema it is at.
pub fn prints(
    set: &Set,
    ledger: &Ledger,
    foreign_keys: ForeignKeys,
    count: usize,
) -> Result<Vec<(Option<SchemaVersion>, SchemaPrint)>, MigrateError> {
    let mut connection = open_memory(foreign_keys)?;
    let settings = Settings { foreign_keys, checks: Checks::Everything, ..Settings::of(ledger) };
    let look = |connection: &Connection| {
        print(connection, ledger).map_err(|source| MigrateError::Sqlite { tried: "read the schema", source })
    };
    let mut prints = vec![(None, look(&connection)?)];
    let works = match set.latest() {
        Some(latest) => set.up(None, latest)?,
        None => Vec::new(),
    };
    let works = works.get(..count).unwrap_or(&works);
    execute_each(&mut connection, works, &settings, &mut |work, connection| {
        prints.push((work.lands_on().cloned(), look(connection)?));
        Ok(())
    })?;
    Ok(prints)
}
