//! Backups: one directory each, with the database and a record of what it must be.

use std::path::{Path, PathBuf};

use super::record::{self, RecordError};
use crate::plan::observed::Backup;
use crate::sys::fs;

/// The database file of a backup.
pub fn file(directory: &Path) -> PathBuf {
    directory.join("database.db")
}

/// The record of a backup. It is written last: without it there is no backup.
pub fn record_file(directory: &Path) -> PathBuf {
    directory.join("backup.json")
}

/// All backups in a directory, oldest first. A directory without a record is not a backup, or not yet one.
pub fn list(backups: &Path) -> Result<Vec<Backup>, RecordError> {
    let names = fs::names(backups)?;
    let records = names.iter().map(|name| record::read(&record_file(&backups.join(name))));
    records.filter_map(Result::transpose).collect()
}
