//! Whether a release may claim to run on a later schema than its own.

use super::account::Account;
use super::additive::Older;
use super::known::Known;
use super::{Directory, Finding, Level, allow, sound};
use crate::migration::MigrationError;
use crate::version::SchemaVersion;

/// What stands against a release at schema `own` that says it reads the later schema `read`: the findings of `additive`
/// on the way from one to the other that no reason in a file suppresses. Nothing where the way is not up, or one of the
/// two is none of these migrations.
///
/// # Errors
/// A file that cannot be read any more.
pub fn obstacles(
    directory: &Directory<'_>,
    accounts: &[Account],
    own: &SchemaVersion,
    read: &SchemaVersion,
) -> Result<Vec<Finding>, MigrationError> {
    let (Some(own), Some(read)) = (directory.set.position(own), directory.set.position(read)) else {
        return Ok(Vec::new());
    };
    let mut known = Known::default();
    let before = accounts.iter().take(own + 1).filter_map(|account| account.up.as_ref());
    before.flat_map(|told| told.deeds()).for_each(|deed| known.learn(deed));
    let mut older = Older::knowing(&known);
    let way = accounts.iter().take(read + 1).skip(own + 1).filter_map(|account| account.up.as_ref());
    let mut findings: Vec<_> = way.flat_map(|told| older.lives_through(told)).collect();
    findings.retain(|finding| finding.level >= Level::Warning);
    allow::suppress(directory, &mut findings)?;
    findings.retain(|finding| finding.suppressed.is_none());
    // Where a migration fails, nothing can be said of what comes after it.
    if accounts.len() <= read {
        findings.extend(sound::judge(accounts));
    }
    Ok(findings)
}
