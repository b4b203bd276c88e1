//! Reversible: every up has a down, and the down restores the schema exactly.

use super::account::{Account, Told};
use super::{Directory, Finding, rule};
use crate::migration::{Half, Migration};

/// Judges each migration that was tried; one that follows a failure was not.
pub(super) fn judge(directory: &Directory<'_>, accounts: &[Account]) -> Vec<Finding> {
    if !directory.format.goes_back() {
        let what = format!("{} has no down migrations", directory.format);
        return vec![rule::ONE_WAY.found("atlas.sum", what)];
    }
    directory.set.migrations().iter().zip(accounts).flat_map(|(migration, account)| one(migration, account)).collect()
}

fn one(migration: &Migration, account: &Account) -> Vec<Finding> {
    let works = |half: &Half| half.statements() > 0;
    match (&migration.up, &migration.down) {
        (Some(up), None) => vec![rule::NO_DOWN.found(up.file(), "there is no way down")],
        (None, Some(down)) => vec![rule::NO_UP.found(down.file(), "there is no way up")],
        (Some(up), Some(down)) if works(up) && !works(down) => {
            let what = if up.file() == down.file() { "the way down is empty" } else { "it is empty" };
            vec![rule::EMPTY_DOWN.found(down.file(), what)]
        }
        _ => account.down.as_ref().map(|down| tried(down, &account.remains)).unwrap_or_default(),
    }
}

fn tried(down: &Told, remains: &[String]) -> Vec<Finding> {
    if let Some(failure) = &down.failure {
        let what = format!("the way down fails: {}", failure.message);
        let finding = rule::DOWN_FAILS.found(&down.file, what);
        return vec![Finding { line: failure.line, statement: failure.text.clone(), ..finding }];
    }
    if remains.is_empty() {
        return Vec::new();
    }
    vec![rule::LEAVES.found(&down.file, format!("after going up and down {}", remains.join("; ")))]
}
