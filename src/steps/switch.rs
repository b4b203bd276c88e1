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
    // The way back needs no sync of this one, and before the commit there is one: while the service starts.
    if points_at(to, layout)? { Ok(()) } else { Ok(fs::point_link(&layout.current(), &Layout::current_target(to))?) }
}

/// Makes what was done durable, for the commit.
pub(super) fn make_durable(layout: &Layout) -> Result<(), StepError> {
    Ok(fs::sync_dir(&layout.root)?)
}

pub(super) fn undo(from: Option<&Version>, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let layout = &machine.config.layout;
    match from {
        Some(version) => point_at(version, layout),
        None => Ok(fs::remove_file(&layout.current())?),
    }
}

fn point_at(version: &Version, layout: &Layout) -> Result<(), StepError> {
    if points_at(version, layout)? {
        // It may have been renamed without having been made durable.
        return make_durable(layout);
    }
    Ok(fs::replace_link(&layout.current(), &Layout::current_target(version))?)
}

fn points_at(version: &Version, layout: &Layout) -> Result<bool, StepError> {
    Ok(fs::read_link(&layout.current())?.as_deref() == Some(&Layout::current_target(version)))
}
