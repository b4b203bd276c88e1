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
    let mut newest = None;
    for name in names(layout)?.into_iter().rev() {
        if is_planned(layout, &name)? {
            newest = Some(name);
            break;
        }
    }
    let Some(newest) = newest else { return Ok(None) };
    let entries = Journal::read(&layout.run(&newest).journal())?;
    let closed = entries.iter().any(|entry| matches!(entry.event, Event::Closed { .. }));
    Ok((!closed).then_some(newest))
}

/// The names that were taken for runs whose plan was never saved.
pub fn unplanned(layout: &Layout) -> Result<Vec<String>, PathError> {
    let mut unplanned = Vec::new();
    for name in names(layout)? {
        if !is_planned(layout, &name)? {
            unplanned.push(name);
        }
    }
    Ok(unplanned)
}

fn is_planned(layout: &Layout, name: &str) -> Result<bool, PathError> {
    fs::exists(&layout.run(name).plan())
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
