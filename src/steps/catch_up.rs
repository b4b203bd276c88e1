//! Does: proves to be alone with the database, and makes the copy equal to it, byte for byte.
//! Undo: nothing; the copy is removed with the step that made it.
//! If killed half-way: the copy is thrown away.
//! Touches: the work directory; checkpoints the live database, and removes what is beside it and holds nothing any more.

use super::{Machine, StepError, downtime, exchange, follow};
use crate::db::catch_up::{CaughtUp, catch_up};
use crate::db::header::{self, Kind};

pub(super) fn perform(machine: &mut Machine<'_>) -> Result<(), StepError> {
    if let Some(following) = machine.memory.following.take() {
        match following.back().and_then(|follower| follower.finish(machine.watch)) {
            // Held until the exchange is durable: nobody can begin to use the database meanwhile.
            Ok(caught) => {
                machine.memory.caught_up = Some(CaughtUp { pages: caught.pages, bytes: caught.bytes });
                machine.memory.alone = Some(caught.alone);
                machine.memory.remains = caught.remains;
                return Ok(());
            }
            Err(error) if error.allows_comparing() => follow::give_up(&error, machine)?,
            Err(error) => {
                return Err(StepError::world("catch-up", "cannot bring the copy up to the last commit", error));
            }
        }
        // What was copied since the rehearsal is not counted any more.
        machine.memory.imprint = None;
        downtime::allow_for(follow::comparing(machine)?, machine)?;
    }
    compare(machine)
}

fn compare(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let alone = exchange::prove_alone(machine)?;
    // With a write-ahead log the locks prove it; without one an idle opener holds none, and only a look can tell.
    if alone.is_blind() && !in_wal_mode(machine)? {
        let message = "some processes could not be looked at, and one of them may hold the database";
        machine.memory.warnings.push(message.to_owned());
    }
    let work = machine.places.open_work()?;
    let caught = catch_up(&alone, &work, &machine.places.copy_name(), machine.watch)
        .map_err(|error| StepError::world("catch-up", "cannot bring the copy up to the last commit", error))?;
    machine.memory.caught_up = Some(caught);
    machine.memory.alone = Some(alone);
    Ok(())
}

fn in_wal_mode(machine: &Machine<'_>) -> Result<bool, StepError> {
    Ok(matches!(header::examine(&machine.places.live)?, Kind::Database { wal: true, .. }))
}
