//! Whose fault an error is: of what was run, or of the machine that it ran on.

use std::error::Error;
use std::io;

use rusqlite::ErrorCode;
use rustix::io::Errno;

/// Whether an error comes from a disk that is full, read-only or broken, or from a lack of memory or descriptors: the same
/// thing may well succeed another time. Looks at all its causes.
pub fn is_of_the_machine(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(found) = cause {
        let by_sqlite = found.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let by_system = found.downcast_ref::<io::Error>().and_then(Errno::from_io_error);
        if by_sqlite.is_some_and(|code| SQLITE.contains(&code)) || by_system.is_some_and(|code| SYSTEM.contains(&code))
        {
            return true;
        }
        cause = found.source();
    }
    false
}

/// Of <https://sqlite.org/rescode.html>; a file that cannot be opened is one for which there is no descriptor or no name
/// left.
const SQLITE: [ErrorCode; 4] =
    [ErrorCode::DiskFull, ErrorCode::SystemIoFailure, ErrorCode::CannotOpen, ErrorCode::OutOfMemory];

/// Of errno(3).
const SYSTEM: [Errno; 8] =
    [Errno::NOSPC, Errno::DQUOT, Errno::ROFS, Errno::IO, Errno::NOMEM, Errno::MFILE, Errno::NFILE, Errno::AGAIN];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sys::fs::PathError;

    // What may well succeed in another run is not held against the release.
    #[test]
    fn a_full_disk_is_the_machines_and_a_wrong_statement_is_not() {
        let failure = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert!(is_of_the_machine(&failure(rusqlite::ffi::SQLITE_FULL)));
        assert!(is_of_the_machine(&failure(rusqlite::ffi::SQLITE_IOERR_WRITE)));
        assert!(!is_of_the_machine(&failure(rusqlite::ffi::SQLITE_CONSTRAINT)));
        let path = |errno: Errno| PathError::on("write", Path::new("/x"))(io::Error::from(errno));
        assert!(is_of_the_machine(&path(Errno::NOSPC)));
        assert!(!is_of_the_machine(&path(Errno::NOENT)));
    }
}
