//! The ways back, each tried on a copy: what is possible, and what it would lose.

use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use crate::causes;
use crate::db::copy::copy_whole;
use crate::db::copy_file::{Content, content, copy_file};
use crate::db::loss::{Comparing, Comparison, compare};
use crate::db::side_files;
use crate::journal::backups;
use crate::plan::loss::Loss;
use crate::plan::observed::Observed;
use crate::plan::rollback::{Rollback, Way, ways};
use crate::plan::{Bridge, Comparable, Plan, Step, Strategy};
use crate::steps::error::Blame;
use crate::steps::migrator::no_way_down;
use crate::steps::replay::{Patience, replay};
use crate::steps::{Machine, StepError, prepare, sets};
use crate::sys::attributes;
use crate::sys::dir::Dir;

/// One strategy of a rollback.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// Which.
    pub name: Strategy,
    /// Whether it can be taken.
    pub possible: bool,
    /// Why not, or what it does.
    pub reason: String,
    /// What it would lose; none where it is not possible, or where that cannot be counted.
    pub loss: Option<Loss>,
    /// The way that would be planned.
    #[serde(skip)]
    pub way: Option<Way>,
}

/// Why the ways back could not be tried.
#[derive(Debug, Error)]
#[error("cannot try the ways back on a copy")]
pub struct SurveyError(#[from] StepError);

/// The copy of the live database.
const LIVE: &str = "scratch-live.db";
/// What a strategy makes.
const RESULT: &str = "scratch-result.db";
/// A second copy of the live database, at the schema of a backup of a higher major.
const LIFTED: &str = "scratch-lifted.db";

/// Tries every strategy on copies in the work directory, and removes what it made. Least loss comes first.
///
/// With `only`, nothing but that strategy is tried.
pub fn survey(
    ask: &Rollback<'_>,
    only: Option<Strategy>,
    seen: &Observed,
    machine: &Machine<'_>,
) -> Result<Vec<Choice>, SurveyError> {
    prepare(machine)?;
    let work = machine.places.open_work().map_err(StepError::from)?;
    let choices = try_all(ask, only, seen, machine, &work);
    side_files::remove(&work, LIVE).map_err(StepError::from)?;
    side_files::remove(&work, RESULT).map_err(StepError::from)?;
    side_files::remove(&work, LIFTED).map_err(StepError::from)?;
    let mut choices = choices?;
    choices.sort_by_key(|choice| (!choice.possible, weight(choice.loss.as_ref()), choice.name));
    Ok(choices)
}

/// What the down migrations of a plan would lose, tried on copies.
pub fn down_loss(plan: &Plan, machine: &Machine<'_>) -> Result<Loss, SurveyError> {
    prepare(machine)?;
    let work = machine.places.open_work().map_err(StepError::from)?;
    let leg =
        plan.steps.iter().find_map(|step| if let Step::Migrate { leg } = step { Some(leg.clone()) } else { None });
    let loss = match leg {
        Some(leg) => {
            let live = copy_live(machine, &work);
            try_one(&Way::Down(leg), live.as_deref(), machine, &work).map(|(_, loss)| loss.unwrap_or_default())
        }
        None => Ok(Loss::default()),
    };
    side_files::remove(&work, LIVE).map_err(StepError::from)?;
    side_files::remove(&work, RESULT).map_err(StepError::from)?;
    Ok(loss?)
}

fn weight(loss: Option<&Loss>) -> u64 {
    loss.map_or(u64::MAX, |loss| {
        let columns = loss.tables.iter().flat_map(|table| &table.columns).map(|column| column.values);
        loss.rows.saturating_add(columns.sum())
    })
}

fn try_all(
    ask: &Rollback<'_>,
    only: Option<Strategy>,
    seen: &Observed,
    machine: &Machine<'_>,
    work: &Dir,
) -> Result<Vec<Choice>, SurveyError> {
    let mut live = None;
    let mut choices = Vec::new();
    for (name, way) in ways(ask, seen).into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let choice = match way {
            Err(reason) => Choice { name, possible: false, reason, loss: None, way: None },
            Ok(Way::Binary) => {
                let reason = "the older program runs on the database as it is".to_owned();
                Choice { name, possible: true, reason, loss: Some(Loss::default()), way: Some(Way::Binary) }
            }
            Ok(way) => {
                let live = live.get_or_insert_with(|| copy_live(machine, work));
                side_files::remove(work, RESULT).map_err(StepError::from)?;
                match try_one(&way, live.as_deref(), machine, work) {
                    Ok((reason, loss)) => Choice { name, possible: true, reason, loss, way: Some(way) },
                    Err(error) => {
                        Choice { name, possible: false, reason: causes::in_one_line(&error), loss: None, way: None }
                    }
                }
            }
        };
        choices.push(choice);
    }
    Ok(choices)
}

/// The copy of the live database, or why there is none: a restore is possible without it.
fn copy_live(machine: &Machine<'_>, work: &Dir) -> Result<PathBuf, String> {
    side_files::remove(work, LIVE).map_err(|error| causes::in_one_line(&error))?;
    let copied = copy_whole(&machine.places.live, work, LIVE, machine.watch);
    copied.map_err(|error| causes::in_one_line(&StepError::world("copy", "cannot copy the live database", error)))?;
    Ok(work.path().join(LIVE))
}

fn try_one(
    way: &Way,
    live: Result<&Path, &String>,
    machine: &Machine<'_>,
    work: &Dir,
) -> Result<(String, Option<Loss>), StepError> {
    let result = work.path().join(RESULT);
    match way {
        Way::Binary => Ok((String::new(), Some(Loss::default()))),
        Way::Down(_) if machine.config.database.migrator.is_some() => Err(no_way_down()),
        Way::Down(leg) => {
            let live = live.map_err(|reason| StepError::finding("copy", reason.clone(), Blame::World))?;
            let owner = attributes::owner(live)?;
            let bytes = content(work, LIVE, machine.watch)
                .map_err(|error| StepError::world("copy", "cannot read the copy", error))?;
            copy_file(live, bytes, owner, work, RESULT, machine.watch)
                .map_err(|error| StepError::world("copy", "cannot copy the copy", error))?;
            replay(std::slice::from_ref(leg), work, RESULT, Patience::Interruptible, machine)?;
            let loss = compared(live, &result, Comparison::Down, machine, work)?;
            Ok((format!("the down migrations lead back to schema {}", leg.to), Some(loss)))
        }
        Way::Restore(backup, comparable) => {
            let directory = machine.config.layout.backup(&backup.id);
            let file = backups::file(&directory);
            let expected = Content { bytes: backup.bytes, sha256: backup.sha256 };
            let owner = attributes::owner(&file)?;
            copy_file(&file, expected, owner, work, RESULT, machine.watch).map_err(|error| {
                StepError::world("backup", format!("cannot take the backup `{}` out", backup.id), error)
            })?;
            let reason = format!("the backup `{}` of {}", backup.id, backup.created.strftime("%Y-%m-%d %H:%M:%S UTC"));
            let uncounted = |why: &str| (format!("{reason}; what it loses cannot be counted: {why}"), None);
            match (live, comparable) {
                (Err(why), _) => Ok(uncounted(why)),
                (Ok(_), Comparable::Not { unknown }) => Ok(uncounted(unknown)),
                (Ok(live), Comparable::By(bridge)) => match restored(live, bridge, machine, work) {
                    Ok(loss) => Ok((reason, Some(loss))),
                    // The backup is whole, and is put in place as it is: a live database that cannot be read to its end is
                    // a reason to take it.
                    Err(error) => Ok(uncounted(&causes::in_one_line(&error))),
                },
            }
        }
    }
}

/// What a backup that was taken out does not have of the live database's copy, at the schema of the newer of the two.
fn restored(live: &Path, bridge: &Bridge, machine: &Machine<'_>, work: &Dir) -> Result<Loss, StepError> {
    let result = work.path().join(RESULT);
    replay(&bridge.backup, work, RESULT, Patience::Interruptible, machine)?;
    if bridge.live.is_empty() {
        return compared(live, &result, Comparison::Restore, machine, work);
    }
    side_files::remove(work, LIFTED)?;
    // The other ways are tried on the copy as it is.
    let copied = copy_whole(live, work, LIFTED, machine.watch);
    copied.map_err(|error| StepError::world("copy", "cannot copy the copy", error))?;
    replay(&bridge.live, work, LIFTED, Patience::Interruptible, machine)?;
    compared(&work.path().join(LIFTED), &result, Comparison::Restore, machine, work)
}

fn compared(
    live: &Path,
    result: &Path,
    kind: Comparison,
    machine: &Machine<'_>,
    work: &Dir,
) -> Result<Loss, StepError> {
    let ledger = sets::ledger(machine.config)?;
    let comparing = Comparing { live, result, kind, ledger: &[ledger.table.as_str()], unstable: &[], work };
    compare(&comparing).map_err(|error| StepError::world("loss", "cannot count what would be lost", error))
}
