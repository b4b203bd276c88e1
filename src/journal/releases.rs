//! What was trusted of each release that was brought in; it needs neither network nor clock to be believed again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::{self, RecordError};
use crate::digest::{Fingerprint, Sha256};
use crate::layout::Layout;
use crate::manifest::trust::{SaidSince, Trust};
use crate::manifest::{Manifest, Release};
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

/// All releases that are on disk with a record, lowest first, as the newest manifest speaks of them.
pub fn list(layout: &Layout) -> Result<Vec<ReleaseRecord>, RecordError> {
    let trust = trust(layout)?;
    let records = as_brought(layout)?.into_iter();
    Ok(records.map(|record| record.updated_by(&trust)).collect())
}

/// What `manifest` says otherwise of the releases on disk than the one that each was brought in by.
pub fn said_since(layout: &Layout, manifest: &Manifest) -> Result<BTreeMap<Sha256, SaidSince>, RecordError> {
    let mut said = BTreeMap::new();
    for ReleaseRecord { release: known, artifact, .. } in as_brought(layout)? {
        let Some(now) = manifest.release(&known.version) else { continue };
        let same = now.schema == known.schema && now.artifacts.iter().any(|named| named.sha256 == artifact);
        if same && (now.reads != known.reads || now.yanked != known.yanked) {
            said.insert(artifact, SaidSince { reads: now.reads.clone(), yanked: now.yanked.clone() });
        }
    }
    Ok(said)
}

impl ReleaseRecord {
    /// Kept with what is trusted, and laid over the record whenever it is read: whoever verifies a manifest, as `status`
    /// does, need not hold the lock under which releases are brought in and removed.
    fn updated_by(mut self, trust: &Trust) -> Self {
        if let Some(SaidSince { reads, yanked }) = trust.said_since.get(&self.artifact) {
            self.release.reads.clone_from(reads);
            self.release.yanked.clone_from(yanked);
        }
        self
    }
}

fn trust(layout: &Layout) -> Result<Trust, RecordError> {
    Ok(record::read(&layout.trust())?.unwrap_or_default())
}

fn as_brought(layout: &Layout) -> Result<Vec<ReleaseRecord>, RecordError> {
    let mut records = Vec::new();
    for name in fs::names(&layout.versions())? {
        let Some(version) = name.to_str().and_then(|name| name.parse::<Version>().ok()) else { continue };
        records.extend(read_as_brought(layout, &version)?);
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

/// The record of one release, if it is on disk, as the newest manifest speaks of it.
pub fn read(layout: &Layout, version: &Version) -> Result<Option<ReleaseRecord>, RecordError> {
    let Some(record) = read_as_brought(layout, version)? else { return Ok(None) };
    Ok(Some(record.updated_by(&trust(layout)?)))
}

fn read_as_brought(layout: &Layout, version: &Version) -> Result<Option<ReleaseRecord>, RecordError> {
    if !fs::exists(&layout.version(version))? {
        return Ok(None);
    }
    record::read(&layout.release(version))
}

/// Records a release.
pub fn write(layout: &Layout, release: &ReleaseRecord) -> Result<(), RecordError> {
    record::write(&layout.release(&release.release.version), release, 0o600)
}
