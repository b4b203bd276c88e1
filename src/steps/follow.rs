//! Following the live database from the copy to the stop: whoever gives it up says so, and what comes instead.

use std::time::Duration;

use super::{Copied, Machine, StepError, downtime};
use crate::causes;
use crate::db::copy::{CopyError, CopyOutcome, Followed, backed_up, put_off, take as take_copy};
use crate::db::follow::{FollowError, Follower, Next};
use crate::sys::fs;

/// How fast two files are read and compared, from memory: a gibibyte a second.
const BYTES_PER_MS: u64 = (1 << 30) / 1000;
/// How fast a database is copied of which nothing could be read yet: as by a disk of 128 MiB a second.
const COPIED_PER_MS: u64 = (128 << 20) / 1000;

/// Copies the live database and follows it, where that can be.
pub(super) fn take(next: Next, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let live = machine.places.live.clone();
    let failed = |error| StepError::world("copy", format!("cannot copy the database `{}`", live.display()), error);
    let work = machine.places.open_work()?;
    let name = machine.places.copy_name();
    let copy = match take_copy(&live, &work, &name, machine.watch) {
        // It was not to be seen before that the service keeps everybody out (`locking_mode = EXCLUSIVE`).
        Err(CopyError::Locked { .. }) if machine.plan.was_running => {
            let bytes = fs::metadata(&live)?.len();
            let predicted = Duration::from_millis(bytes / COPIED_PER_MS);
            put_off(&live, &work, &name, predicted).map_err(failed)?;
            after_stop(predicted, "the service has the database to itself", machine);
            return Ok(());
        }
        copy => copy.map_err(failed)?,
    };
    let mut outcome = copy.outcome;
    match copy.followed {
        Followed::Yes(follower) => {
            if let Err(error) = keep(*follower, Pages::CountedAnew, next, machine) {
                let error = tolerated(error, machine)?;
                // It may be half of one state and half of another, and is what the migrations are rehearsed on.
                outcome = backed_up(&live, &work, &name, machine.watch).map_err(failed)?;
                give_up(&error, machine)?;
            }
        }
        Followed::Lost(error) => give_up(&error, machine)?,
        Followed::NoLog => {}
    }
    if let CopyOutcome::AfterStop { predicted, .. } = outcome {
        after_stop(predicted, "the database is written too much to be copied while it is in use", machine);
    }
    Ok(())
}

/// Says that the copy is made after the stop, and how long that should take.
fn after_stop(predicted: Duration, why: &str, machine: &mut Machine<'_>) {
    let ms = u64::try_from(predicted.as_millis()).unwrap_or(u64::MAX);
    machine.memory.copied = Copied::AfterStop;
    machine.memory.predicted_ms = Some(ms);
    machine.memory.warnings.push(format!(
        "{why}: it is copied, and the migrations are rehearsed, while the service is stopped; the copy takes about {ms} ms"
    ));
}

/// Brings the copy up to now, directly before the stop. Where the database is not followed any more it is copied anew,
/// while it is still in use; where it cannot be followed then either, the copy is compared with it after the stop.
///
/// # Errors
/// That would take longer than is allowed, or something failed.
pub(super) fn freshen(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let Some(following) = machine.memory.following.take() else { return Ok(()) };
    let (foreseen, before) = (machine.memory.predicted_ms, machine.memory.catch_up_ms);
    let Err(error) = following.back().and_then(|follower| keep(follower, Pages::Counted, Next::Stop, machine)) else {
        let after = machine.memory.catch_up_ms;
        machine.memory.predicted_ms = foreseen.map(|predicted| predicted.saturating_sub(before) + after);
        return downtime::foresee(machine);
    };
    let error = tolerated(error, machine)?;
    // What was rehearsed on the copy before was another one.
    machine.memory.imprint = None;
    if error.is_for_room() {
        // Another copy would keep the log from beginning again for as long as it takes.
        give_up(&error, machine)?;
    } else {
        machine.memory.warnings.push(format!("{}: the database is copied anew", causes::in_one_line(&error)));
        take(Next::Stop, machine)?;
    }
    let more = match machine.memory.copied {
        Copied::AfterStop => machine.memory.predicted_ms.unwrap_or(0),
        _ => comparing(machine)?,
    };
    machine.memory.predicted_ms = foreseen.map(|predicted| predicted + more);
    downtime::foresee(machine)
}

/// What is given up for, and does not end the run.
fn tolerated(error: FollowError, machine: &Machine<'_>) -> Result<FollowError, StepError> {
    if error.allows_comparing() {
        return Ok(error);
    }
    let live = machine.places.live.display();
    Err(StepError::world("copy", format!("cannot follow the database `{live}`"), error))
}

/// How long the last catching up takes, in milliseconds.
pub(super) fn catching_up(machine: &Machine<'_>) -> Result<u64, StepError> {
    Ok(machine.memory.catch_up_ms + comparing(machine)?)
}

/// How long the copy is compared with the database after the stop: not at all where that one is followed.
pub(super) fn comparing(machine: &Machine<'_>) -> Result<u64, StepError> {
    if machine.memory.following.is_some() {
        return Ok(0);
    }
    Ok(fs::metadata(&machine.places.copy())?.len() / BYTES_PER_MS)
}

/// What becomes of the number of pages that were copied again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pages {
    /// They belong to the copy that is rehearsed on.
    CountedAnew,
    /// They were written since.
    Counted,
}

fn keep(mut follower: Follower, pages: Pages, next: Next, machine: &mut Machine<'_>) -> Result<(), FollowError> {
    let last = follower.settle_down(next, machine.watch)?;
    if pages == Pages::CountedAnew {
        follower.count_anew();
    }
    machine.memory.catch_up_ms = u64::try_from(last.elapsed.as_millis()).unwrap_or(u64::MAX);
    machine.memory.following = Some(follower.in_background()?);
    Ok(())
}

/// Says that the copy is compared instead.
pub(super) fn give_up(error: &FollowError, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let why = causes::in_one_line(error);
    let more = comparing(machine)?;
    machine.memory.warnings.push(format!(
        "{why}: the copy is compared with the database while the service is stopped, which takes about {more} ms"
    ));
    Ok(())
}
