//! What a file is, from its first 100 bytes: <https://sqlite.org/fileformat2.html#the_database_header>.

use std::io::{self, Read as _};
use std::path::Path;

use crate::sys::fs::{self, PathError};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There is no file.
    Missing,
    /// It has no bytes: SQLite takes it for a database without tables.
    Empty,
    /// Something else, an encrypted database included.
    Foreign,
    /// A SQLite database.
    Database {
        /// Bytes of a page.
        page_size: u32,
        /// Pages of the main file; the write-ahead log may hold newer ones.
        pages: u32,
        /// Whether it is in WAL mode.
        wal: bool,
    },
}

/// Looks at the first bytes of a file.
///
/// Must not be called while this process has a connection to that file: closing any descriptor of it drops the
/// connection's locks (POSIX advisory locks belong to the process).
///
/// # Errors
/// A file that is there and cannot be read.
pub fn examine(path: &Path) -> Result<Kind, PathError> {
    let mut file = match fs::open_regular(path) {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok(Kind::Missing),
        Err(error) => return Err(error),
    };
    let mut header = [0; 100];
    let found = file.metadata().and_then(|metadata| match metadata.len() {
        0 => Ok(Kind::Empty),
        1..100 => Ok(Kind::Foreign),
        length if metadata.is_file() => file.read_exact(&mut header).map(|()| read(&header, length)),
        _ => Err(io::Error::other("not a regular file")),
    });
    found.map_err(PathError::on("read", path))
}

pub(crate) fn read(header: &[u8; 100], length: u64) -> Kind {
    let (magic, rest) = header.split_at(16);
    let [high, low, write_version, ..] = rest else { return Kind::Foreign };
    let page_size = match u16::from_be_bytes([*high, *low]) {
        1 => 65536,
        size => u32::from(size),
    };
    if magic != b"SQLite format 3\0" || page_size < 512 || !page_size.is_power_of_two() {
        return Kind::Foreign;
    }
    // The size in the header holds only if whoever wrote it also noted that change; older writers did not.
    let noted = number(header, 28).filter(|pages| *pages > 0 && number(header, 24) == number(header, 92));
    let pages = noted.unwrap_or_else(|| u32::try_from(length / u64::from(page_size)).unwrap_or(u32::MAX));
    Kind::Database { page_size, pages, wal: *write_version == 2 }
}

fn number(header: &[u8], offset: usize) -> Option<u32> {
    header.get(offset..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn a_database_is_told_with_its_pages_and_mode() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA page_size = 65536; CREATE TABLE t (a)").unwrap();
        drop(connection);
        assert_eq!(examine(&path).unwrap(), Kind::Database { page_size: 65536, pages: 2, wal: false });
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
        drop(connection);
        assert_eq!(examine(&path).unwrap(), Kind::Database { page_size: 65536, pages: 2, wal: true });
    }

    #[test]
    fn what_is_no_database_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        assert_eq!(examine(&path).unwrap(), Kind::Missing);
        for (bytes, kind) in
            [(vec![], Kind::Empty), (b"SQLite format 3\0".to_vec(), Kind::Foreign), (vec![7; 4096], Kind::Foreign)]
        {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(examine(&path).unwrap(), kind);
        }
        assert!(examine(directory.path()).is_err());
    }
}
