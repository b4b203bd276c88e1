//! Releases that failed here, or were gone back from: they are not taken again without being asked for.

use super::runs::{Answer, refused};
use crate::manifest::Manifest;
use crate::plan::Refusal;
use crate::plan::observed::{Cause, Held, Observed};
use crate::plan::step::Incoming;
use crate::version::{Target, Version};

/// What is not taken without being named. Another artifact of a version that failed here is another attempt.
pub fn skipped(manifest: &Manifest, seen: &Observed) -> Vec<Version> {
    let offered = |held: &&Held| {
        let release = manifest.release(&held.version);
        held.cause == Cause::RolledBack || held.sha256.is_none() || release.is_some_and(|release| held.holds(release))
    };
    seen.held.iter().filter(offered).map(|held| held.version.clone()).collect()
}

/// A release that failed here is not taken again by itself, unless its artifact is another one now. A stop that was gone back
/// from is, with the warning that is returned, where somebody named the release behind it; where nobody did it is not.
pub fn refuse(way: &[Incoming], seen: &Observed, named: Option<&Target>) -> Answer<Vec<String>> {
    let Some(target) = way.last().map(|last| &last.release.version) else { return Ok(Vec::new()) };
    let (mut refusals, mut warnings) = (Vec::new(), Vec::new());
    for one in way {
        let version = &one.release.version;
        let same = |held: &&Held| held.sha256.is_none_or(|sha256| sha256 == one.sha256);
        let mut held = seen.held.iter().filter(|held| held.version == *version);
        let Some(held) = held.find(|held| held.cause == Cause::RolledBack || same(held)) else { continue };
        let stop = if version == target { String::new() } else { format!(", a stop on the way to {target},") };
        let why = match held.cause {
            Cause::Failed => format!("failed here in run {}: {}", held.run, held.reason),
            // It was named: it is meant.
            Cause::RolledBack if version == target => continue,
            Cause::RolledBack => format!("was gone back from in run {}", held.run),
        };
        let message = format!("release {version}{stop} {why}");
        if held.cause == Cause::RolledBack && named.is_some() {
            warnings.push(format!("{message}; it is taken again"));
            continue;
        }
        let again = again_to(held, target);
        refusals.push(Refusal::new("held", message, format!("choose another release, or take it again: {again}")));
    }
    if refusals.is_empty() { Ok(warnings) } else { Err(refused(refusals)) }
}

/// Higher releases that are held, and how each is taken all the same.
pub fn passed_over(manifest: &Manifest, seen: &Observed) -> Vec<String> {
    let skip = skipped(manifest, seen);
    let higher = |version: &Version| seen.installed.as_ref().is_some_and(|installed| *version > installed.version);
    let passed = seen.held.iter().filter(|held| skip.contains(&held.version) && higher(&held.version));
    let words = passed.map(|held @ Held { version, run, cause, .. }| match cause {
        Cause::Failed => {
            format!("release {version} failed here in run {run}: {} takes it again", again(held))
        }
        Cause::RolledBack => {
            format!("release {version} was gone back from in run {run}: {} takes it again", again(held))
        }
    });
    words.collect()
}

/// The command that takes a held release all the same.
pub fn again(held: &Held) -> String {
    again_to(held, &held.version)
}

/// The command that goes to a release by way of a held one.
pub fn again_to(held: &Held, target: &Version) -> String {
    let retry = if held.cause == Cause::Failed { " --retry" } else { "" };
    format!("`gantry-installer upgrade --to {target}{retry}`")
}
