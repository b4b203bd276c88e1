//! The digests of all files of a directory tree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::sys::fs::{self, PathError};
use crate::verify::digest;

/// The digest of each regular file below `directory`, by its path in it. Symlinks are not followed.
pub fn digests(directory: &Path) -> Result<BTreeMap<String, Sha256>, PathError> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(inside) = waiting.pop() {
        for name in fs::names(&directory.join(&inside))? {
            let relative = inside.join(&name);
            let path = directory.join(&relative);
            let kind = fs::kind(&path)?;
            if kind.is_dir() {
                waiting.push(relative);
            } else if kind.is_file() {
                let file = fs::open_regular(&path)?;
                let digest = digest(&file).map_err(PathError::on("read", &path))?;
                found.insert(relative.to_string_lossy().into_owned(), digest);
            }
        }
    }
    Ok(found)
}
