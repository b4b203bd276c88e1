//! Does: waits until the service is healthy and provably the new one, then looks at ledger and schema once more.
//! Undo: nothing.
//! If killed half-way: nothing was changed.
//! Touches: nothing.

use std::path::{Path, PathBuf};

use super::error::Blame;
use super::{Machine, StepError, doorway};
use crate::plan::Operation;
use crate::sys::health::{Expectation, HealthError, Silence};
use crate::sys::room;
use crate::sys::signal::Interrupt;
use crate::version::Version;

pub(super) fn perform(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let Some(version) = machine.plan.to.version.clone() else { return Ok(()) };
    let interrupt = machine.interrupt.clone();
    healthy(&version, &interrupt, machine)?;
    machine.memory.downtime_ms = machine.memory.down.map(|down| down.millis());
    machine
        .service
        .start_also()
        .map_err(|error| StepError::world("service", "cannot start what belongs to the service", error))?;
    look_again(&version, machine)
}

/// Waits until `version` is healthy. Nothing to prove where nobody manages the service.
pub(super) fn healthy(version: &Version, interrupt: &Interrupt, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let Some(started) = machine.memory.start.as_mut() else { return Ok(()) };
    let directory = machine.config.layout.version(version);
    let silence = machine.memory.silence.unwrap_or(Silence::Unproven);
    let expectation = Expectation { version, directory: &directory, before: machine.memory.old, silence };
    let proven = machine.health.prove(&expectation, &machine.service, started, interrupt);
    proven.map(|_| ()).map_err(|error| match error {
        HealthError::Interrupted(_) => StepError::world("signal", "a signal asked for the end", error),
        _ if let Some(full) = full(machine) => {
            let message =
                format!("{version} does not become healthy, and the file system of `{}` is full", full.display());
            StepError::world("no-space", message, error).remedy("free space on it, then run the same command again")
        }
        _ => {
            // An undo proves the older release, which nobody upgrades to.
            let upgrades =
                machine.plan.operation == Operation::Upgrade && machine.plan.to.version.as_ref() == Some(version);
            let again = if upgrades {
                format!("; to try it again: `gantry-installer upgrade --to {version} --retry`")
            } else {
                String::new()
            };
            StepError::release("health", format!("{version} does not become healthy"), error)
                .remedy(format!("the log of the service says why{again}"))
        }
    })
}

/// What the service writes to, if its file system is full: no service can serve there, and no release is to blame for it.
pub(super) fn full(machine: &Machine<'_>) -> Option<PathBuf> {
    let written = [machine.places.live.parent(), Some(machine.config.layout.state.as_path())];
    let is_full = |path: &&Path| room::is_short(path).unwrap_or(false);
    written.into_iter().flatten().find(is_full).map(Path::to_owned)
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
