//! What is surely, or probably, a mistake in a manifest that can be read.

use std::collections::HashSet;

use jiff::Timestamp;

pub use super::remark::Remark;
use super::{Manifest, Release, STABLE};
use crate::version::SchemaVersion;

/// Everything that is remarkable, first of the whole, then by release, ascending.
pub fn check(manifest: &Manifest, now: Timestamp) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let releases = &manifest.releases;
    remarks.extend((manifest.expires <= now).then_some(Remark::Expired(manifest.expires)));
    let is_stable = |release: &Release| release.channel == STABLE && release.yanked.is_none();
    remarks.extend((!releases.iter().any(is_stable)).then_some(Remark::NothingStable));
    let numbered = releases.iter().filter(|release| matches!(release.schema, SchemaVersion::Number(_))).count();
    remarks.extend((numbered != 0 && numbered != releases.len()).then_some(Remark::MixedSchemas));
    let schemas: HashSet<&SchemaVersion> = releases.iter().map(|release| &release.schema).collect();
    for (at, release) in releases.iter().enumerate() {
        let (below, above) = (releases.get(..at).unwrap_or_default(), releases.get(at + 1..).unwrap_or_default());
        remarks.extend(alone(release));
        remarks.extend(reads(release, &schemas));
        remarks.extend(unreachable(release, below));
        remarks.extend(stuck(release, above));
        remarks.extend(beside_the_one_below(release, below));
    }
    remarks
}

fn alone(release: &Release) -> impl Iterator<Item = Remark> {
    let version = || release.version.clone();
    let offered = release.yanked.is_none();
    let no_artifact = (offered && release.artifacts.is_empty()).then(|| Remark::NoArtifact(version()));
    let no_fingerprint = release.fingerprint.is_none().then(|| Remark::NoFingerprint(version()));
    let prerelease = offered && release.channel == STABLE && release.version.is_prerelease();
    no_artifact.into_iter().chain(no_fingerprint).chain(prerelease.then(|| Remark::StablePrerelease(version())))
}

fn reads(release: &Release, schemas: &HashSet<&SchemaVersion>) -> Vec<Remark> {
    let mut seen = HashSet::new();
    let remark = |schema: &SchemaVersion, first: bool| {
        let (version, known, schema) = (release.version.clone(), schemas.contains(schema), schema.clone());
        match (first, known) {
            (false, _) => Some(Remark::Twice { version, schema }),
            (true, false) => Some(Remark::UnknownSchema { version, schema }),
            (true, true) => None,
        }
    };
    release.reads.iter().filter_map(|schema| remark(schema, seen.insert(schema))).collect()
}

/// Releases below the last barrier must stop at that barrier, so only those from it on count.
fn unreachable(release: &Release, below: &[Release]) -> Option<Remark> {
    let range = release.from.clone()?;
    let start = below.iter().rposition(|other| other.barrier).unwrap_or(0);
    let near = below.get(start..).unwrap_or_default();
    let takes_one = near.iter().any(|other| other.deadend.is_none() && release.accepts(&other.version));
    let alone = !below.iter().any(|other| other.version.major() == release.version.major());
    (!takes_one && !alone).then(|| Remark::Unreachable { version: release.version.clone(), range })
}

fn stuck(release: &Release, above: &[Release]) -> Option<Remark> {
    let major = release.version.major();
    if !release.barrier || !above.iter().any(|other| other.version.major() == major) {
        return None;
    }
    if release.yanked.is_some() || release.deadend.is_some() {
        return Some(Remark::Blocks(release.version.clone()));
    }
    let next = above.iter().position(|other| other.barrier).map_or(above.len(), |at| at + 1);
    let near = above.get(..next).unwrap_or_default();
    let exit = near.iter().any(|other| other.yanked.is_none() && other.accepts(&release.version));
    (!exit).then(|| Remark::NoExit(release.version.clone()))
}

/// Compares a release with the highest one below it that may upgrade directly to it.
fn beside_the_one_below(release: &Release, below: &[Release]) -> Option<Remark> {
    let is_predecessor = |other: &&Release| other.yanked.is_none() && release.accepts(&other.version);
    let lower = below.iter().rev().find(is_predecessor)?;
    // Each major counts its own schemas, and only a backup leads back across.
    if lower.schema == release.schema || lower.version.major() != release.version.major() {
        return None;
    }
    let (upper, schema) = (release.version.clone(), release.schema.clone());
    if let (SchemaVersion::Number(left), SchemaVersion::Number(right)) = (&lower.schema, &release.schema)
        && right < left
    {
        let left = lower.schema.clone();
        return (!release.runs_on(&left)).then(|| Remark::GoesDown {
            upper,
            schema,
            lower: lower.version.clone(),
            left,
        });
    }
    (!lower.runs_on(&schema)).then(|| Remark::NoBinaryRollback { upper, schema, lower: lower.version.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::Artifact;
    use super::super::sample::{manifest, release, version};
    use super::*;
    use crate::digest::{Fingerprint, Sha256};

    fn whole(number: &str) -> Release {
        let sha256 = Sha256::of(b"");
        let artifact = Artifact { target: "any".to_owned(), url: "a".to_owned(), size: 1, sha256 };
        Release { fingerprint: Some(Fingerprint(sha256)), artifacts: vec![artifact], ..release(number) }
    }

    fn with_schema(number: &str, schema: i64, reads: &[i64]) -> Release {
        let reads = reads.iter().map(|read| SchemaVersion::Number(*read)).collect();
        Release { schema: SchemaVersion::Number(schema), reads, ..whole(number) }
    }

    fn from(number: &str, range: &str) -> Release {
        Release { from: Some(range.parse().unwrap()), ..whole(number) }
    }

    fn remarks(releases: Vec<Release>) -> Vec<Remark> {
        check(&manifest(releases), "2026-11-02T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_sound_manifest_gets_no_remark() {
        let releases = vec![whole("1.4.0"), Release { barrier: true, ..whole("1.5.0") }, from("1.6.0", ">=1.5")];
        assert_eq!(remarks(releases), []);
    }

    #[test]
    fn an_expired_manifest_and_an_empty_one_are_remarked() {
        let empty = manifest(Vec::new());
        assert_eq!(check(&empty, empty.expires), [Remark::Expired(empty.expires), Remark::NothingStable]);
    }

    #[test]
    fn a_release_that_nobody_can_reach_is_remarked() {
        let range = "=1.3.0";
        let found = remarks(vec![whole("1.4.0"), from("1.5.0", range)]);
        assert_eq!(found, [Remark::Unreachable { version: version("1.5.0"), range: range.parse().unwrap() }]);
        let barrier = Release { barrier: true, ..whole("1.5.0") };
        let past_the_barrier = remarks(vec![whole("1.4.0"), barrier, from("1.6.0", "=1.4.0"), from("1.6.1", "1")]);
        assert_eq!(
            past_the_barrier,
            [Remark::Unreachable { version: version("1.6.0"), range: "=1.4.0".parse().unwrap() }]
        );
    }

    #[test]
    fn a_barrier_that_nobody_can_leave_is_remarked() {
        let barrier = Release { barrier: true, ..whole("1.5.0") };
        let found = remarks(vec![whole("1.4.0"), barrier.clone(), from("1.6.0", "=1.4.0")]);
        assert!(found.contains(&Remark::NoExit(version("1.5.0"))), "{found:?}");
        let blocking = Release { deadend: Some("broken".to_owned()), ..barrier };
        assert_eq!(remarks(vec![blocking, whole("1.6.0")]), [Remark::Blocks(version("1.5.0"))]);
    }

    #[test]
    fn schemas_that_are_misspelt_repeated_or_mixed_are_remarked() {
        let found = remarks(vec![with_schema("1.4.0", 4, &[4, 4, 66])]);
        let (number, schema) = (version("1.4.0"), SchemaVersion::Number);
        assert_eq!(
            found,
            [
                Remark::Twice { version: number.clone(), schema: schema(4) },
                Remark::UnknownSchema { version: number, schema: schema(66) }
            ]
        );
        let text = SchemaVersion::Text("4".to_owned());
        let mixed = Release { schema: text.clone(), reads: vec![text], ..whole("1.5.0") };
        assert!(remarks(vec![whole("1.4.0"), mixed]).contains(&Remark::MixedSchemas));
    }

    #[test]
    fn what_a_rollback_will_need_is_noted_and_a_schema_that_goes_down_is_a_mistake() {
        let noted = remarks(vec![with_schema("1.4.0", 4, &[4]), with_schema("1.5.0", 6, &[6])]);
        assert!(matches!(noted.as_slice(), [note @ Remark::NoBinaryRollback { .. }] if note.is_note()), "{noted:?}");
        assert_eq!(remarks(vec![with_schema("1.4.0", 4, &[4, 6]), with_schema("1.5.0", 6, &[6])]), []);
        let import = Some("import/from-v1".to_owned());
        let major = Release { import, from: Some(">=1.4".parse().unwrap()), ..with_schema("2.0.0", 1, &[1]) };
        assert_eq!(remarks(vec![with_schema("1.4.0", 6, &[6]), major]), []);
        let down = remarks(vec![with_schema("1.4.0", 6, &[6]), with_schema("1.5.0", 4, &[4])]);
        assert!(matches!(down.as_slice(), [mistake @ Remark::GoesDown { .. }] if !mistake.is_note()), "{down:?}");
    }

    #[test]
    fn a_release_without_an_archive_or_a_fingerprint_is_remarked() {
        let number = version("1.4.0-rc.1");
        assert_eq!(
            remarks(vec![release("1.4.0-rc.1")]),
            [
                Remark::NoArtifact(number.clone()),
                Remark::NoFingerprint(number.clone()),
                Remark::StablePrerelease(number)
            ]
        );
    }
}
