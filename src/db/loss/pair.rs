//! Both databases in one connection, read only.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::db::copy::split;
use crate::db::loss::LossError;
use crate::db::side_files;

/// One of the two databases, by its schema's name in the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Live,
    Result,
}

impl Side {
    pub(super) fn schema(self) -> &'static str {
        match self {
            Self::Live => "main",
            Self::Result => "result",
        }
    }
}

pub(super) struct Pair {
    pub(super) connection: Connection,
}

impl Pair {
    pub(super) fn open(live: &Path, result: &Path) -> Result<Self, LossError> {
        let (live_address, result_address) = (address(live)?, address(result)?);
        let opened = connect(&live_address, &result_address);
        let what = || format!("`{}` with `{}`", live.display(), result.display());
        opened.map(|connection| Self { connection }).map_err(|source| LossError::Sqlite { what: what(), source })
    }

    pub(super) fn count(&self, side: Side, table: &str) -> rusqlite::Result<u64> {
        self.number(&format!("SELECT count(*) FROM {}.{}", side.schema(), quote(table)))
    }

    /// How many values of a column are not null.
    pub(super) fn count_values(&self, side: Side, table: &str, column: &str) -> rusqlite::Result<u64> {
        self.number(&format!("SELECT count({}) FROM {}.{}", quote(column), side.schema(), quote(table)))
    }

    pub(super) fn number(&self, query: &str) -> rusqlite::Result<u64> {
        let count: i64 = self.connection.query_row(query, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

/// An identifier of SQL.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn connect(live: &str, result: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(live, flags)?;
    // A log that is taken in here must be left as it was found.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute("ATTACH ?1 AS result", [result])?;
    // An index that the planner makes for one query would be as large as the table.
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA automatic_index = OFF; PRAGMA temp_store = FILE; BEGIN")?;
    Ok(connection)
}

/// The address of a file (RFC 3986) for SQLite. One that nothing lies beside is opened as one that cannot change, so
/// that nothing is made beside it either; what a log still holds must be seen.
fn address(path: &Path) -> Result<String, LossError> {
    let (directory, name) = split(path)?;
    let how = if side_files::pending(&directory, name)?.is_some() { "mode=rw" } else { "immutable=1&mode=ro" };
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                address.push(char::from(*byte));
            }
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(format!("{address}?{how}"))
}
