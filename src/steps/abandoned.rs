//! The database that a run gave up after its service had started: counted, and kept whole as a backup.

use super::{Machine, StepError, backup, sets};
use crate::db::loss::{Comparing, Comparison, compare};
use crate::db::migrate::{Settings, run};
use crate::plan::loss::Loss;
use crate::plan::observed::BackupKind;
use crate::plan::{Leg, Plan, Step};
use crate::sys::fs;

/// Counts what the given-up database has and the live one has not, then lists it as a backup. Nothing to do without one.
///
/// Runs once the old service is up again, and again after a kill: the file is listed last.
pub fn settle(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let file = machine.places.abandoned_database();
    let id = format!("{}-abandoned", machine.plan.run);
    if !fs::exists(&file)? && !fs::exists(&machine.config.layout.backup(&id))? {
        return Ok(());
    }
    if fs::exists(&file)? {
        match count(machine) {
            Ok(loss) => machine.memory.loss = Some(loss),
            // What cannot be counted is still kept.
            Err(error) => {
                machine.memory.warnings.push(format!("what the given-up database holds cannot be counted: {error}"))
            }
        }
    }
    let kept = backup::keep(&file, &id, BackupKind::Abandoned, &machine.plan.to, machine.config, machine.watch)?;
    if let Some(kept) = kept {
        machine.memory.warnings.push(format!("the database that was given up is kept as the backup `{}`", kept.id));
        backup::prune(machine.config, std::slice::from_ref(&kept.id))?;
        machine.memory.backup = Some(kept.id);
    }
    Ok(())
}

/// Compares the given-up database with what the same migrations make of the live one.
fn count(machine: &Machine<'_>) -> Result<Loss, StepError> {
    let work = machine.places.open_work()?;
    let name = "scratch-given-up.db";
    let scratch = machine.places.work.directory.join(name);
    let failed = |error| StepError::world("loss", "cannot compare the given-up database with the live one", error);
    let outcome = crate::db::copy::copy(&machine.places.live, &work, name, machine.watch)
        .map_err(|error| StepError::world("loss", "cannot copy the live database", error));
    let counted = outcome.and_then(|_| {
        let ledger = sets::ledger(machine.config)?;
        if let Some(leg) = leg(machine.plan) {
            let settings = Settings { foreign_keys: machine.config.database.foreign_keys, ..Settings::of(&ledger) };
            run(&scratch, &sets::works(machine.config, leg)?, &settings)
                .map_err(|error| StepError::world("loss", "cannot migrate a copy of the live database", error))?;
        }
        let comparing = Comparing {
            live: &machine.places.abandoned_database(),
            result: &scratch,
            kind: Comparison::Restore,
            ledger: &[ledger.table.as_str()],
            unstable: &[],
            work: &work,
        };
        compare(&comparing).map_err(failed)
    });
    work.unlink(name)?;
    counted
}

/// The migrations that the run made, up or down.
fn leg(plan: &Plan) -> Option<&Leg> {
    plan.steps.iter().find_map(|step| if let Step::Migrate { leg } = step { Some(leg) } else { None })
}
