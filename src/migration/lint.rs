//! Whether migrations can be trusted: what they did on an empty database, judged by policies.
//!
//! What a statement did is told by SQLite itself ([`account`]); nothing here reads SQL but for the words of a statement.
//! Each policy is one file, and every rule one line of [`rule`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::config::{Format, Wrap};
use crate::migration::{Half, MigrationError, Set};

pub mod account;
mod additive;
mod allow;
mod atomic;
mod immutable;
mod known;
pub mod lock;
pub mod reads;
mod reversible;
pub mod rule;
mod sequential;
mod sound;

use account::Account;
pub use immutable::unlocked;
use lock::Lock;
use rule::Rule;

/// What migrations must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// A program that runs on the schema before a migration runs on the one after it.
    Additive,
    /// Every migration can be taken back, and leaves nothing behind.
    Reversible,
    /// Versions without gaps, and names that are read.
    Sequential,
    /// What was applied or released never changes.
    Immutable,
    /// One logical change a migration, in one transaction.
    Atomic,
    /// SQLite takes every statement. It is always looked at, and nothing suppresses it.
    Sound,
    /// What suppresses findings does so for a reason. It is always looked at, and nothing suppresses it.
    Suppression,
}

impl Policy {
    /// Those that can be chosen and suppressed.
    pub const CHOICE: [Self; 5] = [Self::Additive, Self::Reversible, Self::Sequential, Self::Immutable, Self::Atomic];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Additive => "additive",
            Self::Reversible => "reversible",
            Self::Sequential => "sequential",
            Self::Immutable => "immutable",
            Self::Atomic => "atomic",
            Self::Sound => "sound",
            Self::Suppression => "suppression",
        }
    }

    /// The policy of that name, if it can be chosen.
    pub fn named(name: &str) -> Option<Self> {
        Self::CHOICE.into_iter().find(|policy| policy.name() == name)
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Note,
    /// It may go wrong.
    Warning,
    /// It will go wrong.
    Error,
}

impl Level {
    /// All, the least grave first.
    pub const ALL: [Self; 3] = [Self::Note, Self::Warning, Self::Error];

    /// The level of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that a policy does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The policy.
    pub policy: Policy,
    /// How grave it is.
    pub level: Level,
    /// The file's name in its directory.
    pub file: String,
    /// The line that the statement begins on, counted from 1; none where the whole file is meant.
    pub line: Option<usize>,
    /// The statement, as written.
    pub statement: Option<String>,
    /// What is done, and why that is not well.
    pub message: String,
    /// How to write it instead.
    pub instead: String,
    /// The reason that its file gives for it all the same.
    pub suppressed: Option<String>,
}

/// A directory of migrations, read.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a> {
    /// Its migrations.
    pub set: &'a Set,
    /// All its files, by name.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    /// Whose files they are.
    pub format: Format,
    /// Whether their engine runs each in a transaction.
    pub wrap: Wrap,
}

/// Everything that `policies`, and those that are always looked at, have to say; `accounts` are of the migrations in
/// their order. Sorted by migration, then by line.
///
/// # Errors
/// A file that cannot be read any more.
pub fn judge(
    directory: &Directory<'_>,
    accounts: &[Account],
    lock: &Lock,
    policies: &BTreeSet<Policy>,
) -> Result<Vec<Finding>, MigrationError> {
    let mut findings = sound::judge(accounts);
    for policy in policies {
        findings.extend(match policy {
            Policy::Additive => additive::judge(accounts),
            Policy::Reversible => reversible::judge(directory, accounts),
            Policy::Sequential => sequential::judge(directory, lock),
            Policy::Immutable => immutable::judge(directory, lock),
            Policy::Atomic => atomic::judge(directory, accounts)?,
            Policy::Sound | Policy::Suppression => Vec::new(),
        });
    }
    allow::apply(directory, policies, &mut findings)?;
    let order: BTreeMap<&str, usize> = taken(directory.set).zip(0..).collect();
    let place = |finding: &Finding| (order.get(&*finding.file).copied(), finding.file.clone(), finding.line);
    findings.sort_by_cached_key(place);
    findings.dedup();
    Ok(findings)
}

/// The finding for files that make no set of migrations, of which nothing else can be said.
pub fn unreadable(error: &MigrationError) -> Finding {
    let message = error.to_string();
    match error {
        MigrationError::Duplicate { second, .. } => rule::DUPLICATE.found(second, message),
        MigrationError::VersionTooLarge { file } => rule::TOO_LARGE.found(file, message),
        MigrationError::NotText { file } => rule::NOT_TEXT.found(file, message),
        MigrationError::Unread { file, .. } | MigrationError::Changed { file } => rule::SYNTAX.found(file, message),
        MigrationError::Syntax { file, line, problem } => {
            Finding { line: Some(*line), ..rule::SYNTAX.found(file, problem.clone()) }
        }
        MigrationError::Foreign { file, .. } | MigrationError::Go { file } => rule::SYNTAX.found(file, message),
        MigrationError::Template { file, line, .. } => {
            Finding { line: Some(*line), ..rule::SYNTAX.found(file, message) }
        }
        MigrationError::Sum { .. } => rule::SYNTAX.found("atlas.sum", message),
        MigrationError::Unknown(_)
        | MigrationError::NoFiles
        | MigrationError::WrongWay { .. }
        | MigrationError::NoWayBack { .. } => rule::SYNTAX.found("", message),
    }
}

/// The names of the files that are migrations, in the order in which they run.
fn taken(set: &Set) -> impl Iterator<Item = &str> {
    let halves = set.migrations().iter().flat_map(|migration| migration.up.iter().chain(&migration.down));
    let mut seen = BTreeSet::new();
    halves.map(Half::file).filter(move |file| seen.insert(*file))
}

impl Rule {
    /// The finding about a whole file.
    fn found(&self, file: &str, what: impl Into<String>) -> Finding {
        let what = what.into();
        Finding {
            policy: self.policy,
            level: self.level,
            file: file.to_owned(),
            line: None,
            statement: None,
            message: if self.why.is_empty() { what } else { format!("{what}: {}", self.why) },
            instead: self.instead.to_owned(),
            suppressed: None,
        }
    }

    /// The finding about a statement.
    fn found_at(&self, file: &str, line: usize, statement: &str, what: impl Into<String>) -> Finding {
        Finding { line: Some(line), statement: Some(statement.to_owned()), ..self.found(file, what) }
    }
}

#[cfg(test)]
mod tests;
