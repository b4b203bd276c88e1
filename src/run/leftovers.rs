//! What a kill leaves of a command that had not become a run yet, or never becomes one.

use crate::journal::runs;
use crate::layout::{Layout, SCRATCH_PREFIX, WorkLayout};
use crate::sys::fs::{self, PathError};

/// Removes it. Only under the lock, and only while no run is unfinished: then nobody needs any of it.
///
/// May be killed anywhere and called again.
pub fn clear(layout: &Layout, work: &WorkLayout) -> Result<(), PathError> {
    let directory = &work.directory;
    for name in fs::names(directory)?.iter().filter(|name| name.to_string_lossy().starts_with(SCRATCH_PREFIX)) {
        fs::remove_file(&directory.join(name))?;
    }
    if fs::exists(&layout.reserve())? {
        fs::remove_file(&layout.reserve())?;
    }
    for name in runs::unplanned(layout)? {
        fs::remove_dir_all(&layout.run(&name).directory)?;
    }
    Ok(())
}
