//! Releases that failed here, and those that an operator went back from.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::record::{self, RecordError};
use crate::plan::observed::Held;
use crate::version::Version;

#[derive(Default, Serialize, Deserialize)]
struct List {
    held: Vec<Held>,
}

/// All that are held, oldest first.
pub fn read(path: &Path) -> Result<Vec<Held>, RecordError> {
    Ok(record::read::<List>(path)?.unwrap_or_default().held)
}

/// Holds a release, instead of what was noted of it before.
pub fn hold(path: &Path, new: Held) -> Result<(), RecordError> {
    let mut held = read(path)?;
    held.retain(|old| old.version != new.version);
    held.push(new);
    record::write(path, &List { held }, 0o600)
}

/// Lets a release go, after it was committed.
pub fn release(path: &Path, version: &Version) -> Result<(), RecordError> {
    let mut held = read(path)?;
    let before = held.len();
    held.retain(|old| old.version != *version);
    if held.len() == before { Ok(()) } else { record::write(path, &List { held }, 0o600) }
}
