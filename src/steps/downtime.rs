//! The longest downtime that was allowed: what is predicted to be longer does not begin, and what is about to become
//! longer goes back, until the exchange. After it going back takes as long as going on.

use std::sync::Arc;
use std::time::Duration;

use super::error::Blame;
use super::{Machine, StepError};
use crate::db::Stop;
use crate::db::migrate::MigrateError;
use crate::plan::Step;

const REMEDY: &str = "allow more with `--max-downtime`, or leave it out";

/// Predicts the downtime of a run without a rehearsal: the service's own stop and start are all of it.
pub(super) fn foresee_restart(machine: &mut Machine<'_>) -> Result<(), StepError> {
    if has(machine, |step| matches!(step, Step::Rehearse { .. })) || !machine.plan.was_running {
        return Ok(());
    }
    machine.memory.predicted_ms = machine.plan.restart_ms;
    foresee(machine)
}

/// Holds the prediction against what is allowed.
pub(super) fn foresee(machine: &Machine<'_>) -> Result<(), StepError> {
    hold_against(machine.memory.predicted_ms, machine)
}

/// The same with another prediction, such as that of a later hop.
pub(super) fn hold_against(predicted_ms: Option<u64>, machine: &Machine<'_>) -> Result<(), StepError> {
    match (machine.plan.max_downtime_ms, predicted_ms) {
        (Some(allowed), Some(predicted)) if predicted > allowed => {
            let unknown = machine.plan.restart_ms.is_none();
            let more = if unknown { ", and the service's own stop and start besides" } else { "" };
            let message =
                format!("the downtime would be about {predicted} ms{more}, and {allowed} ms are allowed at the most");
            Err(StepError::finding("max-downtime", message, Blame::World).remedy(REMEDY))
        }
        _ => Ok(()),
    }
}

/// Holds what has passed since the stop, and what the start is expected to take, against what is allowed.
pub(super) fn allow(machine: &Machine<'_>) -> Result<(), StepError> {
    allow_for(0, machine)
}

/// The same with so many milliseconds of work before the start.
pub(super) fn allow_for(work: u64, machine: &Machine<'_>) -> Result<(), StepError> {
    match (machine.plan.max_downtime_ms, machine.memory.down) {
        (Some(allowed), Some(down)) => {
            let (passed, start) = (down.millis(), start(machine).saturating_add(work));
            if passed.saturating_add(start) <= allowed {
                return Ok(());
            }
            Err(exceeded(format!(
                "{passed} ms have passed since the stop, what is left takes about {start} ms, and {allowed} ms are allowed \
                 at the most"
            )))
        }
        _ => Ok(()),
    }
}

/// The same before the switch, where no exchange comes before it.
pub(super) fn allow_switch(machine: &Machine<'_>) -> Result<(), StepError> {
    if has(machine, |step| matches!(step, Step::Exchange { .. })) { Ok(()) } else { allow(machine) }
}

/// Whether the run has such a step.
pub(super) fn has(machine: &Machine<'_>, kind: fn(&Step) -> bool) -> bool {
    machine.plan.steps.iter().any(kind)
}

/// Whether migrations are to end early: because of a signal, or for the downtime.
pub(super) fn stop(machine: &Machine<'_>) -> Stop {
    let interrupt = machine.interrupt.clone();
    let limit = machine.plan.max_downtime_ms.zip(machine.memory.down);
    let start = start(machine);
    Arc::new(move || {
        let late = limit.is_some_and(|(allowed, down)| down.millis().saturating_add(start) > allowed);
        interrupt.requested().is_some() || late
    })
}

/// How long migrations may still take, where that is limited.
pub(super) fn left(machine: &Machine<'_>) -> Option<Duration> {
    let (allowed, down) = machine.plan.max_downtime_ms.zip(machine.memory.down)?;
    Some(Duration::from_millis(allowed.saturating_sub(start(machine)).saturating_sub(down.millis())))
}

/// Why migrations ended early.
pub(super) fn stopped(machine: &Machine<'_>, error: MigrateError) -> StepError {
    match machine.interrupt.requested() {
        Some(signal) => StepError::world("signal", format!("{signal} asked for the end"), error),
        None => exceeded("the migrations take longer than is allowed".to_owned()),
    }
}

/// The service's own stop and start are known from the last run together: its half is a fair guess.
fn start(machine: &Machine<'_>) -> u64 {
    machine.plan.restart_ms.unwrap_or(0) / 2
}

fn exceeded(message: String) -> StepError {
    StepError::finding("max-downtime", message, Blame::World).remedy(REMEDY)
}
