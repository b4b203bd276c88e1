//! Opens the very file that is meant: SQLite opens by path, and whoever owns the directory can exchange what is there.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use crate::db::side_files;
use crate::sys::dir::Identity;
use crate::sys::fs::PathError;
use crate::sys::holders;

/// Why a database could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// SQLite's answer.
    #[error("cannot open the database `{path}`")]
    Sqlite {
        /// Which one.
        path: String,
        /// The cause.
        source: rusqlite::Error,
    },
    /// Another file took its place.
    #[error("`{path}` was replaced by another file while it was opened")]
    Replaced {
        /// Which one.
        path: String,
    },
    /// It could not be looked at.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Opens the existing database `path` for reading and writing, if it is the file `expected`. No symlink is followed,
/// in no part of the path. It waits for no lock.
///
/// No descriptor of the file may be closed in this process while the connection lives: that would drop its locks
/// (fcntl(2)).
pub fn open(path: &Path, expected: Identity) -> Result<Connection, OpenError> {
    let named = || path.display().to_string();
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let failed = |source| OpenError::Sqlite { path: named(), source };
    side_files::check(path)?;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(std::time::Duration::ZERO).map_err(failed)?;
    // SQLite opens the main file at once, so that one of our descriptors must now be of the file that is meant.
    if holders::own_descriptors(expected)? == 0 {
        return Err(OpenError::Replaced { path: named() });
    }
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::dir::Dir;

    #[test]
    fn another_file_at_the_path_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = Dir::open(temporary.path()).unwrap();
        let path = temporary.path().join("data.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
        let meant = directory.identity("data.db").unwrap().unwrap();
        assert!(open(&path, meant).is_ok());

        directory.rename("data.db", &directory, "aside.db").unwrap();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
        assert!(matches!(open(&path, meant), Err(OpenError::Replaced { .. })));
    }

    /// FM-36: a rename over a symlink would replace the link.
    #[test]
    fn a_symlink_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
        let meant = Dir::open(temporary.path()).unwrap().identity("data.db").unwrap().unwrap();
        let link = temporary.path().join("link.db");
        crate::sys::fs::replace_link(&link, &path).unwrap();
        assert!(matches!(open(&link, meant), Err(OpenError::Sqlite { .. })));
    }
}
