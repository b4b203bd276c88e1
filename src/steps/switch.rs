//! Does: points the symlink `current` at the new release, by a rename.
//! Undo: points it at the old one, or removes it where there was none.
//! If killed half-way: it points at the one or the other; a leftover `.current.new` is replaced by the next attempt.
//! Touches: `install.root`.

use super::{Machine, StepError};
use crate::layout::Layout;
use crate::sys::fs;
use crate::version::Version;

pub(super) fn perform(to: &Version, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let layout = &machine.config.layout;
    if !fs::exists(&layout.program(to))? {
        return Err(StepError::not_on_disk(to));
    }
    point_at(to, layout)
}

pub(super) fn undo(from: Option<&Version>, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let layout = &machine.config.layout;
    match from {
        Some(version) => point_at(version, layout),
        None => Ok(fs::remove_file(&layout.current())?),
    }
}

fn point_at(version: &Version, layout: &Layout) -> Result<(), StepError> {
    let target = Layout::current_target(version);
    if fs::read_link(&layout.current())?.as_deref() == Some(&target) {
        // It may have been renamed without having been made durable.
        return Ok(fs::sync_dir(&layout.root)?);
    }
    Ok(fs::replace_link(&layout.current(), &target)?)
}
