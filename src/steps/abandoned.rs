//! A database that was given up: by an undo after the service had started, or for a backup. It is compared with what
//! it would be without the rows that went with it, and kept whole.

use std::path::Path;

use super::{Machine, StepError, backup, sets};
use crate::db::copy_file::{Content, copy_file};
use crate::db::loss::{Comparing, Comparison, compare};
use crate::db::migrate::{Settings, run};
use crate::journal::releases;
use crate::migration::Direction;
use crate::plan::loss::Loss;
use crate::plan::observed::BackupKind;
use crate::plan::step::Source;
use crate::plan::{Leg, Plan, Step, Strategy};
use crate::steps::error::Blame;
use crate::sys::dir::Dir;
use crate::sys::{attributes, fs};
use crate::version::SchemaVersion;

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
        match count(&file, leg(machine.plan), machine) {
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

/// Counts what a restore took away: what the replaced database has, up to its last row, and the backup has not. Nothing
/// to do for other runs, and where the database is listed already.
///
/// The run is done by then, so a loss that cannot be counted is said and changes nothing.
pub fn count_replaced(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let old = machine.places.old_database();
    if machine.plan.strategy != Some(Strategy::Restore) || !fs::exists(&old)? {
        return Ok(());
    }
    match up_again(machine).and_then(|leg| count(&old, leg.as_ref(), machine)) {
        Ok(loss) => machine.memory.loss = Some(loss),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            machine.memory.warnings.push(format!("what the restore lost cannot be counted: {error}{cause}"));
        }
    }
    Ok(())
}

/// Compares a given-up database with what the migrations of `leg` make of what it began as: the live one, or a backup.
fn count(given_up: &Path, leg: Option<&Leg>, machine: &Machine<'_>) -> Result<Loss, StepError> {
    let work = machine.places.open_work()?;
    let name = "scratch-given-up.db";
    let scratch = machine.places.work.directory.join(name);
    let failed = |error| StepError::world("loss", "cannot compare the given-up database with the live one", error);
    let counted = beginning(&work, name, machine).and_then(|()| {
        let ledger = sets::ledger(machine.config)?;
        if let Some(leg) = leg {
            let settings = Settings { foreign_keys: machine.config.database.foreign_keys, ..Settings::of(&ledger) };
            run(&scratch, &sets::works(machine.config, leg)?, &settings)
                .map_err(|error| StepError::world("loss", "cannot migrate the copy that it is compared with", error))?;
        }
        let comparing = Comparing {
            live: given_up,
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

/// A copy of what the run's database was made from.
fn beginning(work: &Dir, name: &str, machine: &Machine<'_>) -> Result<(), StepError> {
    let backup = machine.plan.steps.iter().find_map(|step| match step {
        Step::Copy { source: Source::Backup { file, bytes, sha256, .. } } => {
            Some((file, Content { bytes: *bytes, sha256: *sha256 }))
        }
        _ => None,
    });
    match backup {
        Some((file, content)) => copy_file(file, content, attributes::owner(file)?, work, name, machine.watch)
            .map_err(|error| StepError::world("loss", "cannot copy the backup", error)),
        None => crate::db::copy::copy(&machine.places.live, work, name, machine.watch)
            .map(drop)
            .map_err(|error| StepError::world("loss", "cannot copy the live database", error)),
    }
}

/// The migrations from the backup's schema up to that of the database that it replaced.
fn up_again(machine: &Machine<'_>) -> Result<Option<Leg>, StepError> {
    let plan = machine.plan;
    let (Some(from), Some(to)) = (plan.to.schema.clone(), plan.from.schema.clone()) else { return Ok(None) };
    let on_disk = releases::list(&machine.config.layout)?;
    let Some(knows) = on_disk.iter().rev().find(|record| record.order.contains(&to)) else {
        let message = format!("no release on disk knows schema {to}");
        return Err(StepError::finding("loss", message, Blame::World));
    };
    let position = |schema: &SchemaVersion| knows.order.iter().position(|known| known == schema);
    if position(&from) >= position(&to) {
        return Ok(None);
    }
    let migrations = knows.release.version.clone();
    Ok(Some(Leg { migrations, direction: Direction::Up, from: Some(from), to, fingerprint: None }))
}

/// The migrations that the run made, up or down.
fn leg(plan: &Plan) -> Option<&Leg> {
    plan.steps.iter().find_map(|step| if let Step::Migrate { leg } = step { Some(leg) } else { None })
}
