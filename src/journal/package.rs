//! The records of a package that brings the product: which one it is, and what of it is not activated yet.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::record::{self, RecordError};
use crate::layout::Layout;
use crate::sys::fs;
use crate::version::Version;

/// The package that the product came with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The release that it was last configured with.
    pub release: Version,
}

/// A release that a package brought, and that waits to be activated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The package.
    pub package: String,
    /// The release.
    pub release: Version,
    /// Why it waits, in one line.
    pub reason: String,
    /// The major that was asked for, where it is not the installed one.
    #[serde(default)]
    pub major: Option<u64>,
    /// Since when, by the wall clock.
    pub since: Timestamp,
}

/// The package, if the product came with one.
pub fn read(layout: &Layout) -> Result<Option<Package>, RecordError> {
    record::read(&layout.package())
}

/// Notes that a package brought the product.
pub fn write(layout: &Layout, package: &Package) -> Result<(), RecordError> {
    record::write(&layout.package(), package, 0o600)
}

/// The package goes away.
pub fn remove(layout: &Layout) -> Result<(), RecordError> {
    Ok(fs::remove_file(&layout.package())?)
}

/// What waits to be activated.
pub fn pending(layout: &Layout) -> Result<Option<Pending>, RecordError> {
    record::read(&layout.pending())
}

/// Leaves a release for later. The file is what a unit looks for at the next boot.
pub fn put_off(layout: &Layout, pending: &Pending) -> Result<(), RecordError> {
    record::write(&layout.pending(), pending, 0o600)
}

/// Nothing waits any more.
pub fn settle(layout: &Layout) -> Result<(), RecordError> {
    Ok(fs::remove_file(&layout.pending())?)
}
