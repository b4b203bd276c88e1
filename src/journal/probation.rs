//! The record of the probation of the last upgrade: there from its commit until its end, or until the next commit.

use super::record::{self, RecordError};
use crate::layout::Layout;
use crate::plan::probation::Probation;
use crate::sys::fs;

/// The probation, if one was begun and not ended.
pub fn read(layout: &Layout) -> Result<Option<Probation>, RecordError> {
    record::read(&layout.probation())
}

/// Begins it, or notes how far it got.
pub fn write(layout: &Layout, probation: &Probation) -> Result<(), RecordError> {
    record::write(&layout.probation(), probation, 0o600)
}

/// Ends it.
pub fn end(layout: &Layout) -> Result<(), RecordError> {
    Ok(fs::remove_file(&layout.probation())?)
}
