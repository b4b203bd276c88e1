//! What a database file holds, in a form that two moments can be compared by: whether anything was written in between.

use std::io::{Read as _, Seek as _, SeekFrom};

use crate::digest::{Hasher, Sha256};
use crate::sys::dir::{Access, Dir};
use crate::sys::fs::PathError;

/// Equal for two files exactly if they are equal but for what their headers say of the last write and of the journal
/// mode: an online copy has its own of those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imprint {
    bytes: u64,
    header: [u8; HEADER],
    rest: Sha256,
}

const HEADER: usize = 100;
/// By the file format, 1.3: the two versions of the format, which name the journal mode; the change counter; the schema
/// cookie, which an online copy counts on; the version that the change counter is valid for, and SQLite's.
const OF_NO_CONTENT: [(usize, usize); 4] = [(18, 20), (24, 28), (40, 44), (92, 100)];

/// The imprint of the file `name` of `directory`, which nobody writes.
///
/// # Errors
/// A file that cannot be read, or is shorter than a header.
pub fn imprint(directory: &Dir, name: &str) -> Result<Imprint, PathError> {
    let path = directory.path().join(name);
    let mut file = directory.open_file(name, Access::Read)?;
    let wrong = |error| PathError::on("read", &path)(error);
    let mut header = [0; HEADER];
    file.seek(SeekFrom::Start(0)).and_then(|_| file.read_exact(&mut header)).map_err(wrong)?;
    for (from, to) in OF_NO_CONTENT {
        header.get_mut(from..to).unwrap_or_default().fill(0);
    }
    let mut hasher = Hasher::new();
    let mut bytes = HEADER as u64;
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = match file.read(&mut piece) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read.map_err(wrong)?,
        };
        match piece.get(..length) {
            Some([]) | None => return Ok(Imprint { bytes, header, rest: hasher.finish() }),
            Some(read) => hasher.update(read),
        }
        bytes += length as u64;
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::db::alone::Alone;
    use crate::db::catch_up::catch_up;
    use crate::db::copy::copy;
    use crate::sys::watch::Unwatched;

    /// The imprints of a copy before and after it is caught up with a live database that `write` wrote to in between.
    fn before_and_after(mode: &str, write: &str) -> (Imprint, Imprint) {
        let directory = tempfile::tempdir().unwrap();
        let live = directory.path().join("live.db");
        let service = Connection::open(&live).unwrap();
        service.pragma_update(None, "journal_mode", mode).unwrap();
        service.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2); UPDATE t SET a = a + 1").unwrap();
        let work = Dir::open(directory.path()).unwrap();
        copy(&live, &work, "copy", &Unwatched).unwrap();
        let before = imprint(&work, "copy").unwrap();
        service.execute_batch(write).unwrap();
        drop(service);
        let alone = Alone::prove(&live).unwrap();
        catch_up(&alone, &work, "copy", &Unwatched).unwrap();
        (before, imprint(&work, "copy").unwrap())
    }

    #[test]
    fn a_copy_that_is_caught_up_with_nothing_is_what_it_was() {
        for mode in ["wal", "delete"] {
            let (before, after) = before_and_after(mode, "SELECT * FROM t");
            assert_eq!(before, after, "{mode}");
        }
    }

    #[test]
    fn the_smallest_write_is_seen() {
        for write in ["UPDATE t SET a = 9 WHERE rowid = 1", "PRAGMA user_version = 7", "CREATE TABLE u (b)"] {
            for mode in ["wal", "delete"] {
                let (before, after) = before_and_after(mode, write);
                assert_ne!(before, after, "{mode}: {write}");
            }
        }
    }
}
