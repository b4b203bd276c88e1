//! What a kill leaves of a command that had not become a run yet, or never becomes one.

use super::reserve;
use crate::config::Config;
use crate::journal::runs;
use crate::layout::WorkLayout;
use crate::steps::{StepError, backup};
use crate::sys::fs;

/// Removes it. Only under the lock, and only while no run is unfinished: then nobody needs any of it.
///
/// May be killed anywhere and called again.
pub fn clear(config: &Config, work: &WorkLayout) -> Result<(), StepError> {
    let directory = &work.directory;
    for name in fs::names(directory)?.iter().filter(|name| WorkLayout::is_disposable(&name.to_string_lossy())) {
        fs::remove_file(&directory.join(name))?;
    }
    let layout = &config.layout;
    reserve::give_back(config, work)?;
    for name in runs::unplanned(layout)? {
        fs::remove_dir_all(&layout.run(&name).directory)?;
    }
    if fs::exists(&layout.private())? {
        fs::remove_dir_all(&layout.private())?;
    }
    backup::clear_staged(layout)
}
