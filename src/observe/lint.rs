//! Looks at a directory of migrations and tells whether they can be trusted.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::config::{ForeignKeys, Format, Wrap};
use crate::db::Stop;
use crate::db::lint::tell;
use crate::db::migrate::MigrateError;
use crate::digest::Sha256;
use crate::migration::lint::account::Account;
use crate::migration::lint::lock::{self, Lock};
use crate::migration::lint::reads::obstacles;
use crate::migration::lint::{Directory, Finding, Policy, judge, unlocked, unreadable};
use crate::migration::{Ledger, MigrationError, Set};
use crate::version::SchemaVersion;

/// What is looked at, and how its product uses it.
pub struct Subject<'a> {
    /// All files of the directory, by name.
    pub files: &'a BTreeMap<String, Vec<u8>>,
    /// Whose files they are.
    pub format: Format,
    /// The engine's ledger.
    pub ledger: &'a Ledger,
    /// Whether its engine runs each in a transaction.
    pub wrap: Wrap,
    /// The product's own setting.
    pub foreign_keys: ForeignKeys,
}

impl<'a> Subject<'a> {
    /// As most products have it: the engine runs each file in a transaction, foreign keys are not enforced.
    pub fn plain(files: &'a BTreeMap<String, Vec<u8>>, format: Format, ledger: &'a Ledger) -> Self {
        Self { files, format, ledger, wrap: Wrap::Transaction, foreign_keys: ForeignKeys::Ignored }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many migrations there are.
    pub migrations: usize,
    /// By migration, then by line; suppressed ones too.
    pub findings: Vec<Finding>,
    /// The files that are not locked yet, with their digests.
    pub unlocked: Vec<(String, Sha256)>,
    /// What is locked.
    pub lock: Lock,
}

/// Why nothing could be found.
#[derive(Debug, Error)]
pub enum LintError {
    /// The lock file cannot be read.
    #[error("`{}` is not text in UTF-8", lock::FILE)]
    Lock,
    /// SQLite itself failed.
    #[error("cannot try the migrations on an empty database")]
    Try(#[from] MigrateError),
}

/// Judges a directory by `policies`, and by what is always looked at. Nothing is changed.
///
/// # Errors
/// It could not be judged. Migrations that fail, or that are none, are findings.
pub fn lint(subject: &Subject<'_>, policies: &BTreeSet<Policy>, stop: &Stop) -> Result<Report, LintError> {
    let text = subject.files.get(lock::FILE).map(|bytes| std::str::from_utf8(bytes).map_err(|_| LintError::Lock));
    let lock = Lock::read(text.transpose()?);
    match judged(subject, policies, stop, &lock) {
        Ok((migrations, findings, unlocked)) => Ok(Report { migrations, findings, unlocked, lock }),
        Err(TryError::Unreadable(error)) => {
            Ok(Report { migrations: 0, findings: vec![unreadable(&error)], unlocked: Vec::new(), lock })
        }
        Err(TryError::Scratch(error)) => Err(LintError::Try(error)),
    }
}

type Judged = (usize, Vec<Finding>, Vec<(String, Sha256)>);

fn judged(subject: &Subject<'_>, policies: &BTreeSet<Policy>, stop: &Stop, lock: &Lock) -> Result<Judged, TryError> {
    let tried = Tried::on_an_empty_database(subject, stop)?;
    let directory = tried.directory(subject);
    let unlocked = unlocked(&directory, lock).into_iter().map(|(file, digest)| (file.to_owned(), digest)).collect();
    Ok((tried.set.migrations().len(), judge(&directory, &tried.accounts, lock, policies)?, unlocked))
}

/// Migrations, and what they did.
#[derive(Clone, Debug)]
pub struct Tried {
    set: Set,
    accounts: Vec<Account>,
}

/// Why migrations could not be tried.
#[derive(Debug, Error)]
pub enum TryError {
    /// They are none.
    #[error(transparent)]
    Unreadable(#[from] MigrationError),
    /// SQLite itself failed.
    #[error(transparent)]
    Scratch(#[from] MigrateError),
}

impl Tried {
    /// Runs all migrations of a directory.
    ///
    /// # Errors
    /// Files that are no migrations. Migrations that fail are part of what was found.
    pub fn on_an_empty_database(subject: &Subject<'_>, stop: &Stop) -> Result<Self, TryError> {
        let files = subject.files.iter().map(|(name, bytes)| (name.clone(), bytes.clone()));
        let set = Set::read(subject.format, files)?;
        let ledger = subject.ledger.clone().wrapping(subject.wrap);
        let accounts = tell(&set, &ledger, subject.foreign_keys, stop)?;
        Ok(Self { set, accounts })
    }

    /// The migrations.
    pub fn set(&self) -> &Set {
        &self.set
    }

    /// What stands against a release at schema `own` that says it reads the later schema `read`.
    pub fn obstacles(&self, subject: &Subject<'_>, own: &SchemaVersion, read: &SchemaVersion) -> Vec<Finding> {
        let found = obstacles(&self.directory(subject), &self.accounts, own, read);
        found.unwrap_or_else(|error| vec![unreadable(&error)])
    }

    fn directory<'t>(&'t self, subject: &Subject<'t>) -> Directory<'t> {
        Directory { set: &self.set, files: subject.files, format: subject.format, wrap: subject.wrap }
    }
}

#[cfg(test)]
mod tests;
