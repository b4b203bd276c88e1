//! What a ledger says, and what that means beside a list of migrations.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::Shape;
use crate::migration::Set;
use crate::migration::fingerprint::{Drift, DriftKind, Severity};
use crate::version::SchemaVersion;

/// What a ledger says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerState {
    /// There is no such table.
    Missing,
    /// It is there, and nothing is applied.
    Empty,
    /// It names the schema that it is at.
    At {
        /// The schema; -1 is golang-migrate's name for none, which it writes only when dirty.
        schema: SchemaVersion,
        /// Whether a migration failed half-way: the schema may be another one.
        dirty: bool,
    },
    /// It lists what is applied.
    Applied {
        /// Each once, in the order in which the ledger's rows count.
        versions: Vec<SchemaVersion>,
        /// The one that was begun and not ended, if any; it is not among `versions`.
        broken: Option<SchemaVersion>,
        /// Whether what comes before the first of them counts as applied too.
        baseline: bool,
    },
}

/// Where a ledger stands in a list of migrations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    /// The greatest that is applied, by the list. One that is applied and in no list, or that was broken off, comes
    /// before: nothing can be said of what follows from it.
    pub schema: Option<SchemaVersion>,
    /// Whether a migration failed half-way.
    pub dirty: bool,
    /// Those of the list that are not applied, though a later one is.
    pub holes: Vec<SchemaVersion>,
}

impl Stand {
    /// What was left out, as differences from what the schema should be.
    pub fn drift(&self) -> impl Iterator<Item = Drift> {
        self.holes.iter().map(|hole| Drift {
            kind: DriftKind::Unapplied,
            object: format!("migration {hole}"),
            severity: Severity::Fatal,
        })
    }
}

impl LedgerState {
    /// Whether a migration failed half-way.
    pub fn is_dirty(&self) -> bool {
        matches!(self, Self::At { dirty: true, .. } | Self::Applied { broken: Some(_), .. })
    }

    /// Where it stands in `order`, the engine's own, oldest first. With an empty one the schema is the greatest that is
    /// applied, as far as the versions themselves tell.
    pub fn stand<'a>(&self, order: impl IntoIterator<Item = &'a SchemaVersion>) -> Stand {
        let dirty = self.is_dirty();
        let (versions, broken, baseline) = match self {
            Self::Missing | Self::Empty | Self::At { schema: SchemaVersion::Number(..0), .. } => {
                return Stand { dirty, ..Stand::default() };
            }
            Self::At { schema, .. } => return Stand { schema: Some(schema.clone()), dirty, holes: Vec::new() },
            Self::Applied { versions, broken, baseline } => (versions, broken, *baseline),
        };
        let mut applied: HashSet<&SchemaVersion> = versions.iter().collect();
        let (mut newest, mut holes, mut missing) = (None, Vec::new(), Vec::new());
        for version in order {
            if applied.remove(version) {
                newest = Some(version);
                holes.append(&mut missing);
            } else if newest.is_some() || !baseline {
                missing.push(version.clone());
            }
        }
        let unknown =
            versions.iter().filter(|version| applied.contains(version)).max_by(|one, other| by_number(one, other));
        let schema = broken.as_ref().or(unknown).or(newest);
        Stand { schema: schema.cloned(), dirty, holes }
    }

    /// What it says where its engine goes on inside the migration of `set` that was broken off: that it is still to be
    /// run. None where nothing was, or the engine goes on from nowhere.
    pub fn resumed(&self, set: &Set) -> Option<Self> {
        let Self::Applied { versions, broken: Some(broken), baseline } = self else { return None };
        let resumes = Shape::of(set.format()).reached.is_some() && set.position(broken).is_some();
        resumes.then(|| Self::Applied { versions: versions.clone(), broken: None, baseline: *baseline })
    }

    /// What a list says once these are applied as well; what names one schema stays as it is.
    pub fn with<'a>(&self, more: impl Iterator<Item = &'a SchemaVersion>) -> Self {
        let mut state = self.clone();
        if let Self::Applied { versions, .. } = &mut state {
            versions.extend(more.cloned());
        }
        state
    }
}

/// Numbers by their size; texts stand in their ledger's order already.
fn by_number(one: &SchemaVersion, other: &SchemaVersion) -> Ordering {
    match (one, other) {
        (SchemaVersion::Number(one), SchemaVersion::Number(other)) => one.cmp(other),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(numbers: &[i64]) -> Vec<SchemaVersion> {
        numbers.iter().copied().map(SchemaVersion::Number).collect()
    }

    fn listed(versions: &[i64]) -> LedgerState {
        LedgerState::Applied { versions: numbers(versions), broken: None, baseline: false }
    }

    fn stand(state: &LedgerState, order: &[i64]) -> (Option<SchemaVersion>, Vec<SchemaVersion>) {
        let stand = state.stand(&numbers(order));
        (stand.schema, stand.holes)
    }

    fn at(number: i64) -> Option<SchemaVersion> {
        Some(SchemaVersion::Number(number))
    }

    #[test]
    fn a_dirty_ledger_without_a_version_names_no_schema() {
        let state = LedgerState::At { schema: SchemaVersion::Number(-1), dirty: true };
        assert_eq!(state.stand(&[]), Stand { schema: None, dirty: true, holes: Vec::new() });
    }

    #[test]
    fn the_schema_is_the_greatest_that_is_applied_in_the_order_of_the_files() {
        assert_eq!(stand(&listed(&[1, 2]), &[1, 2, 3]), (at(2), vec![]));
        // dbmate runs `10_z` before `9_z`.
        assert_eq!(stand(&listed(&[9, 10]), &[10, 9]), (at(9), vec![]));
        assert_eq!(stand(&LedgerState::Empty, &[1]), (None, vec![]));
    }

    #[test]
    fn what_lies_below_the_schema_and_is_not_applied_is_a_hole() {
        assert_eq!(stand(&listed(&[1, 4, 3]), &[1, 2, 3, 4, 5]), (at(4), numbers(&[2])));
    }

    #[test]
    fn what_comes_before_a_baseline_is_no_hole() {
        let state = LedgerState::Applied { versions: numbers(&[3, 5]), broken: None, baseline: true };
        assert_eq!(stand(&state, &[1, 2, 3, 4, 5]), (at(5), numbers(&[4])));
    }

    #[test]
    fn one_that_is_applied_and_in_no_list_is_the_schema() {
        assert_eq!(stand(&listed(&[1, 99, 2, 98]), &[1, 2, 3]), (at(99), vec![]));
        assert_eq!(stand(&listed(&[3, 1, 2]), &[]), (at(3), vec![]));
        let broken = LedgerState::Applied { versions: numbers(&[1]), broken: at(2), baseline: false };
        assert_eq!(broken.stand(&numbers(&[1, 2, 3])), Stand { schema: at(2), dirty: true, holes: vec![] });
    }

    proptest! {
        #[test]
        fn a_schema_and_its_holes_are_exactly_what_is_applied(
            order in proptest::collection::btree_set(0..30i64, 0..20),
            applied in proptest::collection::btree_set(0..30i64, 1..20),
        ) {
            let applied: Vec<i64> = applied.intersection(&order).copied().collect();
            let (schema, holes) = stand(&listed(&applied), &order.iter().copied().collect::<Vec<_>>());
            let below = |number: &i64| at(*number).is_some() && applied.last().is_some_and(|last| number <= last);
            let expected = order.iter().filter(|number| below(number) && !applied.contains(number)).copied();
            prop_assert_eq!(schema, applied.last().copied().and_then(at));
            prop_assert_eq!(holes, expected.map(SchemaVersion::Number).collect::<Vec<_>>());
        }
    }
}
