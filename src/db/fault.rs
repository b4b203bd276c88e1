//! Whose fault an error is: of what was run, of the machine that it ran on, or of the file.

use std::error::Error;

use rusqlite::ErrorCode;
use rustix::io::Errno;

/// Whether an error comes from a disk that is full, read-only or broken, or from a lack of memory or descriptors: the same
/// thing may well succeed another time. Looks at all its causes.
pub fn is_of_the_machine(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        by_sqlite(cause).is_some_and(|code| SQLITE.contains(&code))
            || cause.downcast_ref().and_then(Errno::from_io_error).is_some_and(|code| SYSTEM.contains(&code))
    })
}

/// Whether an error comes from a disk, or a quota, that is full. Looks at all its causes.
pub fn is_full(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        by_sqlite(cause) == Some(ErrorCode::DiskFull) || cause.downcast_ref().is_some_and(crate::sys::room::is_lack)
    })
}

/// Whether an error comes from a database file whose content is not what SQLite wrote. Looks at all its causes.
pub fn is_damage(error: &(dyn Error + 'static)) -> bool {
    let damage = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];
    causes(error).any(|cause| by_sqlite(cause).is_some_and(|code| damage.contains(&code)))
}

/// Whether an error comes from a disk that fails, or from a file system that is damaged. Looks at all its causes.
pub fn is_of_the_disk(error: &(dyn Error + 'static)) -> bool {
    const DAMAGED: [Errno; 3] = [Errno::IO, Errno::BADMSG, Errno::UCLEAN];
    causes(error)
        .any(|cause| cause.downcast_ref().and_then(Errno::from_io_error).is_some_and(|code| DAMAGED.contains(&code)))
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

fn by_sqlite(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    error.downcast_ref().and_then(rusqlite::Error::sqlite_error_code)
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
    use std::io;
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
        assert!(is_full(&path(Errno::NOSPC)) && is_full(&path(Errno::DQUOT)) && !is_full(&path(Errno::IO)));
        assert!(is_full(&failure(rusqlite::ffi::SQLITE_FULL)) && !is_full(&path(Errno::ACCESS)));
        assert!(is_of_the_disk(&path(Errno::BADMSG)) && !is_of_the_disk(&path(Errno::ACCESS)));
        assert!(is_damage(&failure(rusqlite::ffi::SQLITE_CORRUPT_INDEX)));
        assert!(!is_damage(&failure(rusqlite::ffi::SQLITE_FULL)));
    }
}
