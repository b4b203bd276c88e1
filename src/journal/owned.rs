//! Whether a database belongs to an installed product: whoever works on a database in place asks this first.

use std::path::{Path, PathBuf};

use super::record::{self, Owner, RecordError};
use crate::layout::{WORK_PREFIX, WorkLayout};
use crate::sys::dir::Dir;
use crate::sys::fs::{self, PathError};

/// The product that the database belongs to, whose path has its symlinks resolved: a work directory of a product lies
/// beside it and says so.
///
/// # Errors
/// A work directory that cannot be looked into, or that does not say in words that can be understood whose it is: then
/// the database counts as somebody's.
pub fn by(database: &Path) -> Result<Option<Owner>, RecordError> {
    let beside = database.parent().map_or_else(PathBuf::new, Path::to_owned);
    let names = fs::names(&beside)?;
    for name in names.iter().filter(|name| name.as_encoded_bytes().starts_with(WORK_PREFIX.as_bytes())) {
        if let Some(owner) = record::read_in(&Dir::open(&beside.join(name))?, WorkLayout::OWNER)? {
            return Ok(Some(owner));
        }
    }
    Ok(None)
}

/// The path of a database with its symlinks resolved; of one that is to be made, those of its directory.
///
/// # Errors
/// A directory that is not there.
pub fn located(database: &Path) -> Result<PathBuf, PathError> {
    if fs::exists(database)? {
        return fs::real_path(database);
    }
    let parent = database.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(fs::real_path(parent)?.join(database.file_name().unwrap_or_default()))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_the_one_that_the_work_directory_beside_it_names() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("data.db");
        assert_eq!(by(&database).unwrap(), None);
        let work = directory.path().join(".gantry-installer-gantry");
        std::fs::create_dir(&work).unwrap();
        assert_eq!(by(&database).unwrap(), None);
        let owner = Owner { product: "gantry".to_owned(), state: PathBuf::from("/var/lib/state") };
        record::write_in(&Dir::open(&work).unwrap(), WorkLayout::OWNER, &owner).unwrap();
        assert_eq!(by(&database).unwrap(), Some(owner));
    }

    #[test]
    fn a_word_that_cannot_be_understood_is_not_taken_for_none() {
        let directory = tempfile::tempdir().unwrap();
        let work = directory.path().join(".gantry-installer-gantry");
        std::fs::create_dir(&work).unwrap();
        std::fs::write(work.join("owner.json"), "{").unwrap();
        assert!(by(&directory.path().join("data.db")).is_err());
    }
}
