//! Does: records that the new release is installed, and opens the gate for it.
//! Undo: none. The journal's intent of this step is the turning point: recovery repeats it.
//! If killed half-way: each record is wholly old or wholly new, and is written again.
//! Touches: the records of the state directory.

use super::{Machine, StepError, copy, doorway};
use crate::journal::held;
use crate::plan::Operation;
use crate::plan::observed::{Cause, Held};
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
        held::hold(&layout.held(), held)?;
    }
    // From here on nobody migrates this database in place.
    copy::make_work_directory(machine)?;
    doorway::open(machine, plan.to.version.clone())
}
