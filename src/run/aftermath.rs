//! What is left to do once everything is OLD again: hold a release that failed, keep what it had written.

use crate::causes;
use crate::digest::Sha256;
use crate::journal::{held, releases};
use crate::plan::observed::{Cause, Held};
use crate::plan::{Operation, Step};
use crate::steps::error::Blame;
use crate::steps::{Machine, StepError, abandoned};
use crate::sys::clock;
use crate::version::Version;

/// Runs after every step was taken back, and again after a kill.
pub(super) fn settle(failed: usize, error: &StepError, machine: &mut Machine<'_>) -> Result<(), StepError> {
    abandoned::settle(machine)?;
    let (Blame::Release, Operation::Install | Operation::Upgrade) = (error.blame, machine.plan.operation) else {
        return Ok(());
    };
    let Some(version) = error.about.as_deref().or(machine.plan.to.version.as_ref()).cloned() else { return Ok(()) };
    let step = machine.plan.steps.get(failed).map_or("resolve", Step::name);
    let new = Held {
        sha256: artifact(&version, machine),
        version,
        cause: Cause::Failed,
        reason: format!("{step}: {}", causes::in_one_line(error)),
        at: clock::now(),
        run: machine.plan.run.clone(),
    };
    Ok(held::hold(&machine.config.layout.held(), new)?)
}

/// The artifact that failed: another one of the same version is another attempt.
fn artifact(version: &Version, machine: &Machine<'_>) -> Option<Sha256> {
    let fetched = machine.plan.steps.iter().find_map(|step| match step {
        Step::Fetch { releases } => releases.iter().find(|one| one.release.version == *version),
        _ => None,
    });
    let known = || {
        let record = releases::read(&machine.config.layout, version).ok()??;
        Some(record.artifact)
    };
    fetched.map(|one| one.sha256).or_else(known)
}
