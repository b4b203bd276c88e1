//! Databases that are given up: one that a run made and took back after its service had started, which is counted and
//! kept whole as a backup, and one that a restore replaced.

use std::path::Path;

use super::{Machine, StepError, backup, migrator, sets};
use crate::db::copy::copy;
use crate::db::copy_file::{Content, copy_file};
use crate::db::loss::{Comparing, Comparison, compare};
use crate::db::migrate::{Settings, run};
use crate::plan::loss::Loss;
use crate::plan::observed::BackupKind;
use crate::plan::step::Source;
use crate::plan::{Leg, Plan, Step};
use crate::sys::dir::Dir;
use crate::sys::watch::Uncancelled;
use crate::sys::{attributes, fs};

/// Counts what the given-up database has and the live one has not, then lists it as a backup. Nothing to do without one.
///
/// Runs once the old service is up again, and again after a kill: the file is listed last.
pub fn settle(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let file = machine.places.abandoned_database();
    let id = format!("{}-abandoned", machine.plan.run);
    // Something that is no file was put there by somebody else.
    if fs::exists(&file)? && !fs::kind(&file)?.is_file() {
        return Ok(());
    }
    if fs::exists(&file)? {
        note(&file, undone(machine.plan), machine);
    }
    let watch = Uncancelled(machine.watch);
    let kept = backup::keep(&file, &id, BackupKind::Abandoned, &machine.plan.to, machine.config, &watch)?;
    if let Some(kept) = kept {
        machine.memory.warnings.push(format!("the database that was given up is kept as the backup `{}`", kept.id));
        backup::prune(machine.config, std::slice::from_ref(&kept.id))?;
        machine.memory.backup = Some(kept.id);
    }
    Ok(())
}

/// Counts what the database that a restore replaced had, up to the stop. Nothing to do for another run, or where that
/// database is a backup already.
pub fn count_replaced(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let replaced = machine.places.old_database();
    let made_from = made_from(machine.plan);
    if let (Some(Source::Backup { comparison, .. }), true) = (made_from, fs::exists(&replaced)?) {
        note(&replaced, (made_from, comparison.as_deref()), machine);
    }
    Ok(())
}

/// What a database is compared with: what it was made from, and the migrations that then ran.
type Origin<'a> = (Option<&'a Source>, Option<&'a Leg>);

/// Of a database that a run made and gave up.
fn undone(plan: &Plan) -> Origin<'_> {
    let leg = plan.steps.iter().find_map(|step| if let Step::Migrate { leg } = step { Some(leg) } else { None });
    (made_from(plan), leg)
}

fn made_from(plan: &Plan) -> Option<&Source> {
    plan.steps.iter().find_map(|step| if let Step::Copy { source } = step { Some(source) } else { None })
}

fn note(database: &Path, origin: Origin<'_>, machine: &mut Machine<'_>) {
    match count(database, origin, machine) {
        Ok(loss) => machine.memory.loss = Some(loss),
        // What cannot be counted is still kept.
        Err(error) => {
            machine.memory.warnings.push(format!("what the given-up database holds cannot be counted: {error}"))
        }
    }
}

fn count(database: &Path, (source, leg): Origin<'_>, machine: &Machine<'_>) -> Result<Loss, StepError> {
    let work = machine.places.open_work()?;
    let name = "scratch-given-up.db";
    let scratch = machine.places.work.directory.join(name);
    let counted = take(source, &work, name, machine).and_then(|()| {
        let ledger = sets::ledger(machine.config)?;
        if let (Some(leg), true) = (leg, machine.config.database.migrator.is_some()) {
            migrator::leg_to_compare(leg, &work, name, machine)?;
        } else if let Some(leg) = leg {
            let settings = Settings { foreign_keys: machine.config.database.foreign_keys, ..Settings::of(&ledger) };
            run(&scratch, &sets::works(machine.config, leg)?, &settings)
                .map_err(|error| StepError::world("loss", "cannot migrate a copy to compare with", error))?;
        }
        let comparing = Comparing {
            live: database,
            result: &scratch,
            kind: Comparison::Restore,
            ledger: &[ledger.table.as_str()],
            unstable: &[],
            work: &work,
        };
        compare(&comparing).map_err(|error| StepError::world("loss", "cannot compare the given-up database", error))
    });
    work.unlink(name)?;
    counted
}

/// Takes a copy of the backup, or else of the live database, which is the old one again.
fn take(source: Option<&Source>, work: &Dir, name: &str, machine: &Machine<'_>) -> Result<(), StepError> {
    if let Some(Source::Backup { id, file, bytes, sha256, .. }) = source {
        let expected = Content { bytes: *bytes, sha256: *sha256 };
        let owner = attributes::owner(file)?;
        return copy_file(file, expected, owner, work, name, &Uncancelled(machine.watch))
            .map_err(|error| StepError::world("loss", format!("cannot take the backup `{id}` out"), error));
    }
    let copied = copy(&machine.places.live, work, name, &Uncancelled(machine.watch));
    copied.map(|_| ()).map_err(|error| StepError::world("loss", "cannot copy the live database", error))
}
