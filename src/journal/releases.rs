//! What was trusted of each release that was brought in; it needs neither network nor clock to be believed again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{self, RecordError};
use crate::digest::{Fingerprint, Sha256};
use crate::layout::Layout;
use crate::manifest::Release;
use crate::migration::SchemaPrint;
use crate::sys::fs;
use crate::version::{SchemaVersion, Version};

/// A release on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRecord {
    /// What the signed manifest said of it.
    pub release: Release,
    /// The artifact that was unpacked.
    pub artifact: Sha256,
    /// The digest of each file of the version, by its path in it.
    pub files: BTreeMap<String, Sha256>,
    /// The schema versions that its migrations lead through, oldest first.
    pub order: Vec<SchemaVersion>,
    /// The fingerprint of each of these schemas, by its version as text.
    pub fingerprints: BTreeMap<String, Fingerprint>,
    /// What those of them look like that the release runs on, object by object.
    pub schemas: BTreeMap<String, SchemaPrint>,
}

/// All releases that are on disk with a record, lowest first.
pub fn list(layout: &Layout) -> Result<Vec<ReleaseRecord>, RecordError> {
    let mut records = Vec::new();
    for name in fs::names(&layout.versions())? {
        let Some(version) = name.to_str().and_then(|name| name.parse::<Version>().ok()) else { continue };
        records.extend(read(layout, &version)?);
    }
    records.sort_by(|one, other| one.release.version.cmp(&other.release.version));
    Ok(records)
}

/// Those of one major, lowest first. Each major counts its own schemas: what one says of a number is nothing to another.
pub fn of_major(layout: &Layout, major: u64) -> Result<Vec<ReleaseRecord>, RecordError> {
    let mut records = list(layout)?;
    records.retain(|record| record.release.version.major() == major);
    Ok(records)
}

/// The record of one release, if it is on disk.
pub fn read(layout: &Layout, version: &Version) -> Result<Option<ReleaseRecord>, RecordError> {
    if !fs::exists(&layout.version(version))? {
        return Ok(None);
    }
    record::read(&layout.release(version))
}

/// Records a release.
pub fn write(layout: &Layout, release: &ReleaseRecord) -> Result<(), RecordError> {
    record::write(&layout.release(&release.release.version), release, 0o600)
}
