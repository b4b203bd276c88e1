//! The ledger in a database: read with suspicion, written exactly as its engine would leave it.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params};
use thiserror::Error;

use crate::migration::{Ledger, LedgerState};
use crate::version::SchemaVersion;

/// Why a ledger could not be read or written.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The table is another engine's.
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
    /// A row that its engine never writes.
    #[error("the ledger `{table}` holds {found}, which its engine never writes")]
    Content {
        /// The table.
        table: String,
        /// What was found.
        found: String,
    },
    /// A schema that this format cannot write down.
    #[error("the ledger `{table}` cannot hold the schema `{schema}`")]
    NotANumber {
        /// The table.
        table: String,
        /// The schema.
        schema: SchemaVersion,
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

/// What the ledger says.
///
/// # Errors
/// A table of that name with another shape, and rows that its engine never writes.
pub fn read(connection: &Connection, ledger: &Ledger) -> Result<LedgerState, LedgerError> {
    let sqlite = |source| LedgerError::Sqlite { table: ledger.table.clone(), source };
    let Some(kind) = kind(connection, ledger).map_err(sqlite)? else { return Ok(LedgerState::Missing) };
    let found = columns(connection, ledger).map_err(sqlite)?;
    if kind != "table" || !found.iter().map(|column| column.to_ascii_lowercase()).eq(ledger.columns.iter().copied()) {
        return Err(LedgerError::Shape { table: ledger.table.clone(), kind, found, expected: ledger.columns });
    }
    let mut rows = rows(connection, ledger).map_err(sqlite)?;
    let wrong = |found: String| Err(LedgerError::Content { table: ledger.table.clone(), found });
    match (rows.pop(), rows.len()) {
        (None, _) => Ok(LedgerState::Empty),
        (Some((Value::Integer(version @ -1..), Value::Integer(dirty @ 0..=1))), 0) if version >= 0 || dirty == 1 => {
            Ok(LedgerState::At { schema: SchemaVersion::Number(version), dirty: dirty == 1 })
        }
        (Some((version, dirty)), 0) => wrong(format!("version {version:?} and dirty {dirty:?}")),
        (Some(_), _) => wrong("more than one row".to_owned()),
    }
}

/// Makes the ledger where it is missing, as its engine does before it migrates.
pub(crate) fn create(connection: &Connection, ledger: &Ledger) -> Result<(), LedgerError> {
    let created = ledger.ddl().try_for_each(|statement| connection.execute(&statement, []).map(|_| ()));
    created.map_err(|source| LedgerError::Sqlite { table: ledger.table.clone(), source })
}

/// Makes the ledger say `schema`, or nothing. To be called inside the transaction of the migrations.
pub(crate) fn write(
    connection: &Connection,
    ledger: &Ledger,
    schema: Option<&SchemaVersion>,
) -> Result<(), LedgerError> {
    put(connection, ledger, schema, false)
}

/// Makes the ledger say that a migration to `schema`, or to nothing, has begun and not ended: as its engine does before
/// it runs a file, and leaves it when the file fails.
pub(crate) fn write_dirty(
    connection: &Connection,
    ledger: &Ledger,
    schema: Option<&SchemaVersion>,
) -> Result<(), LedgerError> {
    // golang-migrate's name for nothing, which it writes only when dirty.
    put(connection, ledger, Some(schema.unwrap_or(&SchemaVersion::Number(-1))), true)
}

fn put(
    connection: &Connection,
    ledger: &Ledger,
    schema: Option<&SchemaVersion>,
    dirty: bool,
) -> Result<(), LedgerError> {
    let table = &ledger.table;
    let sqlite = |source| LedgerError::Sqlite { table: table.clone(), source };
    create(connection, ledger)?;
    connection.execute(&format!("DELETE FROM {table}"), []).map_err(sqlite)?;
    let number = match schema {
        None => return Ok(()),
        Some(SchemaVersion::Number(number)) => number,
        Some(other) => return Err(LedgerError::NotANumber { table: table.clone(), schema: other.clone() }),
    };
    // The table is empty, so the row gets rowid 1, as it does from the engine.
    let insert = format!("INSERT INTO {table} (version, dirty) VALUES (?1, ?2)");
    connection.execute(&insert, params![number, dirty]).map(|_| ()).map_err(sqlite)
}

fn kind(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT type FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
    connection.query_row(sql, [&ledger.table], |row| row.get(0)).optional()
}

fn columns(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1, 'main') ORDER BY cid")?;
    statement.query_map([&ledger.table], |row| row.get(0))?.collect()
}

fn rows(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<Vec<(Value, Value)>> {
    let mut statement = connection.prepare(&format!("SELECT version, dirty FROM main.{} LIMIT 2", ledger.table))?;
    let value = |value: ValueRef<'_>| Value::try_from(value).map_err(rusqlite::Error::from);
    statement.query_map([], |row| Ok((value(row.get_ref(0)?)?, value(row.get_ref(1)?)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;

    fn ledger() -> Ledger {
        Ledger::of(Format::GolangMigrate, None).unwrap()
    }

    fn state(sql: &str) -> Result<LedgerState, LedgerError> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        read(&connection, &ledger())
    }

    /// As golang-migrate v4.19.1 was seen to leave it.
    const TABLE: &str = "CREATE TABLE schema_migrations (version uint64,dirty bool)";
    const INDEX: &str = "CREATE UNIQUE INDEX version_unique ON schema_migrations (version)";

    #[test]
    fn every_state_that_the_engine_leaves_is_read() {
        let at = |number, dirty| LedgerState::At { schema: SchemaVersion::Number(number), dirty };
        assert_eq!(state("").unwrap(), LedgerState::Missing);
        for (row, expected) in
            [("3, 0", at(3, false)), ("4, 1", at(4, true)), ("-1, 1", at(-1, true)), ("0, 0", at(0, false))]
        {
            let sql = format!("{TABLE}; {INDEX}; INSERT INTO schema_migrations VALUES ({row})");
            assert_eq!(state(&sql).unwrap(), expected);
        }
        assert_eq!(state(TABLE).unwrap(), LedgerState::Empty);
    }

    #[test]
    fn the_ledger_of_another_engine_is_refused_with_what_it_looks_like() {
        let error = state("CREATE TABLE schema_migrations (version varchar(128) primary key)").unwrap_err().to_string();
        assert!(error.contains(r#"the columns ["version"] instead of ["version", "dirty"]"#), "{error}");
        assert!(matches!(state("CREATE VIEW schema_migrations AS SELECT 1"), Err(LedgerError::Shape { .. })));
    }

    #[test]
    fn rows_that_the_engine_never_writes_are_refused() {
        for rows in ["(-2, 0)", "(-1, 0)", "('x', 0)", "(1, 'maybe')", "(1, 2)", "(NULL, 0)", "(1, 0), (2, 0)"] {
            let sql = format!("{TABLE}; INSERT INTO schema_migrations VALUES {rows}");
            assert!(matches!(state(&sql), Err(LedgerError::Content { .. })), "{rows}");
        }
    }

    #[test]
    fn what_is_written_is_what_the_engine_writes() {
        let connection = Connection::open_in_memory().unwrap();
        for number in [7, 3] {
            write(&connection, &ledger(), Some(&SchemaVersion::Number(number))).unwrap();
        }
        let found: Vec<String> = connection
            .prepare("SELECT sql FROM sqlite_schema ORDER BY rowid")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .unwrap();
        assert_eq!(found, [TABLE, INDEX]);
        let row = "SELECT rowid || '|' || version || '|' || dirty || '|' || typeof(version) || '|' || typeof(dirty) FROM schema_migrations";
        let row: String = connection.query_row(row, [], |row| row.get(0)).unwrap();
        assert_eq!(row, "1|3|0|integer|integer");
        write(&connection, &ledger(), None).unwrap();
        assert_eq!(read(&connection, &ledger()).unwrap(), LedgerState::Empty);
    }

    #[test]
    fn a_migration_that_has_begun_is_marked_as_the_engine_marks_it() {
        let connection = Connection::open_in_memory().unwrap();
        for (schema, number) in [(Some(SchemaVersion::Number(4)), 4), (None, -1)] {
            write_dirty(&connection, &ledger(), schema.as_ref()).unwrap();
            let marked = LedgerState::At { schema: SchemaVersion::Number(number), dirty: true };
            assert_eq!(read(&connection, &ledger()).unwrap(), marked);
        }
    }

    #[test]
    fn a_schema_without_a_number_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        let schema = SchemaVersion::Text("a".to_owned());
        assert!(matches!(write(&connection, &ledger(), Some(&schema)), Err(LedgerError::NotANumber { .. })));
    }
}
