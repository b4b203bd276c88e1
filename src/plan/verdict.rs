//! The verdict: may this release run on this data?

use std::fmt;

use crate::migration::{Drift, DriftKind, Severity};
use crate::version::SchemaVersion;

/// Whether a release may run on a database; the first that holds, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It could not be told, which is never a pass.
    Unknown {
        /// Why.
        reason: String,
    },
    /// A run is under way, and this is not the start that it makes.
    InFlight {
        /// Which one.
        run: String,
    },
    /// The ledger says that a migration was broken off.
    Dirty {
        /// What the ledger names.
        schema: Option<SchemaVersion>,
    },
    /// The schema is newer than the release knows.
    Ahead {
        /// The schema of the database.
        schema: Option<SchemaVersion>,
        /// All that the release reads.
        reads: Vec<SchemaVersion>,
        /// The major that the database is of, where it is not the release's: then the schemas' numbers say nothing.
        major: Option<u64>,
    },
    /// The schema is older than the release needs.
    Behind {
        /// The schema of the database.
        schema: Option<SchemaVersion>,
        /// All that the release reads.
        reads: Vec<SchemaVersion>,
        /// The major that the database is of, where it is not the release's: then the schemas' numbers say nothing.
        major: Option<u64>,
    },
    /// The schema is not what its version says.
    Drifted {
        /// What differs.
        objects: Vec<Drift>,
    },
    /// It may run.
    Ready {
        /// The schema of the database.
        schema: Option<SchemaVersion>,
        /// Additions that do no harm.
        drift: Vec<Drift>,
    },
}

impl Verdict {
    /// Whether the release may run.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }

    /// The word in `--json`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown",
            Self::InFlight { .. } => "in-flight",
            Self::Dirty { .. } => "dirty",
            Self::Ahead { .. } => "ahead",
            Self::Behind { .. } => "behind",
            Self::Drifted { .. } => "drifted",
            Self::Ready { .. } => "ready",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { reason } => write!(f, "unknown: {reason}"),
            Self::InFlight { run } => write!(f, "run {run} is under way and does not expect this start"),
            Self::Dirty { schema } => {
                write!(f, "the ledger is dirty at {}: a migration was broken off", words(schema.as_ref()))
            }
            Self::Ahead { schema, reads, major } => write!(
                f,
                "the database is at schema {}{}, newer than this release reads ({})",
                words(schema.as_ref()),
                of_major(*major),
                list(reads)
            ),
            Self::Behind { schema, reads, major } => write!(
                f,
                "the database is at schema {}{}, older than this release reads ({})",
                words(schema.as_ref()),
                of_major(*major),
                list(reads)
            ),
            Self::Drifted { objects } => write!(f, "the schema is not what its version says: {}", drift_words(objects)),
            Self::Ready { schema, drift } if drift.is_empty() => {
                write!(f, "ready on schema {}", words(schema.as_ref()))
            }
            Self::Ready { schema, drift } => {
                write!(f, "ready on schema {}, with additions: {}", words(schema.as_ref()), drift_words(drift))
            }
        }
    }
}

/// What a database says of itself, as far as the gate needs it.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// What the ledger names; none where it has no row.
    pub schema: Option<&'a SchemaVersion>,
    /// Whether the ledger is dirty.
    pub dirty: bool,
    /// How the schema differs from its version; none where that could not be compared.
    pub drift: Option<&'a [Drift]>,
}

/// Compares a release with a database. `order` lists the schema versions, oldest first.
pub fn compare(
    schema: &SchemaVersion,
    reads: &[SchemaVersion],
    order: &[SchemaVersion],
    standing: &Standing<'_>,
) -> Verdict {
    let found = standing.schema.cloned();
    if standing.dirty {
        return Verdict::Dirty { schema: found };
    }
    let position = |wanted: &SchemaVersion| order.iter().position(|known| known == wanted);
    let Some(at) = standing.schema else {
        return Verdict::Behind { schema: None, reads: reads.to_vec(), major: None };
    };
    if !reads.contains(at) {
        return match (position(at), position(schema)) {
            (Some(at), Some(own)) if at > own => Verdict::Ahead { schema: found, reads: reads.to_vec(), major: None },
            (Some(at), Some(own)) if at < own => Verdict::Behind { schema: found, reads: reads.to_vec(), major: None },
            _ => Verdict::Unknown { reason: format!("schema {at} is in no list of migrations that is known here") },
        };
    }
    match standing.drift {
        None => Verdict::Unknown { reason: format!("nothing is known of how schema {at} must look") },
        Some(drift) if drift.iter().all(is_tolerated) => Verdict::Ready { schema: found, drift: drift.to_vec() },
        Some(drift) => Verdict::Drifted { objects: drift.to_vec() },
    }
}

fn of_major(major: Option<u64>) -> String {
    major.map_or_else(String::new, |major| format!(" of a {major}.x"))
}

/// A schema in words.
pub fn words(schema: Option<&SchemaVersion>) -> String {
    schema.map_or_else(|| "none".to_owned(), SchemaVersion::to_string)
}

fn list(schemas: &[SchemaVersion]) -> String {
    schemas.iter().map(SchemaVersion::to_string).collect::<Vec<_>>().join(", ")
}

/// Differences in words.
pub fn drift_words(drift: &[Drift]) -> String {
    let word = |kind| match kind {
        DriftKind::Missing => "missing",
        DriftKind::Changed => "changed",
        DriftKind::Extra => "extra",
        DriftKind::Unapplied => "left out",
    };
    drift.iter().map(|one| format!("{} {}", one.object, word(one.kind))).collect::<Vec<_>>().join(", ")
}

pub(super) fn is_tolerated(drift: &Drift) -> bool {
    drift.severity == Severity::Tolerated
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schemas(numbers: &[i64]) -> Vec<SchemaVersion> {
        numbers.iter().copied().map(SchemaVersion::Number).collect()
    }

    fn verdict(at: Option<i64>, dirty: bool, drift: Option<&[Drift]>) -> &'static str {
        let at = at.map(SchemaVersion::Number);
        let standing = Standing { schema: at.as_ref(), dirty, drift };
        compare(&SchemaVersion::Number(4), &schemas(&[4, 6]), &schemas(&[1, 2, 3, 4, 5, 6, 7]), &standing).word()
    }

    #[test]
    fn a_release_runs_exactly_on_the_schemas_that_it_reads() {
        assert_eq!(verdict(Some(4), false, Some(&[])), "ready");
        assert_eq!(verdict(Some(6), false, Some(&[])), "ready");
        assert_eq!(verdict(Some(5), false, Some(&[])), "ahead");
        assert_eq!(verdict(Some(3), false, Some(&[])), "behind");
        assert_eq!(verdict(None, false, Some(&[])), "behind");
        assert_eq!(verdict(Some(99), false, Some(&[])), "unknown");
    }

    #[test]
    fn what_could_not_be_compared_is_no_pass() {
        assert_eq!(verdict(Some(4), false, None), "unknown");
    }

    #[test]
    fn dirty_comes_before_all_that_the_schema_says() {
        assert_eq!(verdict(Some(99), true, None), "dirty");
    }

    #[test]
    fn only_harmless_additions_are_tolerated() {
        let drift = |severity| [Drift { object: "index mine".into(), kind: DriftKind::Extra, severity }];
        assert_eq!(verdict(Some(4), false, Some(&drift(Severity::Tolerated))), "ready");
        assert_eq!(verdict(Some(4), false, Some(&drift(Severity::Fatal))), "drifted");
    }

    fn any_drift() -> impl Strategy<Value = Option<Vec<Drift>>> {
        let one = prop_oneof![Just(Severity::Tolerated), Just(Severity::Fatal)].prop_map(|severity| Drift {
            object: "index mine".into(),
            kind: DriftKind::Extra,
            severity,
        });
        proptest::option::of(proptest::collection::vec(one, 0..3))
    }

    proptest! {
        #[test]
        fn a_release_is_ready_exactly_on_a_clean_and_known_schema_that_it_reads(
            at in proptest::option::of(0..8i64),
            own in 0..8i64,
            reads in proptest::collection::vec(0..8i64, 0..5),
            order in proptest::collection::btree_set(0..8i64, 0..8),
            dirty in any::<bool>(),
            drift in any_drift(),
        ) {
            let (schema, own, reads) = (at.map(SchemaVersion::Number), SchemaVersion::Number(own), schemas(&reads));
            let order: Vec<SchemaVersion> = order.into_iter().map(SchemaVersion::Number).collect();
            let standing = Standing { schema: schema.as_ref(), dirty, drift: drift.as_deref() };
            let verdict = compare(&own, &reads, &order, &standing);
            let fits = schema.as_ref().is_some_and(|schema| reads.contains(schema));
            let sound = drift.is_some_and(|drift| drift.iter().all(is_tolerated));
            prop_assert_eq!(verdict.is_ready(), fits && sound && !dirty, "{:?}", verdict);
            prop_assert_eq!(verdict.word() == "dirty", dirty);
            if let Verdict::Ahead { .. } | Verdict::Behind { .. } = verdict {
                prop_assert!(!fits);
            }
        }
    }
}
