//! The content of an export into a new database of the same schema.

mod declare;
mod room;

use std::collections::BTreeSet;
use std::io::BufRead;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, params_from_iter};
use thiserror::Error;

use crate::config::ForeignKeys;
use crate::db::count::quoted;
use crate::db::export::{TableShape, Unread, rows_of, tables};
use crate::db::open::{OpenError, Reader, set_foreign_keys};
use crate::db::sorting::Sorting;
use crate::db::{check, indexes, schema};
use crate::digest::Fingerprint;
use crate::migration::Ledger;
use crate::sys::seam;
use crate::sys::watch::Watch;
use crate::transfer::reader::{self, ReadError};
use crate::transfer::sum::summed;
use crate::transfer::value::{RowError, Value, write_row};
use crate::transfer::{ContentDigest, Inventory, Table};

pub use declare::declare;
pub use room::{Room, room};

/// Why nothing was imported. The new database is to be thrown away.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The export is not what its inventory says, or no export.
    #[error(transparent)]
    Export(#[from] ReadError),
    /// Its `schema.sql` does not declare a schema.
    #[error("cannot make the schema of the export: the statement at line {line} of `schema.sql`")]
    Declaration {
        /// The line.
        line: usize,
        /// SQLite's words; nothing where the statement declares nothing.
        source: Option<rusqlite::Error>,
    },
    /// The new database has another schema.
    #[error("the export has the schema with the fingerprint {found}, and the new database {expected}")]
    Schema {
        /// Of the export.
        found: Fingerprint,
        /// Of the new database.
        expected: Fingerprint,
    },
    /// A table is not there, or has other columns.
    #[error("the table `{table}` of the export is not one of the new database, or has other columns there")]
    Table {
        /// Which one.
        table: String,
    },
    /// A row was refused.
    #[error("cannot write row {row} of the table `{table}`")]
    Row {
        /// The table.
        table: String,
        /// Which of its rows, counted from 1.
        row: u64,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// An index was refused: its rows break what it demands.
    #[error("cannot make the index `{index}` of the table `{table}`")]
    Index {
        /// Which one.
        index: String,
        /// Its table.
        table: String,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// What was written is not what was read.
    #[error("the table `{table}` has {found} after the import, and not {expected}")]
    Content {
        /// The table.
        table: String,
        /// What there is.
        found: String,
        /// What there should be.
        expected: String,
    },
    /// The new database is damaged.
    #[error("the new database is damaged: {0}")]
    Damaged(String),
    /// A table could not be read back.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// A row could not be said.
    #[error(transparent)]
    Said(#[from] RowError),
    /// SQLite failed.
    #[error("cannot {0}")]
    Sqlite(&'static str, #[source] rusqlite::Error),
    /// Foreign keys could not be switched off.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Whoever watched called it off.
    #[error("the import was called off")]
    Cancelled,
}

type Result<T> = std::result::Result<T, ImportError>;

/// Makes the content of a new database that of an inspected export: every table of it, the ledger too, whatever the
/// migrations put there. Read back, each table must add up to the digest of the inventory. The watch hears rows.
///
/// # Errors
/// Another schema, rows that do not fit, and everything that can happen to a file.
pub fn import(
    connection: &Connection,
    ledger: &Ledger,
    inventory: &Inventory,
    export: impl BufRead + Send,
    watch: &dyn Watch,
) -> Result<()> {
    let expected = schema::print(connection, ledger).map_err(sqlite("read the new schema"))?.fingerprint;
    if inventory.fingerprint != expected {
        return Err(ImportError::Schema { found: inventory.fingerprint, expected });
    }
    // What triggers and foreign keys did is in the rows already.
    set_foreign_keys(connection, ForeignKeys::Ignored)?;
    let triggers = |on| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, on);
    triggers(false).map_err(sqlite("switch triggers off"))?;
    let filled = fill(connection, ledger, inventory, export, watch);
    triggers(true).map_err(sqlite("switch triggers on"))?;
    filled?;
    let found = proven(connection, ledger, inventory)?;
    if found.is_empty() { Ok(()) } else { Err(ImportError::Damaged(found.join("; "))) }
}

fn fill(
    connection: &Connection,
    ledger: &Ledger,
    inventory: &Inventory,
    export: impl BufRead + Send,
    watch: &dyn Watch,
) -> Result<()> {
    // What is sorted lies beside the database, whose space was looked at.
    let path = connection.path().filter(|path| !path.is_empty());
    let _sorting =
        path.map(|path| Sorting::beside(Path::new(path))).transpose().map_err(sqlite("choose where to sort"))?;
    connection.pragma_update(None, "cache_size", -16_384).map_err(sqlite("set up the new database"))?;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite("begin the import"))?;
    let later = indexes::put_off(connection, &BTreeSet::new(), true).map_err(sqlite("put off the indexes"))?;
    let shapes = tables(connection, ledger).map_err(sqlite("read the new schema"))?;
    for shape in &shapes {
        let clear = format!("DELETE FROM main.{}", quoted(&shape.name));
        connection.execute(&clear, []).map_err(sqlite("clear the new database"))?;
    }
    for table in &inventory.tables {
        let same = |shape: &&TableShape| shape.name == table.name && shape.columns == table.columns;
        shapes.iter().find(same).ok_or_else(|| ImportError::Table { table: table.name.clone() })?;
    }
    let mut insertion = Insertion { connection, of: None, row: 0, done: 0, watch, inventory };
    reader::rows(export, inventory, |table, row| insertion.row(table, row))?;
    drop(insertion);
    let refused = |(index, source): (&indexes::Index, _)| {
        let (index, table) = (index.name.clone(), index.table.clone());
        ImportError::Index { index, table, source }
    };
    indexes::make_again(connection, &later).map_err(refused)?;
    for (pragma, value) in [("user_version", inventory.user_version), ("application_id", inventory.application_id)] {
        connection.pragma_update(None, pragma, value).map_err(sqlite("write the header of the new database"))?;
    }
    seam::cross("commit the import");
    connection.execute_batch("COMMIT").map_err(sqlite("commit the import"))
}

/// Rows on their way into the table that they come for.
struct Insertion<'a> {
    connection: &'a Connection,
    of: Option<(&'a str, Statement<'a>)>,
    /// Of this table.
    row: u64,
    /// Of all tables.
    done: u64,
    watch: &'a dyn Watch,
    inventory: &'a Inventory,
}

impl<'a> Insertion<'a> {
    fn row(&mut self, table: &Table, row: &[Value<'_>]) -> Result<()> {
        let refused = |row| move |source| ImportError::Row { table: table.name.clone(), row, source };
        if self.of.as_ref().is_none_or(|(name, _)| *name != table.name) {
            let known = self.inventory.tables.iter().find(|known| known.name == table.name);
            let known = known.ok_or_else(|| ImportError::Table { table: table.name.clone() })?;
            let columns: Vec<_> = known.columns.iter().map(|column| quoted(column)).collect();
            let marks = vec!["?"; columns.len()].join(", ");
            let sql = format!("INSERT INTO main.{} ({}) VALUES ({marks})", quoted(&known.name), columns.join(", "));
            let statement = self.connection.prepare(&sql).map_err(refused(0))?;
            (self.of, self.row) = (Some((known.name.as_str(), statement)), 0);
        }
        let Some((_, statement)) = &mut self.of else { return Ok(()) };
        self.row += 1;
        statement.execute(params_from_iter(row.iter().map(Bound))).map_err(refused(self.row))?;
        self.done += 1;
        if self.done.is_multiple_of(1024) {
            self.watch.progress(self.done, self.inventory.tables.iter().map(|table| table.rows).sum());
            if self.watch.cancelled() {
                return Err(ImportError::Cancelled);
            }
        }
        Ok(())
    }
}

/// A value as SQLite takes it, without a copy; text as the bytes that it is.
pub(super) struct Bound<'a>(pub &'a Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Real(real) => ValueRef::Real(*real),
            Value::Text(text) => ValueRef::Text(text),
            Value::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

/// What is wrong with the pages of the database, once its rows are what they must be. A file's pages are looked at while its
/// rows are read back.
fn proven(connection: &Connection, ledger: &Ledger, inventory: &Inventory) -> Result<Vec<String>> {
    let pages = |connection: &Connection| check::quick(connection).map_err(sqlite("check the new database"));
    let rows = || {
        let shapes = tables(connection, ledger).map_err(sqlite("read the new schema"))?;
        shapes.iter().try_for_each(|shape| compare(connection, shape, inventory))
    };
    let journal = connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
    let journal = journal.map_err(sqlite("read how the new database is written"))?;
    // Of a write-ahead log another connection would not see what is only there.
    let Some(path) = connection.path().filter(|path| !path.is_empty() && journal != "wal") else {
        rows()?;
        return pages(connection);
    };
    thread::scope(|scope| {
        let looked = scope.spawn(move || pages(Reader::open_past_lock(Path::new(path))?.connection()));
        let read = rows();
        let looked = looked.join().unwrap_or_else(|panic| resume_unwind(panic));
        read.and(looked)
    })
}

/// A table must hold what the export says; one that is not in the export, nothing.
fn compare(connection: &Connection, shape: &TableShape, inventory: &Inventory) -> Result<()> {
    let expected = inventory.tables.iter().find(|table| table.name == shape.name);
    let expected = expected.map_or((0, ContentDigest::EMPTY), |table| (table.rows, table.digest));
    let (rows, digest) = summed(|sum| {
        rows_of(connection, shape, |row| sum.row(|line| Ok::<_, ImportError>(write_row(line, row.into_iter())?)))
    })?;
    if (rows, digest) == expected {
        return Ok(());
    }
    let words = |(rows, digest)| format!("{rows} rows with the digest {digest}");
    let table = shape.name.clone();
    Err(ImportError::Content { table, found: words((rows, digest)), expected: words(expected) })
}

fn sqlite(tried: &'static str) -> impl Fn(rusqlite::Error) -> ImportError {
    move |source| ImportError::Sqlite(tried, source)
}

#[cfg(test)]
mod tests;
