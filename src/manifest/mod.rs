//! Release manifests: what is published, signed, and how one gets from release to release.

use serde::{Deserialize, Serialize};

use crate::digest::{Fingerprint, Sha256};
use crate::version::{SchemaVersion, Version, VersionRange};

pub(crate) mod reader;
mod value;
mod plain;
mod pieces;
mod wire;
pub mod signature;
pub mod signing;
pub mod trust;
mod resolve;
mod refusal;
pub mod graph;
pub mod target;
pub mod place;
pub mod write;
pub mod draw;
mod remark;
pub mod check;
pub mod anyway;
#[cfg(test)]
mod sample;

pub use reader::Finding;
pub use wire::WireError;

/// The channel that is offered to everybody.
pub const STABLE: &str = "stable";

/// All releases of one product, as published in one signed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The product's name.
    pub product: String,
    /// Grows with every manifest that is published.
    pub sequence: u64,
    /// When it was made.
    pub created: jiff::Timestamp,
    /// From when on it is not believed any more.
    pub expires: jiff::Timestamp,
    /// Ascending by version, each version once.
    pub releases: Vec<Release>,
}

impl Manifest {
    /// Reads the TOML of format 1. The error names everything that is wrong, each with its line.
    pub fn parse(text: &str) -> Result<Self, WireError> {
        wire::parse(text)
    }

    /// The release with exactly this version.
    pub fn release(&self, version: &Version) -> Option<&Release> {
        let at = self.releases.binary_search_by(|release| release.version.cmp(version)).ok()?;
        self.releases.get(at)
    }

    /// The releases strictly between two versions, ascending.
    pub fn between(&self, lower: &Version, upper: &Version) -> &[Release] {
        let start = self.releases.partition_point(|release| release.version <= *lower);
        let end = self.releases.partition_point(|release| release.version < *upper);
        self.releases.get(start..end).unwrap_or_default()
    }
}

/// One version of the product. Stored as JSON too, as what was trusted when it was brought in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// Who is offered it: everybody (`stable`), or who follows this channel.
    pub channel: String,
    /// What its migrations lead to, and what its binary writes.
    pub schema: SchemaVersion,
    /// Every schema that its binary runs on, its own among them.
    pub reads: Vec<SchemaVersion>,
    /// Of the database at `schema`; computed from its migrations where it is missing.
    pub fingerprint: Option<Fingerprint>,
    /// The versions that may upgrade directly to it; any lower one of its major where it is missing.
    pub from: Option<VersionRange>,
    /// Whether every way past it must stop at it.
    pub barrier: bool,
    /// Why no way leads on from it.
    pub deadend: Option<String>,
    /// Why it was withdrawn.
    pub yanked: Option<String>,
    /// Where its release notes are.
    pub notes: Option<String>,
    /// The installers that can bring it in.
    pub installer: Option<VersionRange>,
    /// The directory of its archives with the mapping by which the rows of an older major come into its database; without
    /// it no way leads from another major to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// Its archives, at most one a target.
    pub artifacts: Vec<Artifact>,
}

impl Release {
    /// Whether its binary runs on a database of this schema.
    pub fn runs_on(&self, schema: &SchemaVersion) -> bool {
        self.reads.contains(schema)
    }

    /// Whether `version` may upgrade directly to it, as far as this release says. A barrier between them may forbid it.
    /// From another major only its import leads to it, and only from where its `from` says so.
    pub fn accepts(&self, version: &Version) -> bool {
        let same_major = version.major() == self.version.major();
        *version < self.version
            && (same_major || self.import.is_some())
            && match &self.from {
                Some(range) => range.contains(version),
                None => same_major,
            }
    }

    /// Whether it is offered to who follows `channel`.
    pub fn is_offered_on(&self, channel: &str) -> bool {
        self.channel == STABLE || self.channel == channel
    }
}

/// The archive of a release for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// A target triple, or `any`.
    pub target: String,
    /// Relative to the manifest, or absolute.
    pub url: String,
    /// Bytes.
    pub size: u64,
    /// Of the archive.
    pub sha256: Sha256,
}
