//! What the releases of a manifest say together.

use std::collections::HashMap;

use super::super::reader::{Findings, Placed};
use super::super::{Manifest, Release};
use crate::digest::Fingerprint;
use crate::version::{SchemaVersion, Version};

/// The releases so far, and what one says that another must not contradict.
#[derive(Default)]
pub(super) struct Together {
    pub releases: Vec<Release>,
    /// Where each version stands, if that is asked; else the order of all of them tells whether one is there twice.
    lines: Option<HashMap<Version, usize>>,
    /// By major: each counts its own schemas.
    fingerprints: HashMap<(u64, SchemaVersion), (Fingerprint, usize)>,
}

impl Together {
    pub fn with_lines() -> Self {
        Self { lines: Some(HashMap::new()), ..Self::default() }
    }

    /// None where one of them contradicts the other.
    pub fn with(mut self, mut other: Self) -> Option<Self> {
        for (schema, (fingerprint, line)) in other.fingerprints.drain() {
            let (own, _) = *self.fingerprints.entry(schema).or_insert((fingerprint, line));
            if own != fingerprint {
                return None;
            }
        }
        self.releases.append(&mut other.releases);
        Some(self)
    }

    /// None where a version is there twice.
    pub fn complete(mut self, head: Manifest) -> Option<Manifest> {
        self.releases.sort_by(|left, right| left.version.cmp(&right.version));
        let each_once = self.releases.is_sorted_by(|left, right| left.version < right.version);
        each_once.then_some(Manifest { releases: self.releases, ..head })
    }

    pub fn version_once(&mut self, version: &Placed<Version>, findings: &mut Findings) {
        let Some(lines) = &mut self.lines else { return };
        if let Some(first) = lines.insert(version.value.clone(), findings.line(version.at())) {
            findings.add(version.at(), format!("release `{}` is there already, in line {first}", version.value));
        }
    }

    pub fn one_fingerprint(
        &mut self,
        major: u64,
        schema: &SchemaVersion,
        found: &Placed<Fingerprint>,
        findings: &mut Findings,
    ) {
        let line = findings.line(found.at());
        let (first, at) = *self.fingerprints.entry((major, schema.clone())).or_insert((found.value, line));
        if first != found.value {
            findings.add(found.at(), format!("`fingerprint` of schema {schema} is another one in line {at}"));
        }
    }
}
