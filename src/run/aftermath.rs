//! What is left to do once everything is OLD again: hold a release that failed, keep what it had written.

use crate::causes;
use crate::journal::held;
use crate::plan::observed::{Cause, Held};
use crate::plan::{Operation, Step};
use crate::steps::error::Blame;
use crate::steps::{Machine, StepError, abandoned};
use crate::sys::clock;

/// Runs after every step was taken back, and again after a kill.
pub(super) fn settle(failed: usize, error: &StepError, machine: &mut Machine<'_>) -> Result<(), StepError> {
    abandoned::settle(machine)?;
    let (Blame::Release, Operation::Install | Operation::Upgrade) = (error.blame, machine.plan.operation) else {
        return Ok(());
    };
    let Some(version) = machine.plan.to.version.clone() else { return Ok(()) };
    let step = machine.plan.steps.get(failed).map_or("resolve", Step::name);
    let new = Held {
        sha256: artifact(machine),
        version,
        cause: Cause::Failed,
        reason: format!("{step}: {}", causes::in_one_line(error)),
        at: clock::now(),
        run: machine.plan.run.clone(),
    };
    Ok(held::hold(&machine.config.layout.held(), new)?)
}

/// The artifact that failed: another one of the same version is another attempt.
fn artifact(machine: &Machine<'_>) -> Option<crate::digest::Sha256> {
    let version = machine.plan.to.version.as_ref();
    let fetched = machine.plan.steps.iter().find_map(|step| match step {
        Step::Fetch { releases } => releases.iter().find(|one| Some(&one.release.version) == version),
        _ => None,
    });
    let known = || {
        let record = crate::journal::releases::read(&machine.config.layout, version?).ok()??;
        Some(record.artifact)
    };
    fetched.map(|one| one.sha256).or_else(known)
}
