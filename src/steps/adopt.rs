//! Looks at a database that an installation takes over as it is, once it is known how its schema must look.

use super::error::Blame;
use super::{Machine, StepError, sets};
use crate::db::look::look;
use crate::journal::releases;
use crate::plan::Operation;
use crate::plan::verdict::{Standing, Verdict, compare};

/// Refuses a database whose schema is not what its ledger says. Nothing to do where the run makes a database itself.
pub(super) fn check(machine: &Machine<'_>) -> Result<(), StepError> {
    let plan = machine.plan;
    let Some(version) = plan.to.version.as_ref().filter(|_| plan.operation == Operation::Install && !plan.exchanges())
    else {
        return Ok(());
    };
    let config = machine.config;
    let known = releases::read(&config.layout, version)?.ok_or_else(|| StepError::not_on_disk(version))?;
    let live = &machine.places.live;
    let seen = look(live, &sets::ledger(config)?)
        .map_err(|error| StepError::world("database", format!("cannot look at `{}`", live.display()), error))?;
    let schema = seen.ledger.schema();
    let expected = schema.and_then(|schema| known.schemas.get(&schema.to_string()));
    let drift = expected.map(|expected| seen.print.drift_from(expected));
    let standing = Standing { schema, dirty: seen.ledger.is_dirty(), drift: drift.as_deref() };
    match compare(&known.release.schema, &known.release.reads, &known.order, &standing) {
        Verdict::Ready { .. } => Ok(()),
        verdict => {
            let message = format!("{version} cannot adopt the database `{}`: {verdict}", live.display());
            Err(StepError::finding("database-unfit", message, Blame::World).remedy(
                "put its schema right by hand, or install the release that wrote it with \
                 `gantry-installer install --to VERSION`",
            ))
        }
    }
}
