//! Sound: SQLite takes every statement.

use super::account::Account;
use super::{Finding, rule};

/// Ups that do not run. Downs that do not run are not reversible.
pub(super) fn judge(accounts: &[Account]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for told in accounts.iter().filter_map(|account| account.up.as_ref()) {
        let Some(failure) = &told.failure else { continue };
        let finding = rule::FAILS.found(&told.file, failure.message.clone());
        findings.push(Finding { line: failure.line, statement: failure.text.clone(), ..finding });
    }
    findings
}
