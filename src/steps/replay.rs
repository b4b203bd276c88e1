//! Takes a copy that is thrown away through the legs of a plan: to rehearse a later hop, or to count what would be lost.

use super::import::{self, Thoroughness};
use super::{Machine, StepError, migrator, sets};
use crate::db::Stop;
use crate::db::migrate::{MigrateError, Settings, run};
use crate::db::side_files;
use crate::migration::Severity;
use crate::plan::Leg;
use crate::plan::verdict::drift_words;
use crate::steps::error::Blame;
use crate::sys::dir::Dir;
use crate::sys::watch::{Uncancelled, Watch};
use crate::transfer::account::Account;

/// What an import makes before it gets the name of what it was made from.
const MADE: &str = "scratch-made.db";

/// Whether a signal ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It does.
    Interruptible,
    /// The run is over, and it comes to its end.
    ToTheEnd,
}

/// Runs every leg on the file `name` of the work directory, which stands for the last one's result afterwards. Each must
/// lead to the schema that its version stands for.
///
/// Returns what the imports among them did, in their order.
///
/// # Errors
/// The first leg that fails, or leads elsewhere.
pub fn replay(
    legs: &[Leg],
    work: &Dir,
    name: &str,
    patience: Patience,
    machine: &Machine<'_>,
) -> Result<Vec<Account>, StepError> {
    let mut accounts = Vec::new();
    // Rows are no others because the ledger says something else.
    for leg in legs.iter().filter(|leg| !leg.is_of_the_ledger()) {
        if leg.is_import() {
            accounts.push(imported(leg, work, name, patience, machine)?);
        } else {
            migrated(leg, work, name, patience, machine)?;
        }
    }
    Ok(accounts)
}

fn imported(
    leg: &Leg,
    work: &Dir,
    name: &str,
    patience: Patience,
    machine: &Machine<'_>,
) -> Result<Account, StepError> {
    let uncancelled = Uncancelled(machine.watch);
    let watch: &dyn Watch = if patience == Patience::ToTheEnd { &uncancelled } else { machine.watch };
    let source = work.path().join(name);
    let made = import::import(leg, (&source, work, MADE), Thoroughness::Rehearsal, watch, machine);
    let account = made.inspect_err(|_| {
        // Where it cannot be removed the next run does so, and why the import failed is what counts.
        let _ = side_files::remove(work, MADE);
    })?;
    side_files::discard(work, name)?;
    work.rename(MADE, work, name)?;
    Ok(account)
}

fn migrated(leg: &Leg, work: &Dir, name: &str, patience: Patience, machine: &Machine<'_>) -> Result<(), StepError> {
    let receipt = match (machine.config.database.migrator.is_some(), patience) {
        (true, Patience::Interruptible) => migrator::leg(leg, work, name, migrator::LIMIT, machine)?,
        (true, Patience::ToTheEnd) => migrator::leg_to_compare(leg, work, name, machine)?,
        (false, _) => {
            let ledger = sets::ledger(machine.config)?;
            let stop: Stop = match patience {
                Patience::Interruptible => super::downtime::stop(machine),
                Patience::ToTheEnd => std::sync::Arc::new(|| false),
            };
            let foreign_keys = machine.config.database.foreign_keys;
            let settings = Settings { foreign_keys, stop, ..Settings::of(&ledger) };
            run(&work.path().join(name), &sets::works(machine.config, leg)?, &settings).map_err(
                |error| match error {
                    MigrateError::Stopped => StepError::world("signal", "a signal asked for the end", error),
                    error => {
                        StepError::release("migrations", format!("the migrations to schema {} fail", leg.to), error)
                    }
                },
            )?
        }
    };
    let drift = match sets::print(machine.config, leg)? {
        Some(expected) => receipt.print.drift_from(&expected),
        None => Vec::new(),
    };
    let fatal: Vec<_> = drift.into_iter().filter(|one| one.severity == Severity::Fatal).collect();
    if fatal.is_empty() {
        return Ok(());
    }
    let message = format!("the migrations do not lead to schema {} as it should be: {}", leg.to, drift_words(&fatal));
    Err(StepError::finding("migrations", message, Blame::Release))
}
