//! Does: runs the migrations of the whole way on the copy, checks what they did, and takes them back.
//! Undo: nothing; the copy is as it was.
//! If killed half-way: the copy is thrown away with the step that made it.
//! Touches: the work directory, the receipt of the run.

use std::cell::Cell;
use std::sync::Arc;

use super::error::Blame;
use super::replay::{Patience, replay};
use super::{Copied, Machine, StepError, damage, downtime, follow, import, migrator, sets};
use crate::db::copy::copy as db_copy;
use crate::db::copy_file::{content, copy_file};
use crate::db::fault;
use crate::db::migrate::{MigrateError, Settings};
use crate::db::receipt::Receipt;
use crate::db::rehearse::{self, RehearseError, rehearse};
use crate::db::witness::problems;
use crate::journal::record;
use crate::migration::{Severity, Work};
use crate::plan::Leg;
use crate::plan::verdict::drift_words;
use crate::sys::attributes;
use crate::sys::dir::Dir;

pub(super) fn perform(legs: &[Leg], own: usize, machine: &mut Machine<'_>) -> Result<(), StepError> {
    if machine.memory.copied == Copied::AfterStop {
        // There is no copy yet: what is rehearsed then is this run's migrations alone, before they run for real.
        let (copied, restart) = (machine.memory.predicted_ms.unwrap_or(0), machine.plan.restart_ms.unwrap_or(0));
        machine.memory.predicted_ms = Some(copied + restart);
        return downtime::foresee(machine);
    }
    on_copy(legs, own, machine)?;
    // The stop comes next: the less is written between, the less is left to copy after it.
    follow::freshen(machine)
}

/// Takes the copy, or another one, through the whole way. An import is on it at most once as this run's own leg, and is
/// the last of those that could be taken back.
pub(super) fn on_copy(legs: &[Leg], own: usize, machine: &mut Machine<'_>) -> Result<(), StepError> {
    if let (Some((import, later)), 1) = (legs.split_first().filter(|(first, _)| first.is_import()), own) {
        import::rehearse(import, machine)?;
        // What follows in the new major is rehearsed on what the import made.
        return further(later, machine).map(|_| ());
    }
    let receipts = further(legs, machine)?;
    let Some(receipt) = receipts.into_iter().take(own).next() else { return Ok(()) };
    machine.memory.warnings.extend(receipt.warnings.iter().cloned());
    let caught_up = follow::catching_up(machine)?;
    let restart = machine.plan.restart_ms.unwrap_or(0);
    let copied = machine.memory.predicted_ms.unwrap_or(0);
    machine.memory.predicted_ms = Some(copied + caught_up + receipt.ms + restart);
    record::write(&machine.places.run.receipt(), &receipt, 0o600)?;
    machine.memory.receipt = Some(receipt);
    downtime::foresee(machine)
}

/// Migrations up to an import on the database that the run makes, then all of the way on a second copy.
fn further(legs: &[Leg], machine: &mut Machine<'_>) -> Result<Vec<Receipt>, StepError> {
    let import = legs.iter().position(Leg::is_import);
    let (before, rest) = legs.split_at(import.unwrap_or(legs.len()));
    let receipts = match (before, machine.config.database.migrator.is_some()) {
        ([], _) => Ok(Vec::new()),
        (before, true) => by_product(before, machine),
        (before, false) => by_files(before, machine),
    };
    let receipts = match receipts {
        Ok(receipts) => receipts,
        Err(error) => return Err(damage::before_blame(error, machine)?),
    };
    if rest.is_empty() {
        return Ok(receipts);
    }
    let work = machine.places.open_work()?;
    // As a file: SQLite would leave an index beside the copy, which must be alone when it is changed.
    let copy = machine.places.new_database();
    let failed = |error| StepError::world("copy", "cannot copy the copy for the rehearsal", error);
    let content = content(&work, &machine.places.new_name(), machine.watch).map_err(failed)?;
    copy_file(&copy, content, attributes::owner(&copy)?, &work, SCRATCH, machine.watch).map_err(failed)?;
    let accounts = replay(legs, &work, SCRATCH, Patience::Interruptible, machine)?;
    super::copy::remove_scratch(machine)?;
    // The hop that makes the import is refused here, before the first stop of the way, and not once the others are done.
    let restart = machine.plan.restart_ms.unwrap_or(0);
    let longest = accounts.iter().map(|account| import::after_the_stop(account) + restart).max();
    downtime::hold_against(longest, machine)?;
    Ok(receipts)
}

/// The product's own migrator, on a second copy that is thrown away.
fn by_product(legs: &[Leg], machine: &Machine<'_>) -> Result<Vec<Receipt>, StepError> {
    let work = machine.places.open_work()?;
    let copied = db_copy(&machine.places.new_database(), &work, SCRATCH, machine.watch);
    copied.map_err(|error| StepError::world("copy", "cannot copy the copy for the rehearsal", error))?;
    let receipts =
        legs.iter().map(|leg| by_product_of(leg, &work, machine).map_err(|error| error.about(&leg.migrations)));
    let receipts: Result<Vec<_>, _> = receipts.collect();
    super::copy::remove_scratch(machine)?;
    receipts
}

const WAY_OUT: &str = "nothing was changed: stay on this release, and show the publisher what you see here";

const SCRATCH: &str = "scratch-rehearsal.db";

fn by_product_of(leg: &Leg, work: &Dir, machine: &Machine<'_>) -> Result<Receipt, StepError> {
    let receipt = migrator::leg(leg, work, SCRATCH, migrator::LIMIT, machine)?;
    let finding = |message| StepError::finding("rehearsal", message, Blame::Release).remedy(WAY_OUT);
    // No file says which rows are meant to go, so that none may.
    if let Some(lost) = receipt.tables.iter().find(|table| table.lost_rows()) {
        let (before, after) = (lost.before.unwrap_or(0), lost.after.unwrap_or(0));
        let message = format!("the migrator of {} takes `{}` from {before} to {after} rows", leg.migrations, lost.name);
        return Err(finding(message));
    }
    let drift = sets::print(machine.config, leg)?.map(|expected| receipt.print.drift_from(&expected));
    let fatal: Vec<_> = drift.into_iter().flatten().filter(|drift| drift.severity == Severity::Fatal).collect();
    if !fatal.is_empty() {
        let message = format!("the migrator of {} leads to another schema: {}", leg.migrations, drift_words(&fatal));
        return Err(finding(message));
    }
    let ledger = sets::ledger(machine.config)?;
    let settings = Settings { foreign_keys: machine.config.database.foreign_keys, ..Settings::of(&ledger) };
    let problems = problems(&work.path().join(SCRATCH), &settings)
        .map_err(|error| StepError::world("rehearsal", "cannot check the copy", error))?;
    if problems.is_empty() {
        Ok(receipt)
    } else {
        let message = format!("the migrator of {} leaves a damaged database", leg.migrations);
        Err(StepError::release("rehearsal", message, RehearseError::Damaged { problems }).remedy(WAY_OUT))
    }
}

fn by_files(legs: &[Leg], machine: &mut Machine<'_>) -> Result<Vec<Receipt>, StepError> {
    let ledger = sets::ledger(machine.config)?;
    let mut works = Vec::new();
    let mut expected = Vec::new();
    for leg in legs {
        works.push(sets::works(machine.config, leg)?);
        expected.push(sets::print(machine.config, leg)?);
        machine.memory.warnings.extend(oddities(leg, machine)?);
        refuse_rewritten(leg, machine)?;
    }
    // Of several hops, the one whose migrations fail is the one to blame.
    let running = Cell::new(0);
    let begins = |work: &Work| running.set(works.iter().position(|leg| leads_through(leg, work)).unwrap_or(0));
    let interrupt = machine.interrupt.clone();
    let settings = Settings {
        foreign_keys: machine.config.database.foreign_keys,
        stop: Arc::new(move || interrupt.requested().is_some()),
        progress: &begins,
        ..Settings::of(&ledger)
    };
    let pairs = works.iter().zip(&expected);
    let rehearsed: Vec<_> =
        pairs.map(|(works, expected)| rehearse::Leg { works, expected: expected.as_ref() }).collect();
    let copy = machine.places.new_database();
    let scratch = machine.places.work.scratch("rehearsal");
    rehearse(&copy, &scratch, &rehearsed, &settings).map_err(|error| failed(error, legs.get(running.get())))
}

/// Whether a work is of this leg. Those of a leg are of one set, and two legs of different ones.
fn leads_through(leg: &[Work], work: &Work) -> bool {
    leg.first().is_some_and(|first| first.set().is(work.set()))
}

fn failed(error: RehearseError, leg: Option<&Leg>) -> StepError {
    let error = match error {
        RehearseError::Migrate(MigrateError::Stopped) => {
            StepError::world("signal", "a signal asked for the end", error)
        }
        RehearseError::Path(_) | RehearseError::NotAtRest { .. } | RehearseError::Changed { .. } => {
            StepError::world("rehearsal", "the migrations cannot be rehearsed", error)
        }
        error if fault::is_of_the_machine(&error) => {
            StepError::world("rehearsal", "the migrations cannot be rehearsed", error)
        }
        _ => StepError::release("rehearsal", "the migrations do not pass on a copy of this database", error)
            .remedy(WAY_OUT),
    };
    match leg {
        Some(leg) => error.about(&leg.migrations),
        None => error,
    }
}

/// What is odd about the migrations of this leg.
fn oddities(leg: &Leg, machine: &Machine<'_>) -> Result<Vec<String>, StepError> {
    let set = sets::of(machine.config, &leg.migrations)?;
    Ok(set.warnings(machine.config.database.wrap).iter().map(ToString::to_string).collect())
}

/// Refuses a release in which a migration that this database has behind it does something else than it did then: its
/// schema may look the same, and its rows are not those that the release expects.
fn refuse_rewritten(leg: &Leg, machine: &Machine<'_>) -> Result<(), StepError> {
    let installed = machine.plan.from.version.as_ref().filter(|version| **version != leg.migrations);
    // Of another major, all of them are.
    let alike = installed.filter(|version| version.major() == leg.migrations.major());
    let (Some(version), Some(from)) = (alike, &leg.from) else { return Ok(()) };
    let (set, older) = (sets::of(machine.config, &leg.migrations)?, sets::of(machine.config, version)?);
    let rewritten = set.rewritten(&older, from)?;
    let rewritten: Vec<_> = rewritten.iter().map(|file| format!("`{file}`")).collect();
    if rewritten.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} of {} was applied to this database as {version} has it, and does something else now",
        rewritten.join(", "),
        leg.migrations
    );
    Err(StepError::finding("rewritten", message, Blame::Release)
        .remedy("stay on this release, and ask the publisher for one that brings the change in a migration of its own")
        .about(&leg.migrations))
}
