//! Versions of binaries, ranges of them, what an operator may type for one, and schema versions.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version of a release, by the rules of Semantic Versioning 2.0.0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(semver::Version);

/// Text that is not a version.
#[derive(Debug, Error)]
#[error("`{text}` is not a version like 1.5.0")]
pub struct VersionError {
    text: String,
    source: semver::Error,
}

impl Version {
    /// The first number: releases that share it migrate in place.
    pub fn major(&self) -> u64 {
        self.0.major
    }

    /// Whether it carries a pre-release tag, such as `2.0.0-rc.1`.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    /// Whether it is a pre-release of `release`, such as `2.0.0-rc.1` of `2.0.0`.
    pub fn is_prerelease_of(&self, release: &Self) -> bool {
        let numbers = |version: &Self| (version.0.major, version.0.minor, version.0.patch);
        self.is_prerelease() && !release.is_prerelease() && numbers(self) == numbers(release)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        semver::Version::parse(text).map(Self).map_err(|source| VersionError { text: text.to_owned(), source })
    }
}

/// A set of versions such as `>=1.3.0`, written as Cargo writes requirements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionRange(semver::VersionReq);

impl VersionRange {
    /// Whether `version` is one of the set; a pre-release only where the range names one of its own release.
    pub fn contains(&self, version: &Version) -> bool {
        self.0.matches(&version.0)
    }

    /// Which part of `sorted` is in the set, without a look at every one. `sorted` ascends and has no pre-releases: among
    /// the others every range is one interval.
    pub fn span(&self, sorted: &[&Version]) -> Range<usize> {
        let mut span = 0..sorted.len();
        for comparator in &self.0.comparators {
            let one = semver::VersionReq { comparators: vec![comparator.clone()] };
            let inside = |version: &&Version| one.matches(&version.0);
            let part = match comparator.op {
                semver::Op::Greater | semver::Op::GreaterEq => {
                    sorted.partition_point(|version| !inside(version))..sorted.len()
                }
                semver::Op::Less | semver::Op::LessEq => 0..sorted.partition_point(inside),
                // `=`, `~`, `^` and `1.*` begin at the version that they name.
                _ => {
                    let first = named(comparator);
                    let start = sorted.partition_point(|version| version.0 < first);
                    let rest = sorted.get(start..).unwrap_or_default();
                    start..start + rest.partition_point(inside)
                }
            };
            span = span.start.max(part.start)..span.end.min(part.end);
        }
        span.start..span.end.max(span.start)
    }

    /// The releases whose pre-releases may be in the set: no others are, see [`Self::contains`].
    pub fn prereleases_of(&self) -> impl Iterator<Item = Version> {
        let with_tag = self.0.comparators.iter().filter(|comparator| !comparator.pre.is_empty());
        with_tag.map(|comparator| Version(named(comparator)))
    }
}

fn named(comparator: &semver::Comparator) -> semver::Version {
    semver::Version::new(comparator.major, comparator.minor.unwrap_or(0), comparator.patch.unwrap_or(0))
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for VersionRange {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        semver::VersionReq::parse(text).map(Self).map_err(|source| VersionError { text: text.to_owned(), source })
    }
}

/// What an operator types for a release: one version, or the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// `1.5.0`: this very release.
    Exact(Version),
    /// `1` or `1.5`: the newest of it that is offered, never a pre-release.
    Newest {
        /// The first number.
        major: u64,
        /// The second number, if it was typed.
        minor: Option<u64>,
    },
}

impl Target {
    /// Whether `version` is one that the target may stand for.
    pub fn admits(&self, version: &Version) -> bool {
        match self {
            Self::Exact(exact) => exact == version,
            Self::Newest { .. } => self.covers(version) && !version.is_prerelease(),
        }
    }

    /// Whether `version` begins as the target does, pre-releases among them.
    pub fn covers(&self, version: &Version) -> bool {
        match self {
            Self::Exact(exact) => exact == version,
            Self::Newest { major, minor } => {
                version.0.major == *major && minor.is_none_or(|minor| version.0.minor == minor)
            }
        }
    }

    /// The first number.
    pub fn major(&self) -> u64 {
        match self {
            Self::Exact(exact) => exact.major(),
            Self::Newest { major, .. } => *major,
        }
    }

    /// Whether `version` is below everything that the target covers.
    pub fn is_above(&self, version: &Version) -> bool {
        match self {
            Self::Exact(exact) => version < exact,
            Self::Newest { major, minor: None } => version.0.major < *major,
            Self::Newest { major, minor: Some(minor) } => (version.0.major, version.0.minor) < (*major, *minor),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(version) => version.fmt(f),
            Self::Newest { major, minor: None } => write!(f, "{major}"),
            Self::Newest { major, minor: Some(minor) } => write!(f, "{major}.{minor}"),
        }
    }
}

impl FromStr for Target {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let numbers: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
        match numbers.as_deref() {
            Ok([major]) => Ok(Self::Newest { major: *major, minor: None }),
            Ok([major, minor]) => Ok(Self::Newest { major: *major, minor: Some(*minor) }),
            _ => text.parse().map(Self::Exact),
        }
    }
}

/// The version of a database's schema, as its ledger writes it: a number for golang-migrate and goose, else text.
///
/// It has no order of its own: which schema is newer is the position in a list of migrations.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SchemaVersion {
    /// The version of a migration that is numbered.
    Number(i64),
    /// The version of a migration that is named.
    Text(String),
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn a_partial_target_admits_every_release_below_it_but_no_prerelease() {
        let target: Target = "1.5".parse().unwrap();
        assert!(target.admits(&version("1.5.0")) && target.admits(&version("1.5.9")));
        assert!(!target.admits(&version("1.6.0")) && !target.admits(&version("1.5.1-rc.1")));
        assert!("1".parse::<Target>().unwrap().admits(&version("1.9.3")));
    }

    #[test]
    fn an_exact_target_admits_a_prerelease_that_is_named() {
        assert!("2.0.0-rc.1".parse::<Target>().unwrap().admits(&version("2.0.0-rc.1")));
    }

    #[test]
    fn the_span_of_a_range_is_what_it_contains() {
        let all: Vec<Version> = (0..64).map(|n| version(&format!("{}.{}.{}", n / 16, n / 4 % 4, n % 4))).collect();
        let sorted: Vec<&Version> = all.iter().collect();
        let parts =
            ["*", ">=1.2.1", ">1.2", ">1", "<2.1.3", "<=2.1", "<=1", "=1.2", "=1.2.3", "~1.2", "^1.1", "^0.2.1", "1.*"];
        for (left, right) in parts.iter().flat_map(|left| parts.map(|right| (left, right))) {
            let text = if right == "*" || *left == "*" { right.to_owned() } else { format!("{left}, {right}") };
            let range: VersionRange = text.parse().unwrap();
            let inside: Vec<&Version> = sorted.iter().copied().filter(|version| range.contains(version)).collect();
            assert_eq!(sorted[range.span(&sorted)], inside, "{text}");
        }
    }

    #[test]
    fn a_range_says_whose_prereleases_it_may_contain() {
        let range: VersionRange = ">=1.2.3-rc.1, <2.0.0".parse().unwrap();
        assert_eq!(range.prereleases_of().collect::<Vec<_>>(), [version("1.2.3")]);
        assert!(range.contains(&version("1.2.3-rc.2")) && !range.contains(&version("1.3.0-rc.1")));
    }

    #[test]
    fn a_target_that_is_no_version_is_named_in_the_error() {
        for text in ["", "latest", "1.5.x", "1.5.", "-1"] {
            assert!(text.parse::<Target>().unwrap_err().to_string().contains(&format!("`{text}`")));
        }
    }

    const VERSION: &str =
        r"(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})(-rc\.[1-9][0-9]?)?(\+[a-z0-9]{1,5})?";
    const RANGE: &str = r"(>=|>|<|<=|=|~|\^)[1-9][0-9]{0,3}(\.[1-9][0-9]?(\.[1-9][0-9]?(-rc\.[1-9])?)?)?";

    proptest! {
        #[test]
        fn a_version_is_read_as_it_is_written(text in VERSION) {
            let version = version(&text);
            prop_assert_eq!(version.to_string(), text);
            prop_assert!(Target::Exact(version.clone()).admits(&version));
        }

        #[test]
        fn a_range_is_read_as_it_is_written(parts in proptest::collection::vec(RANGE, 1..4)) {
            let range: VersionRange = parts.join(", ").parse().unwrap();
            prop_assert_eq!(range.to_string().parse::<VersionRange>().unwrap(), range);
        }

        #[test]
        fn a_target_is_read_as_it_is_written(text in prop_oneof!["[0-9]{1,9}", "[0-9]{1,9}[.][0-9]{1,9}", VERSION]) {
            let target: Target = text.parse().unwrap();
            prop_assert_eq!(target.to_string().parse::<Target>().unwrap(), target);
        }

        #[test]
        fn what_a_target_admits_it_covers_and_nothing_below_it(target in "[0-3]([.][0-3]([.][0-3])?)?", text in r"[0-3]\.[0-3]\.[0-3](-rc\.1)?") {
            let (target, version): (Target, _) = (target.parse().unwrap(), version(&text));
            prop_assert!(!target.admits(&version) || target.covers(&version));
            prop_assert!(!target.covers(&version) || !target.is_above(&version));
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in any::<String>()) {
            _ = (text.parse::<Version>(), text.parse::<VersionRange>(), text.parse::<Target>());
        }
    }
}
