//! What was believed so far: the newest manifest of each key, and the time before which no clock is believed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Manifest;
use super::signature::KeyId;
use crate::digest::Sha256;
use crate::version::SchemaVersion;

/// Kept in the state directory; only what a verified manifest says goes into it, never the local clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// What is known by each key.
    pub marks: BTreeMap<KeyId, Mark>,
    /// What the newest manifest says of releases that were brought in by an earlier one, by the digest of the artifact that
    /// was unpacked; only where it says something else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub said_since: BTreeMap<Sha256, SaidSince>,
}

/// What a later manifest may change of a published release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidSince {
    /// Every schema that its binary runs on.
    pub reads: Vec<SchemaVersion>,
    /// Why it was withdrawn.
    pub yanked: Option<String>,
}

/// The newest manifest by one key: its number and its bytes, and how far that key moved the time.
///
/// All of it belongs to the key, and goes with it: a stolen one could have set both to the end of all numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The manifest's `sequence`.
    pub sequence: u64,
    /// Of the manifest's bytes.
    pub sha256: Sha256,
    /// The newest `created` of any manifest by this key. A record of an older installer has none: then nothing is known.
    #[serde(default)]
    pub created: Timestamp,
}

/// Why a manifest, or a clock, is not believed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TrustError {
    /// An old manifest is played back.
    #[error("the manifest's sequence is {offered}, and sequence {seen} was seen before: it is an older one")]
    Older {
        /// The sequence of the manifest.
        offered: u64,
        /// The highest that was seen.
        seen: u64,
    },
    /// Two manifests with one number.
    #[error("another manifest with the sequence {0} was seen before: what is changed gets a higher one")]
    Forked(u64),
    /// It is too old to be the newest.
    #[error("the manifest expired at {expires}, and it is {now}")]
    Expired {
        /// When it expired.
        expires: Timestamp,
        /// The time that is believed.
        now: Timestamp,
    },
    /// The machine's clock is wrong for sure.
    #[error("the clock says {clock}, which is before {floor}, when something that is installed or known here was made")]
    ClockBehind {
        /// What the clock says.
        clock: Timestamp,
        /// The time that has certainly passed.
        floor: Timestamp,
    },
}

impl Trust {
    /// What is trusted once `manifest`, whose signature by `key` was verified, was seen. `bytes` is the digest of the whole
    /// file. Refused is a sequence below the highest mark of any key that is still configured, or an equal one with other
    /// bytes. The marks of keys that are configured no more are dropped.
    pub fn admit(
        &self,
        manifest: &Manifest,
        bytes: Sha256,
        key: &KeyId,
        configured: &[KeyId],
    ) -> Result<Self, TrustError> {
        let offered = manifest.sequence;
        let mut marks: BTreeMap<KeyId, Mark> =
            self.marks.iter().filter(|(id, _)| configured.contains(id)).map(|(id, mark)| (id.clone(), *mark)).collect();
        if let Some(seen) = marks.values().map(|mark| mark.sequence).max().filter(|seen| *seen > offered) {
            return Err(TrustError::Older { offered, seen });
        }
        if marks.values().any(|mark| mark.sequence == offered && mark.sha256 != bytes) {
            return Err(TrustError::Forked(offered));
        }
        let created = marks.get(key).map_or(manifest.created, |mark| mark.created.max(manifest.created));
        marks.insert(key.clone(), Mark { sequence: offered, sha256: bytes, created });
        Ok(Self { marks, said_since: self.said_since.clone() })
    }

    /// The time to believe: the clock's, unless it is before something that was certainly made already. `built` is when
    /// this installer was.
    pub fn believe(&self, now: Timestamp, built: Timestamp) -> Result<Timestamp, TrustError> {
        let floor = self.marks.values().map(|mark| mark.created).fold(built, Timestamp::max);
        if now < floor { Err(TrustError::ClockBehind { clock: now, floor }) } else { Ok(now) }
    }
}

/// Refuses a manifest that is not valid any more at `now`, the time that [`Trust::believe`] gave.
pub fn check_expiry(manifest: &Manifest, now: Timestamp) -> Result<(), TrustError> {
    let expires = manifest.expires;
    if now < expires { Ok(()) } else { Err(TrustError::Expired { expires, now }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(sequence: u64, created: &str) -> Manifest {
        let (created, expires) = (created.parse().unwrap(), "2027-06-01T00:00:00Z".parse().unwrap());
        Manifest { product: "gantry".to_owned(), sequence, created, expires, releases: Vec::new() }
    }

    fn ids() -> [KeyId; 2] {
        [KeyId::of(&[1; 8]), KeyId::of(&[2; 8])]
    }

    const MONDAY: &str = "2026-11-02T00:00:00Z";
    const TUESDAY: &str = "2026-11-03T00:00:00Z";

    #[test]
    fn an_older_sequence_is_refused_whichever_configured_key_signs_it() {
        let [first, second] = ids();
        let trust = Trust::default().admit(&manifest(17, MONDAY), Sha256::of(b"a"), &first, &ids()).unwrap();
        let older = trust.admit(&manifest(16, TUESDAY), Sha256::of(b"b"), &second, &ids());
        assert_eq!(older, Err(TrustError::Older { offered: 16, seen: 17 }));
    }

    #[test]
    fn an_equal_sequence_is_accepted_with_the_same_bytes_only() {
        let [first, second] = ids();
        let trust = Trust::default().admit(&manifest(17, MONDAY), Sha256::of(b"a"), &first, &ids()).unwrap();
        assert!(trust.admit(&manifest(17, MONDAY), Sha256::of(b"a"), &second, &ids()).is_ok());
        let forked = trust.admit(&manifest(17, MONDAY), Sha256::of(b"b"), &second, &ids());
        assert_eq!(forked, Err(TrustError::Forked(17)));
    }

    #[test]
    fn removing_a_stolen_key_from_the_configuration_drops_its_mark() {
        let [stolen, kept] = ids();
        let trust = Trust::default().admit(&manifest(u64::MAX, MONDAY), Sha256::of(b"a"), &stolen, &ids()).unwrap();
        assert!(trust.admit(&manifest(18, MONDAY), Sha256::of(b"b"), &kept, &ids()).is_err());
        let after = trust.admit(&manifest(18, MONDAY), Sha256::of(b"b"), &kept, std::slice::from_ref(&kept)).unwrap();
        assert_eq!(after.marks.keys().collect::<Vec<_>>(), [&kept]);
    }

    #[test]
    fn a_clock_before_the_newest_verified_manifest_is_named_as_wrong() {
        // FM-46
        let [key, _] = ids();
        let (built, now): (Timestamp, Timestamp) = ("2026-01-01T00:00:00Z".parse().unwrap(), MONDAY.parse().unwrap());
        let trust = Trust::default().admit(&manifest(1, TUESDAY), Sha256::of(b"a"), &key, &ids()).unwrap();
        assert_eq!(Trust::default().believe(now, built), Ok(now));
        assert_eq!(
            trust.believe(now, built),
            Err(TrustError::ClockBehind { clock: now, floor: TUESDAY.parse().unwrap() })
        );
    }

    #[test]
    fn the_floor_rises_with_a_verified_manifest_and_never_falls() {
        let [key, _] = ids();
        let trust = Trust::default().admit(&manifest(1, TUESDAY), Sha256::of(b"a"), &key, &ids()).unwrap();
        let trust = trust.admit(&manifest(2, MONDAY), Sha256::of(b"b"), &key, &ids()).unwrap();
        let (monday, tuesday) = (MONDAY.parse().unwrap(), TUESDAY.parse().unwrap());
        assert_eq!(trust.believe(monday, monday), Err(TrustError::ClockBehind { clock: monday, floor: tuesday }));
        let clock = TUESDAY.parse().unwrap();
        assert_eq!(trust.believe(clock, MONDAY.parse().unwrap()), Ok(clock));
    }

    #[test]
    fn removing_a_stolen_key_takes_back_how_far_it_moved_the_time() {
        let ([stolen, kept], monday) = (ids(), MONDAY.parse().unwrap());
        let trust = Trust::default().admit(&manifest(1, MONDAY), Sha256::of(b"a"), &kept, &ids()).unwrap();
        let trust = trust.admit(&manifest(2, "9000-01-01T00:00:00Z"), Sha256::of(b"b"), &stolen, &ids()).unwrap();
        assert!(trust.believe(monday, monday).is_err());
        let trust = trust.admit(&manifest(2, MONDAY), Sha256::of(b"c"), &kept, std::slice::from_ref(&kept)).unwrap();
        assert_eq!(trust.believe(monday, monday), Ok(monday));
    }

    #[test]
    fn a_record_of_an_older_installer_is_understood() {
        let sha256 = Sha256::of(b"a");
        let text =
            format!(r#"{{"floor":"{TUESDAY}","marks":{{"0101010101010101":{{"sequence":3,"sha256":"{sha256}"}}}}}}"#);
        let trust: Trust = serde_json::from_str(&text).unwrap();
        let older = trust.admit(&manifest(2, MONDAY), sha256, &ids()[0], &ids());
        assert_eq!(older, Err(TrustError::Older { offered: 2, seen: 3 }));
    }

    #[test]
    fn a_clock_before_the_installer_was_built_is_not_believed_either() {
        let (now, built) = ("1970-01-01T00:01:00Z".parse().unwrap(), MONDAY.parse().unwrap());
        assert_eq!(Trust::default().believe(now, built), Err(TrustError::ClockBehind { clock: now, floor: built }));
    }

    #[test]
    fn a_manifest_is_refused_from_the_moment_it_expires() {
        let manifest = manifest(1, MONDAY);
        let before = "2027-05-31T23:59:59Z".parse().unwrap();
        assert_eq!(check_expiry(&manifest, before), Ok(()));
        let expires = manifest.expires;
        assert_eq!(check_expiry(&manifest, expires), Err(TrustError::Expired { expires, now: expires }));
    }

    #[test]
    fn what_is_trusted_survives_being_written_down() {
        let [key, _] = ids();
        let trust = Trust::default().admit(&manifest(3, MONDAY), Sha256::of(b"a"), &key, &ids()).unwrap();
        let text = serde_json::to_string(&trust).unwrap();
        assert_eq!(serde_json::from_str::<Trust>(&text).unwrap(), trust);
    }
}
