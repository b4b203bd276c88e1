//! Releases and manifests for the tests of this module.

use super::{Manifest, Release, STABLE};
use crate::version::{SchemaVersion, Version};

pub(super) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

pub(super) fn release(text: &str) -> Release {
    let schema = SchemaVersion::Number(1);
    Release {
        version: version(text),
        channel: STABLE.to_owned(),
        schema: schema.clone(),
        reads: vec![schema],
        fingerprint: None,
        from: None,
        barrier: false,
        deadend: None,
        yanked: None,
        notes: None,
        installer: None,
        import: None,
        artifacts: Vec::new(),
    }
}

pub(super) fn manifest(mut releases: Vec<Release>) -> Manifest {
    releases.sort_by(|left, right| left.version.cmp(&right.version));
    let (created, expires) = ("2026-11-01T00:00:00Z".parse().unwrap(), "2027-06-01T00:00:00Z".parse().unwrap());
    Manifest { product: "gantry".to_owned(), sequence: 17, created, expires, releases }
}
