//! Immutable: migrations that were applied or released never change.

use super::lock::{self, Lock};
use super::{Directory, Finding, rule, taken};
use crate::digest::Sha256;

/// Compares the files with what is locked.
pub(super) fn judge(directory: &Directory<'_>, lock: &Lock) -> Vec<Finding> {
    if !lock.is_there() {
        let any = taken(directory.set).next().is_some();
        return any.then(|| rule::NO_LOCK.found(lock::FILE, "there is no lock file")).into_iter().collect();
    }
    let mut findings = Vec::new();
    for (line, fault) in &lock.faults {
        findings.push(Finding { line: Some(*line), ..rule::BAD_LOCK.found(lock::FILE, fault.clone()) });
    }
    for (file, digest) in &lock.files {
        match directory.files.get(file) {
            None => findings.push(rule::GONE.found(file, "it is locked, and it is gone")),
            Some(bytes) if Sha256::of(bytes) != *digest => {
                findings.push(rule::CHANGED.found(file, "it is locked, and it was changed"));
            }
            Some(_) => {}
        }
    }
    let new: Vec<_> = taken(directory.set).filter(|file| !lock.has(file)).map(|file| format!("`{file}`")).collect();
    if !new.is_empty() {
        findings.push(rule::UNLOCKED.found(lock::FILE, format!("new and not locked yet: {}", new.join(", "))));
    }
    findings
}

/// The migrations that are not locked, with their digests, in the order in which they run.
pub fn unlocked<'a>(directory: &Directory<'a>, lock: &Lock) -> Vec<(&'a str, Sha256)> {
    let digest = |file: &'a str| Some((file, Sha256::of(directory.files.get(file)?)));
    taken(directory.set).filter(|file| !lock.has(file)).filter_map(digest).collect()
}
