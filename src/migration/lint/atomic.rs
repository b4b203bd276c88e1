//! Atomic: one logical change a migration, in one transaction.

use std::collections::BTreeSet;

use super::account::{Account, Told};
use super::known::Known;
use super::{Directory, Finding, account::Kind, rule};
use crate::config::Wrap;
use crate::migration::lexer::tokens;
use crate::migration::{MigrationError, Reason, Script, Statement, Transaction};

/// Judges both ways of every migration by its statements, and the ups by what they are about.
pub(super) fn judge(directory: &Directory<'_>, accounts: &[Account]) -> Result<Vec<Finding>, MigrationError> {
    let mut findings = Vec::new();
    for migration in directory.set.migrations() {
        for half in migration.up.iter().chain(&migration.down) {
            findings.extend(transaction(half.script()?.as_ref(), directory.wrap));
        }
    }
    let mut known = Known::default();
    for told in accounts.iter().filter_map(|account| account.up.as_ref()) {
        findings.extend(several(told, &known));
        told.deeds().for_each(|deed| known.learn(deed));
    }
    Ok(findings)
}

/// Statements that do not go together with the engine's transaction, or that go without one and should not.
fn transaction(script: &Script, wrap: Wrap) -> Vec<Finding> {
    let wrapped = wrap == Wrap::Transaction && script.transaction == Transaction::Around;
    let statements: Vec<_> = script.statements().collect();
    let has = |reason| statements.iter().any(|statement| statement.reason() == Some(reason));
    let found = |statement: &Statement<'_>| {
        let (rule, what) = match statement.reason()? {
            Reason::OwnTransaction if wrapped => {
                (&rule::OWN_TRANSACTION, "begins or ends a transaction itself".to_owned())
            }
            Reason::Vacuum if wrapped => (&rule::VACUUMS, "compacts the database".to_owned()),
            Reason::Pragma(pragma) if wrapped => (&rule::BARE_PRAGMA, format!("sets `{pragma}`")),
            _ => return None,
        };
        Some(rule.found_at(&script.file, statement.line, statement.text, what))
    };
    let changes = statements.iter().filter(|statement| statement.reason().is_none()).count();
    let saves = statements.iter().any(|statement| statement.begins_with("savepoint"));
    let bare = !wrapped && changes > 1 && !has(Reason::OwnTransaction) && !saves;
    let bare = bare.then(|| rule::NO_TRANSACTION.found(&script.file, "it runs outside a transaction"));
    statements.iter().filter_map(found).chain(bare).collect()
}

/// Tables that have nothing to do with each other. Two belong together where one statement names both: by a reference,
/// a trigger, a view, a copy, a rename.
fn several(told: &Told, known: &Known) -> Option<Finding> {
    let mut subjects: Vec<BTreeSet<String>> = Vec::new();
    let touched: BTreeSet<String> = told.deeds().flat_map(|deed| deed.tables()).map(str::to_ascii_lowercase).collect();
    for act in &told.acts {
        let own = act.deeds.iter().flat_map(|deed| deed.tables()).map(str::to_ascii_lowercase);
        let own: BTreeSet<_> = own.collect();
        if own.is_empty() {
            continue;
        }
        let named = tokens(&act.text).filter_map(|token| token.name()).map(|name| name.to_ascii_lowercase());
        let mut subject: BTreeSet<_> = named.filter(|name| touched.contains(name)).chain(own).collect();
        let (related, apart): (Vec<_>, Vec<_>) = subjects.into_iter().partition(|other| !other.is_disjoint(&subject));
        subject.extend(related.into_iter().flatten());
        subjects = apart;
        subjects.push(subject);
    }
    if subjects.len() < 2 {
        return None;
    }
    let is_known = |name: &String| known.has(Kind::Table, name) || known.has(Kind::View, name);
    let rule = if subjects.iter().flatten().any(is_known) { &rule::SEVERAL } else { &rule::SEVERAL_NEW };
    let mut words: Vec<_> = subjects.iter().map(words).collect();
    words.sort();
    Some(rule.found(
        &told.file,
        format!("makes {} changes that have nothing to do with each other, to {}", words.len(), words.join("; to ")),
    ))
}

fn words(subject: &BTreeSet<String>) -> String {
    let names: Vec<_> = subject.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
