//! The files that SQLite keeps beside a database: with the main file they are one unit, and beside another main file
//! they are poison.

use std::path::Path;

use crate::sys::dir::{Access, Dir, Identity};
use crate::sys::fs::{self, PathError};

/// The write-ahead log, its index in shared memory, the rollback journal.
pub const SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Those with content that matters to the main file.
pub const WITH_CONTENT: [&str; 2] = ["-wal", "-journal"];

/// Which files stand for the database `name`: itself and what is beside it.
pub fn identities(directory: &Dir, name: &str) -> Result<Vec<Identity>, PathError> {
    let beside = SUFFIXES.iter().map(|suffix| format!("{name}{suffix}"));
    let all = std::iter::once(name.to_owned()).chain(beside);
    all.filter_map(|name| directory.identity(&name).transpose()).collect()
}

/// The first file beside the database `name` that SQLite would still take content from.
pub fn pending(directory: &Dir, name: &str) -> Result<Option<String>, PathError> {
    for suffix in WITH_CONTENT {
        let beside = format!("{name}{suffix}");
        if !is_spent(directory, &beside)? {
            return Ok(Some(beside));
        }
    }
    Ok(None)
}

/// Requires that nothing beside the database `path` makes SQLite wait for ever: it opens what is there, and the opening
/// of a pipe ends only when somebody writes into it. Symlinks it refuses itself.
pub fn check(path: &Path) -> Result<(), PathError> {
    for suffix in SUFFIXES {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        let beside = Path::new(&beside);
        if fs::exists(beside)? && !(fs::kind(beside)?.is_file() || fs::kind(beside)?.is_symlink()) {
            return Err(fs::not_regular(beside));
        }
    }
    Ok(())
}

/// Removes what is beside the database `name` and holds nothing any more. The caller has shown that nobody has it open.
///
/// # Errors
/// One with content is left, and is not an error here: ask [`pending`].
pub fn sweep(directory: &Dir, name: &str) -> Result<(), PathError> {
    for suffix in SUFFIXES {
        let beside = format!("{name}{suffix}");
        if directory.identity(&beside)?.is_some() && (suffix == "-shm" || is_spent(directory, &beside)?) {
            directory.unlink(&beside)?;
        }
    }
    directory.sync()
}

/// Removes everything that lies beside a database that is itself thrown away.
pub fn discard(directory: &Dir, name: &str) -> Result<(), PathError> {
    for suffix in SUFFIXES {
        let beside = format!("{name}{suffix}");
        if directory.identity(&beside)?.is_some() {
            directory.unlink(&beside)?;
        }
    }
    Ok(())
}

/// Removes the database `name` with everything that lies beside it, as far as there is anything. The main file goes last: a
/// kill in between leaves no log that another database of that name would take for its own.
pub fn remove(directory: &Dir, name: &str) -> Result<(), PathError> {
    discard(directory, name)?;
    directory.unlink(name)
}

/// Not there, empty, or a journal whose header is zeroed: with `journal_mode=PERSIST` that ends a transaction, and
/// SQLite itself looks at the first byte only.
fn is_spent(directory: &Dir, beside: &str) -> Result<bool, PathError> {
    if directory.length(beside)?.unwrap_or(0) == 0 {
        return Ok(true);
    }
    if !beside.ends_with("-journal") {
        return Ok(false);
    }
    let mut first = [1_u8; 1];
    let path = directory.path().join(beside);
    let file = directory.open_file(beside, Access::Read)?;
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut first, 0).map_err(PathError::on("read", &path))?;
    Ok(first == [0])
}
