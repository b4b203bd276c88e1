//! Does: puts the new database file in the place of the live one, which keeps a name in the work directory.
//! Undo: gives the live name back to the old file, and keeps the new one if it was in use.
//! If killed half-way: the names tell how far it is; both directions go on from any point.
//! Touches: the directory of the database, the work directory.

use std::path::Path;

use super::error::Blame;
use super::{Machine, StartedOnce, StepError};
use crate::db::alone::{Alone, NotAlone};
use crate::db::exchange::{Beside, Exchange, ExchangeError, Started};
use crate::db::side_files;
use crate::layout::WorkLayout;
use crate::plan::Strategy;

pub(super) fn perform(replaces: bool, machine: &mut Machine<'_>) -> Result<(), StepError> {
    if !replaces {
        return place(machine);
    }
    let (alone, beside) = match machine.memory.alone.take() {
        Some(alone) => (alone, Beside::Nothing),
        None => part(machine)?,
    };
    let (live, name) = machine.places.open_live()?;
    let work = machine.places.open_work()?;
    let exchange = Exchange { live: &live, name: &name, work: &work, run: &machine.plan.run };
    exchange.perform(&alone, beside).map_err(|error| match error {
        ExchangeError::NotAlone(error) => held(&machine.places.live, error),
        error => failed(error),
    })
}

pub(super) fn undo(replaces: bool, machine: &mut Machine<'_>) -> Result<(), StepError> {
    machine.memory.alone = None;
    if !replaces {
        return displace(machine);
    }
    let (live, name) = machine.places.open_live()?;
    let work = machine.places.open_work()?;
    let exchange = Exchange { live: &live, name: &name, work: &work, run: &machine.plan.run };
    let started = match machine.memory.started {
        StartedOnce::Yes => Started::Yes,
        StartedOnce::No => Started::No,
    };
    exchange.undo(started).map_err(failed)
}

/// Being alone with the live database, with words for what keeps us from it.
pub(super) fn prove_alone(machine: &Machine<'_>) -> Result<Alone, StepError> {
    let live = &machine.places.live;
    Alone::prove(live).map_err(|error| held(live, error))
}

/// The same for a database that is replaced by a backup: it may be damaged, so that SQLite cannot settle it.
fn part(machine: &Machine<'_>) -> Result<(Alone, Beside), StepError> {
    let live = &machine.places.live;
    match Alone::prove(live) {
        Ok(alone) => Ok((alone, Beside::Nothing)),
        Err(NotAlone::Unsettled { .. } | NotAlone::Pending { .. })
            if machine.plan.strategy == Some(Strategy::Restore) =>
        {
            let alone = Alone::hold(live).map_err(|error| held(live, error))?;
            Ok((alone, Beside::GoesAlong))
        }
        Err(error) => Err(held(live, error)),
    }
}

fn held(live: &Path, error: NotAlone) -> StepError {
    let message = format!("cannot be alone with the database `{}` after the stop", live.display());
    StepError::world("database-held", message, error).remedy("stop whatever holds it, then run the command again")
}

/// Where there is no live database, the new one gets the free name; a file that appeared meanwhile is never replaced.
fn place(machine: &Machine<'_>) -> Result<(), StepError> {
    let (live, name) = machine.places.open_live()?;
    let work = machine.places.open_work()?;
    let new = machine.places.new_name();
    let (made, there) = (work.identity(&new)?, live.identity(&name)?);
    if let (None, Some(beside)) = (there, side_files::pending(&live, &name)?) {
        return Err(failed(ExchangeError::Pending { beside: live.path().join(beside).display().to_string() }));
    }
    match (made, there) {
        (Some(_), None) => work.link(&new, &live, &name)?,
        (Some(made), Some(there)) if made == there => {}
        (None, Some(_)) => {}
        _ => {
            let message =
                format!("there is a database `{}` now, which was not there before", machine.places.live.display());
            return Err(StepError::finding("database-appeared", message, Blame::World));
        }
    }
    live.sync()?;
    work.unlink(&new)?;
    Ok(work.sync()?)
}

fn displace(machine: &Machine<'_>) -> Result<(), StepError> {
    let (live, name) = machine.places.open_live()?;
    let work = machine.places.open_work()?;
    if live.identity(&name)?.is_none() {
        return Ok(());
    }
    let new = machine.places.new_name();
    // Placed and not yet unlinked, or not placed at all and then it is not ours.
    if let Some(made) = work.identity(&new)? {
        if live.identity(&name)? == Some(made) {
            live.unlink(&name)?;
            live.sync()?;
        }
        return Ok(());
    }
    let settled = prove_alone(machine)?;
    settled.look_again(&machine.places.live).map_err(|error| held(&machine.places.live, error))?;
    match machine.memory.started {
        // Nobody wrote to it. Under another name first, a kill would leave it to be taken for one that was in use.
        StartedOnce::No => live.unlink(&name)?,
        StartedOnce::Yes => live.rename(&name, &work, &WorkLayout::abandoned_name(&machine.plan.run))?,
    }
    live.sync()?;
    work.sync()?;
    drop(settled);
    Ok(())
}

fn failed(error: ExchangeError) -> StepError {
    StepError::world("exchange", "cannot exchange the database file", error)
}
