//! Does: waits until the service is healthy and provably the new one, then looks at ledger and schema once more.
//! Undo: nothing.
//! If killed half-way: nothing was changed.
//! Touches: nothing.

use super::error::Blame;
use super::{Machine, StepError, doorway};
use crate::sys::health::{self, Expectation};
use crate::version::Version;

pub(super) fn perform(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let Some(version) = machine.plan.to.version.clone() else { return Ok(()) };
    healthy(&version, machine)?;
    machine.memory.downtime_ms = machine.memory.down.map(|down| down.millis());
    machine.service.start_also().map_err(|error| {
        StepError::world("service", "cannot start what belongs to the service", error)
    })?;
    look_again(&version, machine)
}

/// Waits until `version` is healthy.
pub(super) fn healthy(version: &Version, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let versions = machine.config.layout.version(version);
    let expectation = Expectation { version, home: &versions, before: machine.memory.old, was_silent: machine.memory.silent };
    health::prove(&expectation, &machine.service, machine.memory.start.as_mut(), &machine.config.health, &machine.interrupt)
        .map(|_| ())
        .map_err(|error| StepError::release("health", format!("{version} does not become healthy"), error))
}

/// What is in the database now must be what the release runs on.
fn look_again(version: &Version, machine: &Machine<'_>) -> Result<(), StepError> {
    let verdict = doorway::verdict(version, machine)?;
    if verdict.is_ready() {
        return Ok(());
    }
    let message = format!("{version} runs, but the database is not what it should be: {verdict}");
    Err(StepError::finding("schema", message, Blame::Release))
}
