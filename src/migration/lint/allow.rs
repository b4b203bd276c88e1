//! Suppressions: comments in a migration that say why a finding is well all the same.
//!
//! `-- lint: allow POLICY[, POLICY]: REASON` is for the statement that it stands in or at the end of, else for the one
//! that follows; `-- lint: allow-file POLICY: REASON` is for the whole file. `/* … */` does as well.

use std::collections::BTreeSet;

use super::rule::{self, Rule};
use super::{Directory, Finding, Policy, taken};
use crate::migration::lexer::tokens;
use crate::migration::{MigrationError, Set};
use crate::nearest::nearest;

/// Marks what is suppressed, and adds what is wrong with the suppressions.
pub(super) fn apply(
    directory: &Directory<'_>,
    policies: &BTreeSet<Policy>,
    findings: &mut Vec<Finding>,
) -> Result<(), MigrationError> {
    // Behind a migration that fails nothing was judged, and nothing can be said of what would be suppressed there.
    let whole = !findings.iter().any(|finding| finding.policy == Policy::Sound);
    let mut wrong = Vec::new();
    for (file, comment) in comments(directory) {
        match Allowance::parse(&comment.text) {
            Err((rule, what)) => wrong.push(rule.found_at(file, comment.line, &comment.text, what)),
            Ok(allowance) => {
                let used = allowance.suppress(directory.set, file, comment.line, findings)?;
                for policy in allowance.policies.iter().filter(|policy| policies.contains(policy)) {
                    if whole && !used.contains(policy) {
                        let what = format!("there is nothing `{}` to suppress", policy.name());
                        wrong.push(rule::UNUSED.found_at(file, comment.line, &comment.text, what));
                    }
                }
            }
        }
    }
    findings.extend(wrong);
    Ok(())
}

/// Marks what is suppressed, and nothing else.
pub(super) fn suppress(directory: &Directory<'_>, findings: &mut [Finding]) -> Result<(), MigrationError> {
    for (file, comment) in comments(directory) {
        if let Ok(allowance) = Allowance::parse(&comment.text) {
            allowance.suppress(directory.set, file, comment.line, findings)?;
        }
    }
    Ok(())
}

/// All comments for the lint, by file.
fn comments<'a>(directory: &Directory<'a>) -> Vec<(&'a str, Comment)> {
    let text = |file: &'a str| Some((file, std::str::from_utf8(directory.files.get(file)?).ok()?));
    let texts = taken(directory.set).filter_map(text);
    texts.flat_map(|(file, text)| Comment::all(text).into_iter().map(move |comment| (file, comment))).collect()
}

/// A comment that begins with `lint:`.
struct Comment {
    /// The line that it begins on.
    line: usize,
    /// As written.
    text: String,
}

impl Comment {
    fn all(sql: &str) -> Vec<Self> {
        let (mut found, mut end) = (Vec::new(), 0);
        let starts = tokens(sql).map(|token| (token.offset, token.offset + token.text.len()));
        for (start, next) in starts.chain([(sql.len(), sql.len())]) {
            // Between two tokens there is nothing but white space and comments.
            let mut rest = sql.get(end..start).unwrap_or_default();
            while let Some(at) = rest.find("--").into_iter().chain(rest.find("/*")).min() {
                let comment = rest.get(at..).unwrap_or_default();
                let close = if comment.starts_with("--") { "\n" } else { "*/" };
                let length = comment.find(close).map_or(comment.len(), |at| at + close.len());
                let (text, after) = comment.split_at(length);
                if body(text).is_some() {
                    let offset = start - comment.len();
                    let line = sql.get(..offset).unwrap_or_default().matches('\n').count() + 1;
                    found.push(Self { line, text: text.trim_end().to_owned() });
                }
                rest = after;
            }
            end = next;
        }
        found
    }
}

/// What a comment says to the lint.
fn body(comment: &str) -> Option<&str> {
    let bare = comment.trim_start_matches(['-', '/', '*']).trim_start();
    let (mark, said) = bare.split_at_checked("lint:".len())?;
    mark.eq_ignore_ascii_case("lint:").then(|| said.trim_end().trim_end_matches("*/").trim())
}

/// What is suppressed, and why.
struct Allowance {
    policies: Vec<Policy>,
    reason: String,
    whole_file: bool,
}

type Wrong = (&'static Rule, String);

impl Allowance {
    fn parse(comment: &str) -> Result<Self, Wrong> {
        let said = body(comment).unwrap_or_default();
        let (verb, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let whole_file = match verb {
            "allow" => false,
            "allow-file" => true,
            _ => return Err((&rule::NOT_UNDERSTOOD, "the comment for the lint is not understood".to_owned())),
        };
        let (names, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let policies = names.split(',').map(|name| policy(name.trim())).collect::<Result<_, _>>()?;
        if reason.trim().is_empty() {
            return Err((&rule::NO_REASON, "the suppression has no reason".to_owned()));
        }
        Ok(Self { policies, reason: reason.trim().to_owned(), whole_file })
    }

    /// Returns the policies of which something was suppressed.
    fn suppress(
        &self,
        set: &Set,
        file: &str,
        line: usize,
        findings: &mut [Finding],
    ) -> Result<BTreeSet<Policy>, MigrationError> {
        let statement = if self.whole_file { None } else { meant(set, file, line)? };
        let mut used = BTreeSet::new();
        for finding in findings.iter_mut().filter(|finding| finding.file == file) {
            let here = self.whole_file || statement.is_some() && finding.line == statement;
            if here && self.policies.contains(&finding.policy) {
                used.insert(finding.policy);
                finding.suppressed.get_or_insert_with(|| self.reason.clone());
            }
        }
        Ok(used)
    }
}

/// What a migration may suppress of itself. A locked file is not unlocked by what it says.
fn policy(name: &str) -> Result<Policy, Wrong> {
    match Policy::named(name) {
        Some(Policy::Immutable) => {
            let what = "`immutable` cannot be suppressed: the lock file says what may not change".to_owned();
            Err((&rule::NO_POLICY, what))
        }
        Some(policy) => Ok(policy),
        None if name.is_empty() => Err((&rule::NO_POLICY, "the suppression names no policy".to_owned())),
        None => {
            let likely = nearest(name, Policy::CHOICE.map(Policy::name)).unwrap_or_default();
            Err((&rule::NO_POLICY, format!("there is no policy `{name}`; the nearest is `{likely}`")))
        }
    }
}

/// The line of the statement that a comment on `line` is about.
fn meant(set: &Set, file: &str, line: usize) -> Result<Option<usize>, MigrationError> {
    let halves = set.migrations().iter().flat_map(|migration| migration.up.iter().chain(&migration.down));
    let mut spans = Vec::new();
    for half in halves.filter(|half| half.file() == file) {
        let lines = |text: &str| text.matches('\n').count();
        spans.extend(half.script()?.statements().map(|found| (found.line, found.line + lines(found.text))));
    }
    spans.sort_unstable();
    let around = spans.iter().rev().find(|(first, last)| (*first..=*last).contains(&line));
    Ok(around.or_else(|| spans.iter().find(|(first, _)| *first > line)).map(|(first, _)| *first))
}
