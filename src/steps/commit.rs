//! Does: records that the new release is installed, and opens the gate for it.
//! Undo: none. The journal's intent of this step is the turning point: recovery repeats it.
//! If killed half-way: each record is wholly old or wholly new, and is written again.
//! Touches: the records of the state directory.

use super::{Machine, StepError, copy, doorway, life};
use crate::journal::{held, probation};
use crate::plan::Operation;
use crate::plan::observed::{Cause, Held};
use crate::plan::probation::Probation;
use crate::sys::clock;

pub(super) fn perform(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let plan = machine.plan;
    let layout = &machine.config.layout;
    if let Some(version) = &plan.to.version {
        held::release(&layout.held(), version)?;
    }
    let left = plan.from.version.as_ref().filter(|from| Some(*from) != plan.to.version.as_ref());
    if let (Operation::Rollback, Some(version)) = (plan.operation, left) {
        let reason =
            format!("rolled back to {}", plan.to.version.as_ref().map_or("none".to_owned(), ToString::to_string));
        let held = Held {
            version: version.clone(),
            sha256: None,
            cause: Cause::RolledBack,
            reason,
            at: clock::now(),
            run: plan.run.clone(),
        };
        // One that failed stays one that failed.
        let failed = |old: &Held| old.version == *version && old.cause == Cause::Failed;
        if !held::read(&layout.held())?.iter().any(failed) {
            held::hold(&layout.held(), held)?;
        }
    }
    watch(machine)?;
    // From here on nobody migrates this database in place.
    copy::make_work_directory(machine)?;
    doorway::open(machine, plan.to.version.clone())
}

/// Begins the probation of an upgrade. Whatever else is committed ends the one that there was.
fn watch(machine: &Machine<'_>) -> Result<(), StepError> {
    let (plan, layout) = (machine.plan, &machine.config.layout);
    let Some(length_ms) = plan.probation_ms else { return Ok(probation::end(layout)?) };
    // Repeated after a kill: the service may have been up since.
    if let Ok(Some(known)) = probation::read(layout)
        && known.run == plan.run
    {
        return Ok(());
    }
    // Behind the turning point: what cannot be told now only makes the probation longer, and is no reason to be stuck here.
    let life = life::seen(&machine.service).ok().flatten();
    let began = life::now().ok();
    let (run, from, to) = (plan.run.clone(), plan.from.clone(), plan.to.clone());
    Ok(probation::write(layout, &Probation { run, from, to, length_ms, served_ms: 0, life, began })?)
}
