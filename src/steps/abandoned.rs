//! Databases that are given up: one that a run made and took back after its service had started, which is counted and
//! kept whole as a backup, and one that a restore replaced.

use std::path::Path;

use super::replay::{Patience, replay};
use super::{Machine, StepError, backup, sets};
use crate::db::copy::copy_whole;
use crate::db::copy_file::{Content, copy_file};
use crate::db::loss::{Comparing, Comparison, compare};
use crate::db::side_files;
use crate::plan::loss::Loss;
use crate::plan::observed::BackupKind;
use crate::plan::step::Source;
use crate::plan::{Bridge, Comparable, Plan, Step};
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
        let (source, bridge) = undone(machine.plan);
        note(&file, (source, &bridge), machine);
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
    if let (Some(source @ Source::Backup { comparison, .. }), true) = (made_from(machine.plan), fs::exists(&replaced)?)
    {
        match comparison {
            Comparable::By(bridge) => note(&replaced, (Some(source), bridge), machine),
            Comparable::Not { unknown } => uncounted(unknown, machine),
        }
    }
    Ok(())
}

/// What a database is compared with: what it was made from, and what then makes the two comparable.
type Origin<'a> = (Option<&'a Source>, &'a Bridge);

/// Of a database that a run made and gave up.
fn undone(plan: &Plan) -> (Option<&Source>, Bridge) {
    let leg =
        plan.steps.iter().find_map(|step| if let Step::Migrate { leg } = step { Some(leg.clone()) } else { None });
    let leg = leg.filter(|leg| !leg.is_of_the_ledger());
    (made_from(plan), Bridge { backup: leg.into_iter().collect(), live: Vec::new() })
}

fn made_from(plan: &Plan) -> Option<&Source> {
    plan.steps.iter().find_map(|step| if let Step::Copy { source } = step { Some(source) } else { None })
}

fn note(database: &Path, origin: Origin<'_>, machine: &mut Machine<'_>) {
    match count(database, origin, machine) {
        Ok(loss) => machine.memory.loss = Some(loss),
        // What cannot be counted is still kept.
        Err(error) => uncounted(&error.to_string(), machine),
    }
}

fn uncounted(why: &str, machine: &mut Machine<'_>) {
    machine.memory.warnings.push(format!("what the given-up database holds cannot be counted: {why}"));
}

fn count(database: &Path, (source, bridge): Origin<'_>, machine: &Machine<'_>) -> Result<Loss, StepError> {
    let work = machine.places.open_work()?;
    let counted = compared(database, (source, bridge), &work, machine);
    for name in [GIVEN_UP, MADE_FROM] {
        side_files::remove(&work, name)?;
    }
    counted
}

/// A copy of what is counted, where it is the older of the two.
const GIVEN_UP: &str = "scratch-given-up.db";
/// A copy of what it is compared with.
const MADE_FROM: &str = "scratch-made-from.db";

fn compared(
    database: &Path,
    (source, bridge): Origin<'_>,
    work: &Dir,
    machine: &Machine<'_>,
) -> Result<Loss, StepError> {
    take(source, work, MADE_FROM, machine)?;
    replay(&bridge.backup, work, MADE_FROM, Patience::ToTheEnd, machine)?;
    let lifted = machine.places.work.directory.join(GIVEN_UP);
    let live = if bridge.live.is_empty() {
        database
    } else {
        let copied = copy_whole(database, work, GIVEN_UP, &Uncancelled(machine.watch));
        copied.map_err(|error| StepError::world("loss", "cannot copy the given-up database", error))?;
        replay(&bridge.live, work, GIVEN_UP, Patience::ToTheEnd, machine)?;
        &lifted
    };
    let ledger = sets::ledger(machine.config)?;
    let comparing = Comparing {
        live,
        result: &machine.places.work.directory.join(MADE_FROM),
        kind: Comparison::Restore,
        ledger: &[ledger.table.as_str()],
        unstable: &[],
        work,
    };
    compare(&comparing).map_err(|error| StepError::world("loss", "cannot compare the given-up database", error))
}

/// Takes a copy of the backup, or else of the live database, which is the old one again.
fn take(source: Option<&Source>, work: &Dir, name: &str, machine: &Machine<'_>) -> Result<(), StepError> {
    if let Some(Source::Backup { id, file, bytes, sha256, .. }) = source {
        let expected = Content { bytes: *bytes, sha256: *sha256 };
        let owner = attributes::owner(file)?;
        return copy_file(file, expected, owner, work, name, &Uncancelled(machine.watch))
            .map_err(|error| StepError::world("loss", format!("cannot take the backup `{id}` out"), error));
    }
    let copied = copy_whole(&machine.places.live, work, name, &Uncancelled(machine.watch));
    copied.map_err(|error| StepError::world("loss", "cannot copy the live database", error))
}
