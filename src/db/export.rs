//! The whole content of a database, table by table, into an export.

use std::io::Write;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use thiserror::Error;

use crate::db::count::quoted;
use crate::db::schema;
use crate::migration::Ledger;
use crate::sys::watch::Watch;
use crate::transfer::value::Value;
use crate::transfer::writer::{Contents, WriteError, Writer, write};
use crate::transfer::{Inventory, Opening, Role};
use crate::version::{SchemaVersion, Version};

/// Whose database it is, and when it was this.
#[derive(Clone, Debug)]
pub struct About {
    /// The product.
    pub product: String,
    /// The release that runs on it, if any.
    pub release: Option<Version>,
    /// What its ledger names.
    pub schema: Option<SchemaVersion>,
    /// The moment whose content it is.
    pub created: Timestamp,
}

/// Why there is no export.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The database could not be read.
    #[error("cannot read {0} to export it")]
    Read(String, #[source] rusqlite::Error),
    /// A table could not be read.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// The export could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Whoever watched called it off.
    #[error("the export was called off")]
    Cancelled,
}

/// A table whose rows could not be read.
#[derive(Debug, Error)]
#[error("cannot read the table `{table}`")]
pub struct Unread {
    table: String,
    source: rusqlite::Error,
}

type Result<T> = std::result::Result<T, ExportError>;

/// Writes all of a database that nobody changes meanwhile, and gives the output back, with its inventory. The watch hears
/// rows, of all tables together.
///
/// # Errors
/// SQLite's and the output's, and when it was called off.
pub fn export<W: Write + Send>(
    connection: &Connection,
    ledger: &Ledger,
    about: About,
    output: W,
    watch: &dyn Watch,
) -> Result<(W, Inventory)> {
    let fingerprint = schema::print(connection, ledger).map_err(unread("the schema"))?.fingerprint;
    let sql = statements(connection).map_err(unread("the schema"))?;
    let tables = tables(connection, ledger).map_err(unread("the schema"))?;
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let user_version = pragma("user_version").map_err(unread("the user version"))?;
    let application_id = pragma("application_id").map_err(unread("the application id"))?;
    let encoding = connection.pragma_query_value(None, "encoding", |row| row.get(0)).map_err(unread("the encoding"))?;

    let mut progress = Progress { done: 0, total: 0, watch };
    for table in &tables {
        let count = format!("SELECT count(*) FROM main.{}", quoted(&table.name));
        let rows = connection.query_row(&count, [], |row| row.get::<_, i64>(0)).map_err(unread(&table.name))?;
        progress.total += rows.unsigned_abs();
    }
    let rows =
        |writer: &mut Writer| tables.iter().try_for_each(|table| write_table(connection, writer, table, &mut progress));
    let Opening { format, version } = Opening::default();
    let inventory = |Contents { schema_sql, tables }: Contents| Inventory {
        format,
        version,
        product: about.product,
        release: about.release,
        schema: about.schema,
        fingerprint,
        ledger: ledger.table.clone(),
        created: about.created,
        encoding,
        user_version,
        application_id,
        schema_sql,
        tables,
    };
    write(output, &sql, rows, inventory)
}

fn unread(what: &str) -> impl Fn(rusqlite::Error) -> ExportError {
    move |error| ExportError::Read(what.to_owned(), error)
}

/// A table whose rows are exported.
pub(super) struct TableShape {
    pub name: String,
    pub role: Role,
    /// Without those that are computed from others.
    pub columns: Vec<String>,
}

/// How many rows, of how many.
struct Progress<'a> {
    done: u64,
    total: u64,
    watch: &'a dyn Watch,
}

fn write_table(
    connection: &Connection,
    writer: &mut Writer,
    table: &TableShape,
    progress: &mut Progress<'_>,
) -> Result<()> {
    writer.table(&table.name, table.role, table.columns.clone())?;
    rows_of(connection, table, |row| {
        writer.row(row.into_iter())?;
        progress.row()
    })
}

impl Progress<'_> {
    fn row(&mut self) -> Result<()> {
        self.done += 1;
        if self.done.is_multiple_of(1024) {
            self.watch.progress(self.done, self.total);
            if self.watch.cancelled() {
                return Err(ExportError::Cancelled);
            }
        }
        Ok(())
    }
}

/// Every row of a table, in the order in which the table itself keeps them, so that equal tables make equal parts.
pub(super) fn rows_of<E: From<Unread>>(
    connection: &Connection,
    table: &TableShape,
    mut take: impl FnMut(Vec<Value<'_>>) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let unread = |source| Unread { table: table.name.clone(), source };
    let columns: Vec<_> = table.columns.iter().map(|column| quoted(column)).collect();
    let sql = format!("SELECT {} FROM main.{} NOT INDEXED", columns.join(", "), quoted(&table.name));
    let mut statement = connection.prepare(&sql).map_err(unread)?;
    let mut rows = statement.query([]).map_err(unread)?;
    while let Some(row) = rows.next().map_err(unread)? {
        let values = (0..columns.len()).map(|index| row.get_ref(index).map(value));
        take(values.collect::<rusqlite::Result<_>>().map_err(unread)?)?;
    }
    Ok(())
}

/// A value as an export says it.
pub(super) fn value(value: ValueRef<'_>) -> Value<'_> {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(text.into()),
        ValueRef::Blob(blob) => Value::Blob(blob.into()),
    }
}

/// What makes the schema, without what SQLite and virtual tables make themselves. Indexes come last: an import makes them
/// anew once all rows are there, and its export is to be the same.
fn statements(connection: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT s.sql FROM main.sqlite_schema AS s
               LEFT JOIN pragma_table_list AS l ON l.schema = 'main' AND l.name = s.name AND s.type = 'table'
               WHERE s.sql IS NOT NULL AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND ifnull(l.type, '') <> 'shadow'
               ORDER BY s.type = 'index', s.rowid";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|row| row.map(|sql| format!("{sql};\n"))).collect()
}

/// All tables with rows of their own, by name.
pub(super) fn tables(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<Vec<TableShape>> {
    let sql = "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')
               AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence') ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let mut columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0")?;
    let mut shape = |name: String, kind: &str| {
        let role = match kind {
            _ if name == "sqlite_sequence" => Role::Sequence,
            "shadow" => Role::Shadow,
            _ if name.eq_ignore_ascii_case(&ledger.table) => Role::Ledger,
            _ => Role::Table,
        };
        let columns = columns.query_map([&name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(TableShape { name, role, columns })
    };
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| row.and_then(|(name, kind)| shape(name, &kind))).collect()
}

#[cfg(test)]
mod tests;
