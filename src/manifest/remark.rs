//! What may be remarked about a manifest that can be read.

use jiff::Timestamp;
use thiserror::Error;

use super::STABLE;
use crate::version::{SchemaVersion, Version, VersionRange};

/// One remark about a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Remark {
    /// Nobody installs from it.
    #[error("the manifest expired at {0}")]
    Expired(Timestamp),
    /// It offers nothing.
    #[error("no release is offered on the channel `{STABLE}`")]
    NothingStable,
    /// Versions of schemas that are never equal, such as `4` and `"4"`.
    #[error("some schemas are numbers and some are text: those are never equal")]
    MixedSchemas,
    /// It cannot be installed.
    #[error("release `{0}` has no artifact")]
    NoArtifact(Version),
    /// It is computed on each machine instead of being compared.
    #[error("release `{0}` has no fingerprint: nobody notices when a machine's migrations lead elsewhere")]
    NoFingerprint(Version),
    /// Lower releases are there, and none may go to it.
    #[error("release `{version}` cannot be upgraded to: it takes {range}, and no release below it is one of those")]
    Unreachable {
        /// That release.
        version: Version,
        /// Its `from`.
        range: VersionRange,
    },
    /// Higher releases are there, and every way to them ends here.
    #[error("barrier `{0}` cannot be left: no release above it, up to the next barrier, takes it")]
    NoExit(Version),
    /// Higher releases are there, and the barrier may not be stopped at.
    #[error("barrier `{0}` is withdrawn or a dead end: it blocks every way past it")]
    Blocks(Version),
    /// Misspelt, or of a release that is not listed any more, or not yet.
    #[error("release `{version}` reads schema {schema}, which no release leads to")]
    UnknownSchema {
        /// That release.
        version: Version,
        /// One of its `reads`.
        schema: SchemaVersion,
    },
    /// Said twice.
    #[error("release `{version}` names schema {schema} twice in `reads`")]
    Twice {
        /// That release.
        version: Version,
        /// One of its `reads`.
        schema: SchemaVersion,
    },
    /// A higher version that is made for an older database.
    #[error(
        "release `{upper}` leads to schema {schema} and does not read schema {left} of `{lower}`, which may upgrade to it"
    )]
    GoesDown {
        /// The higher version.
        upper: Version,
        /// Its schema.
        schema: SchemaVersion,
        /// The lower version.
        lower: Version,
        /// The lower version's schema.
        left: SchemaVersion,
    },
    /// Not wrong, and good to know before it is published.
    #[error(
        "release `{lower}` does not read schema {schema} of `{upper}`: going back needs down migrations or a backup"
    )]
    NoBinaryRollback {
        /// The higher version.
        upper: Version,
        /// Its schema.
        schema: SchemaVersion,
        /// The release just below it.
        lower: Version,
    },
    /// Only its exact number leads to it.
    #[error("release `{0}` is a pre-release on the channel `{STABLE}`: nobody is offered it")]
    StablePrerelease(Version),
}

impl Remark {
    /// Whether it is only worth knowing, and no mistake.
    pub fn is_note(&self) -> bool {
        match self {
            Self::NoBinaryRollback { .. }
            | Self::NoFingerprint(_)
            | Self::StablePrerelease(_)
            | Self::UnknownSchema { .. } => true,
            Self::Expired(_)
            | Self::NothingStable
            | Self::MixedSchemas
            | Self::NoArtifact(_)
            | Self::Unreachable { .. }
            | Self::NoExit(_)
            | Self::Blocks(_)
            | Self::Twice { .. }
            | Self::GoesDown { .. } => false,
        }
    }

    /// The release that it is about, the higher one of two; none where it is about the whole manifest.
    pub fn release(&self) -> Option<&Version> {
        match self {
            Self::Expired(_) | Self::NothingStable | Self::MixedSchemas => None,
            Self::NoArtifact(version)
            | Self::NoFingerprint(version)
            | Self::NoExit(version)
            | Self::Blocks(version)
            | Self::StablePrerelease(version)
            | Self::Unreachable { version, .. }
            | Self::UnknownSchema { version, .. }
            | Self::Twice { version, .. }
            | Self::GoesDown { upper: version, .. }
            | Self::NoBinaryRollback { upper: version, .. } => Some(version),
        }
    }
}
