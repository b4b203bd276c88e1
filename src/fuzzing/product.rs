//! What the publisher and the operator write: configuration, manifest, keys, versions.

use jiff::Timestamp;

use super::text;
use crate::config;
use crate::digest::{Fingerprint, Sha256};
use crate::manifest::graph::{Asked, way};
use crate::manifest::signature::{self, PublicKey};
use crate::manifest::signing::{self, SecretKey};
use crate::manifest::target::{Host, choose};
use crate::manifest::trust::Trust;
use crate::manifest::{Artifact, Manifest, check, draw, place, write};
use crate::transfer::mapping::{self, Columns, Mapping, OldTable, Shape};
use crate::version::{Target, Version, VersionRange};

/// A key that is believed, and a signature by it of [`SIGNED`].
const KEY: &str = "RWSR5f07fhQuOeuddC91f3Vo4ay8IBY/tA/MES5JHSXS8EEpnJFD7vBU";
const SIGNED: &[u8] = b"format = 1\n";

pub(super) fn config(bytes: &[u8]) {
    // As the configuration is read: what is not UTF-8 is replaced, and then refused or part of a value.
    if let Ok(config) = config::parse(&String::from_utf8_lossy(bytes)) {
        assert!(config.layout.root.is_absolute() && config.layout.state.is_absolute());
        assert!(config.database.path.is_absolute() && config.layout.binary.is_relative());
    }
}

/// The account of an import; its scripts are there under two names.
pub(super) fn mapping(bytes: &[u8]) {
    let files = [(mapping::FILE, bytes), ("a.sql", b"SELECT 1"), ("b.sql", b"")];
    let files = files.map(|(name, content)| (name.to_owned(), content.to_vec())).into();
    let Ok(read) = Mapping::read(&files) else { return };
    assert_eq!(Mapping::read(&files).as_ref(), Ok(&read));
    assert!(read.scripts().iter().all(|(name, _)| files.contains_key(name)));
    for table in read.tables() {
        assert!(table.dropped.is_none() || table.into.is_empty(), "{table:?}");
    }
    // A schema of just what it names, and an empty one.
    let named = |into: &mapping::Into| into.same.keys().chain(into.changed.keys()).cloned().collect::<Vec<_>>();
    let columns = |table: &OldTable| Columns {
        kept: table.without.keys().cloned().chain(table.into.iter().flat_map(named)).collect(),
        computed: Vec::new(),
    };
    let old = Shape { tables: read.tables().iter().map(|table| (table.name.clone(), columns(table))).collect() };
    let _ = (read.check(&old, &old), read.check(&old, &Shape::default()), read.check(&Shape::default(), &old));
}

pub(super) fn manifest(bytes: &[u8]) {
    let Some(manifest) = text(bytes).and_then(|text| Manifest::parse(text).ok()) else { return };
    let _ = (check::check(&manifest, Timestamp::UNIX_EPOCH), draw::text(&manifest), draw::mermaid(&manifest));
    assert!(manifest.releases.windows(2).all(|pair| matches!(pair, [left, right] if left.version < right.version)));
    let installer = super::version("0.3.0");
    let host = Host { arch: "x86_64".to_owned(), gnu_loader: true };
    for release in manifest.releases.iter().take(8) {
        assert!(release.runs_on(&release.schema));
        let _ = choose(release, &host);
        let asked = |target| Asked {
            installed: Some(&release.version),
            target,
            channel: "beta",
            installer: &installer,
            skip: &[],
        };
        let targets = manifest.releases.iter().take(8).filter_map(|release| release.version.to_string().parse().ok());
        let targets: Vec<Target> = targets.collect();
        for target in targets.iter().map(Some).chain([None]) {
            let Ok(way) = way(&manifest, &asked(target)) else { continue };
            assert!(
                way.iter().all(|hop| hop.version > release.version && hop.version.major() == release.version.major()
                    || hop.accepts(&release.version)
                    || way.iter().any(|before| hop.accepts(&before.version)))
            );
        }
    }
    let key = PublicKey::id(&KEY.parse().unwrap_or_else(|_| unreachable!("a key of the tests")));
    let keys = std::slice::from_ref(&key);
    let sha256 = Sha256::of(bytes);
    if let Ok(trust) = Trust::default().admit(&manifest, sha256, &key, keys) {
        assert_eq!(trust.admit(&manifest, sha256, &key, keys).as_ref(), Ok(&trust));
    }
}

/// `manifest add` writes into the text of the operator's own manifest, comments and all.
pub(super) fn manifest_edit(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let version = super::version("1.4.7");
    let _ = place::line_of_release(text, &version);
    let artifact =
        Artifact { target: "any".to_owned(), url: "g-1.4.7.tar.gz".to_owned(), size: 5, sha256: Sha256::of(b"") };
    let entry = write::Entry {
        version: version.clone(),
        channel: "stable".to_owned(),
        schema: crate::version::SchemaVersion::Number(4),
        reads: vec![crate::version::SchemaVersion::Number(4)],
        fingerprint: None,
        artifact,
    };
    let before = Manifest::parse(text);
    if let (Ok(before), Ok(after)) = (before, write::add(text, &entry, Timestamp::UNIX_EPOCH)) {
        // A manifest that could be read can still be read, and has the release.
        match Manifest::parse(&after) {
            Ok(after) => assert!(after.release(&version).is_some() && after.releases.len() >= before.releases.len()),
            Err(error) => unreachable!("{error}\n{after}"),
        }
    }
}

pub(super) fn signature(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let keys = [KEY.parse().unwrap_or_else(|_| unreachable!("a key of the tests"))];
    let _ = signature::signer(text);
    // The text is free but in what is signed: the comment that nobody trusts, and how lines end.
    if signature::verify(SIGNED, text, &keys).is_ok() {
        assert!(signature::verify(b"format = 2\n", text, &keys).is_err());
    }
}

pub(super) fn public_key(bytes: &[u8]) {
    if let Some(key) = text(bytes).and_then(|text| text.parse::<PublicKey>().ok()) {
        assert_eq!(key.to_string().parse::<PublicKey>().ok().as_ref(), Some(&key));
    }
}

pub(super) fn secret_key(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let _ = signing::needs_password(text);
    if let Ok(key) = SecretKey::open(text, None) {
        let _ = (key.public(), key.public_file());
    }
}

pub(super) fn version(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(version) = text.parse::<Version>() {
        assert_eq!(version.to_string().parse::<Version>().ok().as_ref(), Some(&version));
    }
    if let (Ok(target), Ok(version)) = (text.parse::<Target>(), text.parse::<Version>()) {
        assert!(target.admits(&version) && target.covers(&version) && !target.is_above(&version));
    }
    if let Ok(range) = text.parse::<VersionRange>() {
        let known: Vec<Version> =
            (0..64).map(|n| super::version(&format!("{}.{}.{}", n / 16, n / 4 % 4, n % 4))).collect();
        let sorted: Vec<&Version> = known.iter().collect();
        let inside: Vec<&Version> = sorted.iter().copied().filter(|version| range.contains(version)).collect();
        assert_eq!(sorted.get(range.span(&sorted)), Some(&inside[..]));
        let _ = range.prereleases_of().count();
    }
    for digest in [text.parse::<Sha256>().map(|digest| digest.to_string())].into_iter().flatten() {
        assert!(digest.eq_ignore_ascii_case(text));
    }
    let _ = text.parse::<Fingerprint>();
}
