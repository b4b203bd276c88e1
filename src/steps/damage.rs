//! A damage that the database brought along, told from one that a release is to blame for.

use std::error::Error as _;

use super::error::Blame;
use super::{Machine, StepError, sets};
use crate::db::fault;
use crate::db::migrate::Settings;
use crate::db::rehearse::RehearseError;
use crate::db::witness::problems;

/// What a rehearsal stumbled over, which left the copy as it was: where that one is damaged itself, no release made it so,
/// and another release would fare no better.
pub(super) fn before_blame(error: StepError, machine: &Machine<'_>) -> Result<StepError, StepError> {
    if error.blame == Blame::World || !is_damage(&error) {
        return Ok(error);
    }
    let ledger = sets::ledger(machine.config)?;
    let settings = Settings { foreign_keys: machine.config.database.foreign_keys, ..Settings::of(&ledger) };
    let found = match problems(&machine.places.new_database(), &settings) {
        Ok(found) if found.is_empty() => return Ok(error),
        Ok(problems) => RehearseError::Damaged { problems },
        Err(unreadable) => RehearseError::Migrate(unreadable),
    };
    Ok(StepError::world("rehearsal", "the database is damaged, before any migration", found)
        .remedy("nothing was changed: put a backup back; `gantry-installer backup list` names those that there are"))
}

fn is_damage(error: &StepError) -> bool {
    let found_at_the_end = |cause: &RehearseError| matches!(cause, RehearseError::Damaged { .. });
    fault::is_damage(error) || error.source().and_then(|cause| cause.downcast_ref()).is_some_and(found_at_the_end)
}
