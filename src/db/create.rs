//! Makes an empty file an empty database, for migrations to build on.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::db::migrate::MigrateError;
use crate::sys::seam;

/// Gives the empty file `path` the header of a database without tables, in SQLite's default journal mode.
pub fn begin(path: &Path) -> Result<(), MigrateError> {
    seam::cross("begin a database");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // Going to another journal mode and back is what writes the first page.
    Connection::open_with_flags(path, flags)
        .and_then(|connection| connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA journal_mode = DELETE"))
        .map_err(|source| MigrateError::Sqlite { tried: "begin an empty database", source })
}
