//! The manifest, from where it is published to something that may be believed, and the way that it offers.

use jiff::Timestamp;
use thiserror::Error;

use crate::config::Config;
use crate::digest::Sha256;
use crate::journal::record::{self, RecordError};
use crate::journal::releases;
use crate::manifest::graph::NoWay;
use crate::manifest::signature::{self, KeyId, PublicKey, SignatureError};
use crate::manifest::target::{Host, choose};
use crate::manifest::trust::{Trust, TrustError, check_expiry};
use crate::manifest::{Manifest, Release, WireError};
use crate::plan::step::Incoming;
use crate::sys::fs::{self, PathError};
use crate::sys::http::{self, Client, HttpError, Problem};
use crate::sys::room;
use crate::sys::watch::Watch;
use crate::sys::{clock, host};
use crate::version::Version;

/// A manifest is text of a few hundred bytes a release; more than this is an attack with endless data.
const MANIFEST_LIMIT: u64 = 16 << 20;
/// A minisign signature has four lines.
const SIGNATURE_LIMIT: u64 = 64 << 10;

/// Why there is no manifest, or no release in it.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// The network, or the file.
    #[error(transparent)]
    Fetch(#[from] HttpError),
    /// A key in the configuration is none.
    #[error("`{text}` in `manifest.keys` is no minisign public key")]
    Key {
        /// As it is written.
        text: String,
        /// Why.
        source: SignatureError,
    },
    /// The manifest is not text.
    #[error("the manifest `{0}` is not UTF-8 text")]
    Text(String),
    /// There is a manifest, and no signature beside it.
    #[error("the manifest `{url}` is not signed")]
    Unsigned {
        /// Which manifest.
        url: String,
        /// Why.
        source: HttpError,
    },
    /// The signature is wrong, or of a foreign key.
    #[error("the manifest `{url}` cannot be trusted")]
    Signature {
        /// Of which manifest.
        url: String,
        /// Why.
        source: SignatureError,
    },
    /// The manifest is signed, and wrong all the same.
    #[error("the manifest `{url}` cannot be used")]
    Wire {
        /// Which.
        url: String,
        /// Why.
        source: WireError,
    },
    /// It is another product's.
    #[error("the manifest is of the product `{found}`, and this is `{expected}`")]
    Product {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// It is old, or the clock is wrong.
    #[error("the manifest `{url}` cannot be believed")]
    Trust {
        /// Which.
        url: String,
        /// Why.
        source: TrustError,
    },
    /// No way leads to what was asked for.
    #[error(transparent)]
    NoWay(#[from] NoWay),
    /// There is no artifact for this machine.
    #[error("release {version} has no artifact for this machine ({arch}); it has {targets}")]
    NoArtifact {
        /// Which release.
        version: Version,
        /// This machine.
        arch: String,
        /// What there is.
        targets: String,
    },
    /// The record of what is trusted.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl ResolveError {
    /// Whether it is the network's fault, and not the manifest's.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self, Self::Fetch(_))
    }

    /// Stable, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch(HttpError { problem: Problem::Cancelled, .. }) => "signal",
            Self::Fetch(_) => "manifest-unreachable",
            Self::Key { .. } => "key",
            Self::Text(_) | Self::Wire { .. } => "manifest",
            Self::Signature { .. } | Self::Unsigned { .. } => "signature",
            Self::Product { .. } => "product",
            Self::Trust { source: TrustError::Expired { .. }, .. } => "expired",
            Self::Trust { source: TrustError::ClockBehind { .. }, .. } => "clock",
            Self::Trust { .. } => "sequence",
            Self::NoWay(_) => "no-way",
            Self::NoArtifact { .. } => "no-artifact",
            Self::Record(_) | Self::Path(_) => "state",
        }
    }

    /// The one safe next thing to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Fetch(HttpError { problem: Problem::File(_), .. }) => {
                "check `manifest.url`: the file must be there, and this user must be able to read it".to_owned()
            }
            Self::Fetch(error) => error.problem.remedy().unwrap_or("check `manifest.url`").to_owned(),
            Self::Key { .. } => "correct `manifest.keys`: a key is one line that begins with RW".to_owned(),
            Self::Text(_) | Self::Wire { .. } => "tell the publisher; nothing was changed".to_owned(),
            Self::Signature { source: SignatureError::Foreign { .. }, .. } => {
                "ask the publisher by another way than this server; add a key to `manifest.keys` only if it is theirs"
                    .to_owned()
            }
            Self::Signature { .. } => {
                "the manifest or its signature was changed on the way: run it again later, or tell the publisher"
                    .to_owned()
            }
            Self::Unsigned { .. } => "ask the publisher for the signature, a file beside the manifest".to_owned(),
            Self::Product { .. } => "check `manifest.url` and `product`".to_owned(),
            Self::Trust { source: TrustError::ClockBehind { .. }, .. } => {
                "set the clock of this machine; if it is right, ask the publisher whether a key of `manifest.keys` was stolen"
                    .to_owned()
            }
            Self::Trust { source: TrustError::Expired { .. }, .. } => {
                "ask the publisher for a fresh manifest; `--allow-expired` believes this one".to_owned()
            }
            Self::Trust { .. } => {
                "ask the publisher for a manifest with a higher sequence: this one was superseded".to_owned()
            }
            Self::NoWay(no_way) => no_way.remedy().unwrap_or_else(|| "see `gantry-installer status`".to_owned()),
            Self::NoArtifact { .. } => "ask the publisher for a build for this machine".to_owned(),
            Self::Record(_) | Self::Path(_) => "check the state directory".to_owned(),
        }
    }
}

/// Whether an expired manifest is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// It is refused.
    Enforced,
    /// It is believed all the same.
    Waived,
}

/// Fetches the manifest, verifies it, and records at once that it was seen.
pub fn manifest(config: &Config, client: &Client, expiry: Expiry, watch: &dyn Watch) -> Result<Manifest, ResolveError> {
    let signed = fetch(config, client, watch)?;
    let doubted = |source| ResolveError::Trust { url: http::without_secrets(&config.manifest.url), source };
    let trust: Trust = record::read(&config.layout.trust())?.unwrap_or_default();
    let admitted = signed.admit(&trust).map_err(doubted)?;
    note(&admitted, &signed.manifest, &trust, config)?;
    let now = admitted.believe(clock::now(), built()).map_err(doubted)?;
    if expiry == Expiry::Enforced {
        check_expiry(&signed.manifest, now).map_err(doubted)?;
    }
    Ok(signed.manifest)
}

/// The manifest of a package, whose place in time dpkg vouches for: neither its sequence nor its expiry is held against it.
/// Its sequence is recorded where that is a step forward.
pub fn packaged(config: &Config, client: &Client, watch: &dyn Watch) -> Result<Manifest, ResolveError> {
    let signed = fetch(config, client, watch)?;
    let trust: Trust = record::read(&config.layout.trust())?.unwrap_or_default();
    if let Ok(admitted) = signed.admit(&trust) {
        note(&admitted, &signed.manifest, &trust, config)?;
    }
    Ok(signed.manifest)
}

/// A manifest that somebody brought, and its signature: who signed it and whose it is, and nothing else. Records nothing.
pub fn brought(config: &Config, bytes: &[u8], signature: &[u8]) -> Result<Manifest, ResolveError> {
    Ok(verified(config, bytes, signature)?.manifest)
}

/// A manifest whose signature was verified.
struct Signed {
    manifest: Manifest,
    /// Of all its bytes.
    sha256: Sha256,
    key: KeyId,
    /// The keys that might have signed it.
    configured: Vec<KeyId>,
}

impl Signed {
    fn admit(&self, trust: &Trust) -> Result<Trust, TrustError> {
        trust.admit(&self.manifest, self.sha256, &self.key, &self.configured)
    }
}

fn fetch(config: &Config, client: &Client, watch: &dyn Watch) -> Result<Signed, ResolveError> {
    let url = &config.manifest.url;
    keys(&config.manifest.keys)?;
    let bytes = client.fetch_small(url, MANIFEST_LIMIT, watch)?;
    let signature = client.fetch_small(&format!("{url}.minisig"), SIGNATURE_LIMIT, watch).map_err(|error| {
        if error.problem.is_missing() {
            ResolveError::Unsigned { url: http::without_secrets(url), source: error }
        } else {
            error.into()
        }
    })?;
    verified(config, &bytes, &signature)
}

fn verified(config: &Config, bytes: &[u8], signature: &[u8]) -> Result<Signed, ResolveError> {
    let keys = keys(&config.manifest.keys)?;
    let shown = http::without_secrets(&config.manifest.url);
    let untrusted = |source| ResolveError::Signature { url: shown.clone(), source };
    let key = signature::verify(bytes, &String::from_utf8_lossy(signature), &keys).map_err(untrusted)?;
    let text = std::str::from_utf8(bytes).map_err(|_| ResolveError::Text(shown.clone()))?;
    let manifest = Manifest::parse(text).map_err(|source| ResolveError::Wire { url: shown.clone(), source })?;
    if manifest.product != config.product {
        return Err(ResolveError::Product { found: manifest.product, expected: config.product.clone() });
    }
    let configured = keys.iter().map(PublicKey::id).collect();
    Ok(Signed { manifest, sha256: Sha256::of(bytes), key, configured })
}

/// Records what is trusted now, and what is said of the releases on disk, where that is news and this user may.
fn note(admitted: &Trust, manifest: &Manifest, trust: &Trust, config: &Config) -> Result<(), ResolveError> {
    let layout = &config.layout;
    if room::space(&layout.state)?.writable {
        let admitted = Trust { said_since: releases::said_since(layout, manifest)?, ..admitted.clone() };
        if admitted != *trust {
            fs::create_dir_all(&layout.state, 0o755)?;
            record::write(&layout.trust(), &admitted, 0o600)?;
        }
    }
    Ok(())
}

/// A release and the artifact of it that is for this machine.
pub fn incoming(release: &Release, config: &Config) -> Result<Incoming, ResolveError> {
    let host = Host { arch: host::arch().to_owned(), gnu_loader: host::has_gnu_loader()? };
    let Some(artifact) = choose(release, &host) else {
        let targets: Vec<&str> = release.artifacts.iter().map(|artifact| artifact.target.as_str()).collect();
        return Err(ResolveError::NoArtifact {
            version: release.version.clone(),
            arch: host.arch,
            targets: targets.join(", "),
        });
    };
    Ok(Incoming {
        url: http::without_secrets(&http::join(&config.manifest.url, &artifact.url)?),
        size: artifact.size,
        sha256: artifact.sha256,
        release: release.clone(),
    })
}

/// The version of this installer.
pub fn installer() -> Result<Version, crate::version::VersionError> {
    env!("CARGO_PKG_VERSION").parse()
}

/// When this installer was built.
pub fn built() -> Timestamp {
    let seconds = env!("GANTRY_INSTALLER_BUILT").parse().unwrap_or(0);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The keys as they are configured.
pub fn keys(texts: &[String]) -> Result<Vec<PublicKey>, ResolveError> {
    let key = |text: &String| text.parse().map_err(|source| ResolveError::Key { text: text.clone(), source });
    texts.iter().map(key).collect()
}
