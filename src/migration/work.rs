//! One migration that is to be run in one direction.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Direction, Half, Migration, MigrationError, Set};
use crate::version::SchemaVersion;

/// A migration of a set, and which way it is to be run. It shares the set's content, so that nothing is held twice.
#[derive(Clone, Debug)]
pub struct Work {
    set: Set,
    migration: Arc<Migration>,
    before: Option<Arc<Migration>>,
    direction: Direction,
}

impl Work {
    /// `before` is what comes before the migration in the set.
    pub(super) fn new(
        set: &Set,
        before: Option<&Arc<Migration>>,
        migration: &Arc<Migration>,
        direction: Direction,
    ) -> Self {
        Self { set: set.clone(), migration: Arc::clone(migration), before: before.cloned(), direction }
    }

    /// The set that it is of.
    pub fn set(&self) -> &Set {
        &self.set
    }

    /// The migration.
    pub fn migration(&self) -> &Migration {
        &self.migration
    }

    /// The migration's version.
    pub fn version(&self) -> &SchemaVersion {
        &self.migration.version
    }

    /// Which way.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What is run; nothing where its engine would run nothing either and only write the ledger.
    pub fn half(&self) -> Option<&Half> {
        match self.direction {
            Direction::Up => self.migration.up.as_ref(),
            Direction::Down => self.migration.down.as_ref(),
        }
    }

    /// The schema before it, where nothing of the set is left out; none before the first migration.
    pub fn starts_from(&self) -> Option<&SchemaVersion> {
        match self.direction {
            Direction::Up => self.lower(),
            Direction::Down => Some(&self.migration.version),
        }
    }

    /// The schema after it; none before the first migration.
    pub fn lands_on(&self) -> Option<&SchemaVersion> {
        match self.direction {
            Direction::Up => Some(&self.migration.version),
            Direction::Down => self.lower(),
        }
    }

    fn lower(&self) -> Option<&SchemaVersion> {
        self.before.as_ref().map(|before| &before.version)
    }

    /// What an error calls it: its file, or its version where it has none.
    pub fn label(&self) -> String {
        self.half().map_or_else(|| format!("migration {}", self.version()), |half| half.file().to_owned())
    }
}

/// The tables, in ASCII lower case, whose rows these delete or replace by name, as their authors meant.
///
/// # Errors
/// A file that cannot be read any more.
pub fn deleted_from(works: &[Work]) -> Result<BTreeSet<String>, MigrationError> {
    let mut tables = BTreeSet::new();
    for half in works.iter().filter_map(Work::half) {
        tables.append(&mut half.script()?.deletes_from());
    }
    Ok(tables)
}

impl PartialEq for Work {
    fn eq(&self, other: &Self) -> bool {
        (self.direction, &self.migration) == (other.direction, &other.migration) && self.lower() == other.lower()
    }
}

impl Eq for Work {}
