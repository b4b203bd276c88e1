//! The way out where something could not be written: a full disk is no matter of rights.

use std::error::Error;
use std::path::Path;

use crate::db::fault;

/// What to do about an error that was met while something was written at `path`: `otherwise`, where the disk is not full.
pub fn way_out(error: &(dyn Error + 'static), path: &Path, otherwise: &str) -> String {
    if fault::is_full(error) {
        return format!("free space on the file system of `{}`, then run the same command again", path.display());
    }
    otherwise.to_owned()
}
