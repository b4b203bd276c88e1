//! Backups: one directory each, with the database and a record of what it must be.

use std::path::{Path, PathBuf};

use super::record::{self, RecordError};
use crate::layout::Layout;
use crate::plan::observed::Backup;
use crate::sys::fs;

/// The database file of a backup.
pub fn file(directory: &Path) -> PathBuf {
    directory.join("database.db")
}

/// The record of a backup. It is written while the backup is staged: whatever has its name has its record.
pub fn record_file(directory: &Path) -> PathBuf {
    directory.join("backup.json")
}

/// All backups in a directory, oldest first. A directory without a record is not a backup, and a staged one not yet or
/// not any more; what else lies there is somebody's own.
pub fn list(backups: &Path) -> Result<Vec<Backup>, RecordError> {
    let mut listed = Vec::new();
    for name in fs::names(backups)? {
        let directory = backups.join(&name);
        if fs::kind(&directory)?.is_dir() && !Layout::is_staged(&name.to_string_lossy()) {
            listed.extend(record::read(&record_file(&directory))?);
        }
    }
    Ok(listed)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the fence is for the program, not for what tests it")]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_backup_does_not_stand_in_the_way_of_those_that_are() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("by-hand.db"), "x").unwrap();
        std::fs::create_dir(directory.path().join("unfinished")).unwrap();
        assert_eq!(list(directory.path()).unwrap(), []);
    }
}
