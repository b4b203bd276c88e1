//! Does: runs the migrations on the copy, which must do what they did in the rehearsal.
//! Undo: nothing; the copy is removed with the step that made it.
//! If killed half-way: the copy is thrown away.
//! Touches: the work directory.

use std::time::Duration;

use super::error::Blame;
use super::{Copied, Machine, StepError, downtime, import, migrator, rehearse, sets};
use crate::db::loss::{Comparing, Comparison, compare};
use crate::db::migrate::{Checks, MigrateError, Settings, run};
use crate::db::receipt::Receipt;
use crate::db::stamp::stamp_copy;
use crate::migration::{Direction, Severity};
use crate::plan::Leg;
use crate::plan::verdict::drift_words;

pub(super) fn perform(leg: &Leg, machine: &mut Machine<'_>) -> Result<(), StepError> {
    if leg.is_import() {
        return import::perform(leg, machine);
    }
    if leg.is_of_the_ledger() {
        return put_right(leg, machine);
    }
    if machine.memory.copied == Copied::AfterStop {
        rehearse::on_copy(std::slice::from_ref(leg), 1, machine)?;
    }
    let ledger = sets::ledger(machine.config)?;
    let Some(receipt) = &machine.memory.receipt else {
        return Err(StepError::finding("rehearsal", "the migrations were not rehearsed", Blame::World));
    };
    if machine.config.database.migrator.is_some() {
        let work = machine.places.open_work()?;
        let limit = Duration::from_millis(receipt.ms.saturating_mul(10)) + Duration::from_secs(60);
        let limit = downtime::left(machine).map_or(limit, |left| left.min(limit));
        let done = migrator::leg(leg, &work, &machine.places.new_name(), limit, machine);
        // Whoever is cut off for the downtime is not to blame.
        let done = done.map_err(|error| downtime::allow(machine).err().unwrap_or(error))?;
        return confirmed(receipt, &done);
    }
    let stop = downtime::stop(machine);
    let settings = Settings {
        foreign_keys: machine.config.database.foreign_keys,
        checks: Checks::Written(receipt.written.clone()),
        stop,
        ..Settings::of(&ledger)
    };
    let works = sets::works(machine.config, leg)?;
    let copy = machine.places.new_database();
    let done = run(&copy, &works, &settings).map_err(|error| match error {
        MigrateError::Stopped => downtime::stopped(machine, error),
        error => StepError::release("migration", "the migrations failed on the copy", error),
    })?;
    confirmed(receipt, &done)?;
    if leg.direction == Direction::Down {
        agreed(&ledger.table, machine)?;
    }
    Ok(())
}

/// Makes the ledger of the copy say what its schema is, and looks once more whether it is that.
fn put_right(leg: &Leg, machine: &Machine<'_>) -> Result<(), StepError> {
    let ledger = sets::ledger(machine.config)?;
    let set = sets::of(machine.config, &leg.migrations)?;
    let print = stamp_copy(&machine.places.new_database(), &set, &ledger, &leg.to)
        .map_err(|error| StepError::world("ledger", "cannot write the ledger of the copy", error))?;
    let Some(expected) = sets::print(machine.config, leg)? else {
        let message = format!("no release on disk knows what schema {} looks like", leg.to);
        return Err(StepError::finding("ledger", message, Blame::World));
    };
    let fatal: Vec<_> = print.drift_from(&expected).into_iter().filter(|one| one.severity == Severity::Fatal).collect();
    if fatal.is_empty() {
        return Ok(());
    }
    let message = format!("the schema is not that of {} any more: {}", leg.to, drift_words(&fatal));
    Err(StepError::finding("ledger", message, Blame::World))
}

fn confirmed(rehearsed: &Receipt, done: &Receipt) -> Result<(), StepError> {
    rehearsed.confirm(done).map_err(|error| {
        StepError::release("deviation", "the migrations did not do what they did in the rehearsal", error)
            .remedy("run the same command again: the rehearsal is repeated on the data as it is now")
    })
}

/// What going down loses in the end must have been shown before.
fn agreed(ledger: &str, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let work = machine.places.open_work()?;
    let comparing = Comparing {
        // Nobody has it open, and it cannot change: the proof of being alone is held.
        live: &machine.places.live,
        result: &machine.places.new_database(),
        kind: Comparison::Down,
        ledger: &[ledger],
        unstable: &[],
        work: &work,
    };
    let loss = compare(&comparing)
        .map_err(|error| StepError::world("loss", "cannot count what the down migrations lose", error))?;
    let shown = machine.plan.agreed.clone().unwrap_or_default();
    if let Some(more) = loss.exceeds(&shown) {
        let what = more.column.map_or(more.table.clone(), |column| format!("{}.{column}", more.table));
        let message = format!("the down migrations would lose values in `{what}`, which was not shown before");
        return Err(StepError::finding("loss", message, Blame::World)
            .remedy("run `gantry-installer rollback` again, and look at what it says would be lost"));
    }
    machine.memory.loss = Some(loss);
    Ok(())
}
