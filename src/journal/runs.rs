//! The runs of a product: their names, and which one is unfinished.

use std::path::Path;

use super::{Event, Journal, JournalError};
use crate::layout::Layout;
use crate::sys::fs::{self, PathError};

/// The names of all runs, oldest first.
pub fn names(layout: &Layout) -> Result<Vec<String>, PathError> {
    numbered(&layout.runs())
}

/// A name for the next run or backup. It sorts after all others, whatever the clock says.
pub fn next_name(layout: &Layout, what: &str) -> Result<String, PathError> {
    let mut taken = names(layout)?;
    taken.extend(numbered(&layout.backups)?);
    let last = taken.iter().filter_map(|name| number(name)).max().unwrap_or(0);
    Ok(format!("{:06}-{what}", last + 1))
}

/// The run that has not ended, if any. Runs exclude each other, so only the newest can be one.
///
/// A run is one from the moment its plan is durable; what was killed before did nothing, and is passed over.
pub fn unfinished(layout: &Layout) -> Result<Option<String>, JournalError> {
    let Some(newest) = split(layout)?.0.pop() else { return Ok(None) };
    let entries = Journal::read(&layout.run(&newest).journal())?;
    let closed = entries.iter().any(|entry| matches!(entry.event, Event::Closed { .. }));
    Ok((!closed).then_some(newest))
}

/// The names that were taken for runs whose plan was never saved.
pub fn unplanned(layout: &Layout) -> Result<Vec<String>, PathError> {
    Ok(split(layout)?.1)
}

/// All names, those with a plan first.
fn split(layout: &Layout) -> Result<(Vec<String>, Vec<String>), PathError> {
    let (mut planned, mut unplanned) = (Vec::new(), Vec::new());
    for name in names(layout)? {
        let is_planned = fs::exists(&layout.run(&name).plan())?;
        if is_planned { planned.push(name) } else { unplanned.push(name) }
    }
    Ok((planned, unplanned))
}

fn numbered(directory: &Path) -> Result<Vec<String>, PathError> {
    let names = fs::names(directory)?.into_iter().filter_map(|name| name.into_string().ok());
    let mut names: Vec<_> = names.filter(|name| number(name).is_some()).collect();
    names.sort_by_key(|name| number(name));
    Ok(names)
}

fn number(name: &str) -> Option<u64> {
    name.split_once('-')?.0.parse().ok()
}
