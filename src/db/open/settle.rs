//! Letting SQLite finish or undo what a crash left.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{LOOK, OpenError, existing, told};
use crate::sys::seam;

/// Lets SQLite finish or undo what a crash left beside the database, as its next user would: a transaction that was cut
/// off is rolled back, and one that was committed stays. A write-ahead log is read and left where it is.
///
/// The content is the same before and after for whoever reads it through SQLite. May be killed and repeated.
///
/// # Errors
/// As for [`super::Reader::open`]; a journal that this user may not roll back is still [`OpenError::HotJournal`].
pub fn settle(path: &Path) -> Result<(), OpenError> {
    let path = existing(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let settled = Connection::open_with_flags(&path, flags).and_then(|connection| {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.busy_timeout(LOOK)?;
        seam::cross("let SQLite recover the database");
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        connection.close().map_err(|(_, error)| error)
    });
    settled.map_err(|error| told(&path, error))
}
