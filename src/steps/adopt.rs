//! Does: looks whether the database that was there before the installation is one that the release runs on.
//! Undo: nothing.
//! If killed half-way: nothing was changed.
//! Touches: nothing.

use super::error::Blame;
use super::{Machine, StepError, sets};
use crate::db::look::look;
use crate::journal::releases;
use crate::migration::ledger::Stand;
use crate::migration::recognise;
use crate::plan::verdict::{Standing, compare};
use crate::version::Version;

pub(super) fn perform(version: &Version, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let record = releases::read(&machine.config.layout, version)?.ok_or_else(|| StepError::not_on_disk(version))?;
    let live = &machine.places.live;
    let seen = look(live, &sets::ledger(machine.config)?)
        .map_err(|error| StepError::world("database", format!("cannot look at `{}`", live.display()), error))?;
    let stand = match machine.config.database.migrator {
        None => seen.ledger.stand(&record.order),
        Some(_) => {
            let own = Some(&record.release.schema);
            Stand { schema: recognise(&seen.print, &record.schemas, &record.order, own), ..Stand::default() }
        }
    };
    let schema = stand.schema.as_ref();
    let expected = schema.and_then(|schema| record.schemas.get(&schema.to_string()));
    let drift = expected.map(|expected| stand.drift().chain(seen.print.drift_from(expected)).collect::<Vec<_>>());
    let standing = Standing { schema, dirty: stand.dirty, drift: drift.as_deref() };
    let verdict = compare(&record.release.schema, &record.release.reads, &record.order, &standing);
    if verdict.is_ready() {
        return Ok(());
    }
    let message = format!("{version} cannot adopt the database `{}`: {verdict}", live.display());
    Err(StepError::finding("database-unfit", message, Blame::World)
        .remedy("put right by hand what differs, or install the release that wrote this database"))
}
