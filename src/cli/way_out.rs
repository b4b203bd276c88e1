//! The way out where something could not be written: a full disk is no matter of rights, nor is one that fails.

use std::error::Error;
use std::path::Path;

use crate::db::fault;

/// What to do about an error that was met while something was written at `path`: `otherwise`, where nothing is wrong with the disk.
pub fn way_out(error: &(dyn Error + 'static), path: &Path, otherwise: &str) -> String {
    if fault::is_full(error) {
        return format!("free space on the file system of `{}`, then run the same command again", path.display());
    }
    if fault::is_of_the_disk(error) {
        let place = path.display();
        return format!(
            "look at what the kernel says of the file system of `{place}` (`dmesg`), and have that checked and repaired"
        );
    }
    otherwise.to_owned()
}
