//! Where SQLite sorts what does not fit into memory.

use std::path::Path;

use rusqlite::Connection;

/// As long as it lives the whole process sorts in one directory: SQLite knows no other way. Then where SQLite pleases.
pub(super) struct Sorting(Connection);

impl Sorting {
    /// What is sorted lies on the file system of `file`, whose space was looked at.
    pub(super) fn beside(file: &Path) -> rusqlite::Result<Self> {
        let directory = file.parent().map(|parent| parent.to_string_lossy().into_owned()).unwrap_or_default();
        let sorting = Self(Connection::open_in_memory()?);
        sorting.choose(&directory)?;
        Ok(sorting)
    }

    fn choose(&self, directory: &str) -> rusqlite::Result<()> {
        self.0.pragma_update(None, "temp_store_directory", directory)
    }
}

impl Drop for Sorting {
    fn drop(&mut self) {
        // The empty one is none. Nobody can do anything about a failure, and the next sorter looks for a place of its own then.
        let _ = self.choose("");
    }
}
