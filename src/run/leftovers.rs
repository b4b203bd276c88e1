//! What a kill leaves of a command that had not become a run yet, or never becomes one.

use super::reserve;
use crate::config::Config;
use crate::journal::runs;
use crate::layout::WorkLayout;
use crate::steps::{StepError, backup};
use crate::sys::dir::Dir;
use crate::sys::fs;

/// Removes it. Only under the lock, and only while no run is unfinished: then nobody needs any of it.
///
/// May be killed anywhere and called again.
pub fn clear(config: &Config, work: &WorkLayout) -> Result<(), StepError> {
    // One that is not ours holds nothing of ours: whoever wants to work in it is refused.
    if let Ok(opened) = Dir::open_private(&work.directory) {
        let names = opened.names()?;
        let disposable: Vec<_> = names.iter().filter(|name| WorkLayout::is_disposable(name)).collect();
        disposable.iter().try_for_each(|name| opened.unlink(name))?;
        if !disposable.is_empty() {
            opened.sync()?;
        }
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
