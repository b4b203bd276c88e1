//! Carries out a plan, and finishes or undoes one that was interrupted: the one place where plan, steps and journal
//! meet. Writes intent, acts, writes done.

mod aftermath;
pub mod leftovers;
pub mod recover;
mod report;
pub mod resolve;
pub mod survey;

use thiserror::Error as ThisError;

pub use report::{Failure, Outcome, Report, StepTime, usual_restart};

use crate::causes;
use crate::journal::record::{self, RecordError};
use crate::journal::{Ended, Event, Journal, JournalError};
use crate::plan::Step;
use crate::steps::error::Blame;
use crate::steps::{self, Machine, StartedOnce, StepError};
use crate::sys::clock::Stopwatch;
use crate::sys::fs::{self, PathError};
use crate::sys::watch::Watch;
use recover::{Remaining, is_given_up, remaining};

/// Hears what a run does.
pub trait Observer: Watch {
    /// A step begins.
    fn begins(&self, step: &'static str);
    /// A step is done.
    fn ends(&self, step: &'static str, ms: u64);
    /// The run cannot go on and goes back.
    fn goes_back(&self, why: &str);
}

/// Why a run could not even be recorded.
#[derive(Debug, ThisError)]
pub enum RunError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A recovery was tried too often.
    #[error("run {run} could not be recovered in {tries} tries")]
    GivenUp {
        /// Which run.
        run: String,
        /// How often it was tried.
        tries: usize,
    },
    /// Its plan is gone.
    #[error("run {run} has no plan")]
    NoPlan {
        /// Which run.
        run: String,
    },
}

/// Space set aside before the first change, so that an undo can write its records on a disk that became full.
const RESERVE: u64 = 4 << 20;

/// Carries out the plan of `machine`: all of it, or nothing.
///
/// # Errors
/// Only where not even the plan could be saved: then nothing was done. Everything later is in the report.
pub fn apply(machine: &mut Machine<'_>, observer: &dyn Observer) -> Result<Report, RunError> {
    let places = machine.places.run.clone();
    fs::create_dir_all(&places.directory, 0o700)?;
    fs::reserve(&machine.config.layout.reserve(), RESERVE)?;
    record::write(&places.plan(), machine.plan, 0o600)?;
    let mut journal = Journal::open(&places.journal())?;
    let mut times = Vec::new();
    for (number, step) in machine.plan.steps.iter().enumerate() {
        let result = take(number, step, machine, &mut journal, observer, &mut times);
        if let Err(error) = result {
            if machine.plan.commit().is_some_and(|commit| number >= commit) {
                // NEW already: what is left is repeated by the next command.
                machine.memory.warnings.push(format!(
                    "the {} step is unfinished: {}",
                    step.name(),
                    causes::in_one_line(&error)
                ));
                return Ok(report::of(machine, Outcome::Done, times, None));
            }
            return Ok(go_back(number, error, machine, &mut journal, observer, times));
        }
    }
    journal.append(Event::Closed { outcome: Ended::New })?;
    let _ = fs::remove_file(&machine.config.layout.reserve());
    let report = report::of(machine, Outcome::Done, times, None);
    record::write(&places.report(), &report, 0o600)?;
    Ok(report)
}

/// Finishes or undoes the run of `machine`, which another process began.
///
/// # Errors
/// Where it was tried too often, or its records cannot be written.
pub fn recover(machine: &mut Machine<'_>, observer: &dyn Observer) -> Result<Report, RunError> {
    let mut journal = Journal::open(&machine.places.run.journal())?;
    if is_given_up(journal.entries()) {
        return Err(RunError::GivenUp { run: machine.plan.run.clone(), tries: recover::TRIES });
    }
    let started = machine.plan.steps.iter().position(|step| matches!(step, Step::Start));
    let begun = |entry: &crate::journal::Entry| matches!(entry.event, Event::Intend { step } if Some(step) == started);
    if journal.entries().iter().any(begun) {
        machine.memory.started = StartedOnce::Yes;
    }
    let left = remaining(machine.plan, journal.entries());
    if !matches!(left, Remaining::Nothing(_)) {
        journal.append(Event::Recover)?;
    }
    match left {
        Remaining::Nothing(_) => Ok(report::of(machine, Outcome::Nothing, Vec::new(), None)),
        Remaining::Forward(steps) => {
            let mut times = Vec::new();
            for number in steps {
                let Some(step) = machine.plan.steps.get(number) else { continue };
                let result = take(number, step, machine, &mut journal, observer, &mut times);
                if let Err(error) = result {
                    return Ok(report::of(
                        machine,
                        Outcome::Stranded,
                        times,
                        Some(Failure::of(step.name(), &error, machine.plan)),
                    ));
                }
            }
            journal.append(Event::Closed { outcome: Ended::New })?;
            let _ = fs::remove_file(&machine.config.layout.reserve());
            let report = report::of(machine, Outcome::Done, times, None);
            record::write(&machine.places.run.report(), &report, 0o600)?;
            Ok(report)
        }
        Remaining::Back(_) => {
            let cause = StepError::finding("interrupted", "the run was interrupted", Blame::World);
            let number = journal.entries().iter().rev().find_map(|entry| match entry.event {
                Event::Intend { step } => Some(step),
                _ => None,
            });
            Ok(go_back(number.unwrap_or(0), cause, machine, &mut journal, observer, Vec::new()))
        }
    }
}

fn take(
    number: usize,
    step: &Step,
    machine: &mut Machine<'_>,
    journal: &mut Journal,
    observer: &dyn Observer,
    times: &mut Vec<StepTime>,
) -> Result<(), StepError> {
    let committed = machine.plan.commit().is_some_and(|commit| number >= commit);
    if let (Some(signal), false) = (machine.interrupt.requested(), committed) {
        return Err(StepError::finding("signal", format!("{signal} asked for the end"), Blame::World));
    }
    observer.begins(step.name());
    let stopwatch = Stopwatch::start();
    journal.append(Event::Intend { step: number }).map_err(journal_error)?;
    steps::perform(step, machine)?;
    let ms = stopwatch.millis();
    journal.append(Event::Done { step: number, ms }).map_err(journal_error)?;
    observer.ends(step.name(), ms);
    times.push(StepTime { name: step.name().to_owned(), ms });
    Ok(())
}

/// Takes back everything that was begun. What cannot be taken back stays in the journal for another recovery.
fn go_back(
    failed: usize,
    error: StepError,
    machine: &mut Machine<'_>,
    journal: &mut Journal,
    observer: &dyn Observer,
    times: Vec<StepTime>,
) -> Report {
    let name = machine.plan.steps.get(failed).map_or("resolve", Step::name);
    let failure = Failure::of(name, &error, machine.plan);
    observer.goes_back(&causes::in_one_line(&error));
    // The undo must be able to write on a disk that is full now.
    let _ = fs::remove_file(&machine.config.layout.reserve());
    let undone = undo(failed, &error, machine, journal).and_then(|()| {
        aftermath::settle(failed, &error, machine)?;
        journal.append(Event::Closed { outcome: Ended::Old }).map_err(journal_error)
    });
    if let Err(stranding) = undone {
        let stranded =
            Failure { stranded: Some(causes::in_one_line(&stranding)), remedy: remedy_of(&stranding), ..failure };
        return report::of(machine, Outcome::Stranded, times, Some(stranded));
    }
    let stop = machine.plan.steps.iter().position(|step| matches!(step, Step::Stop));
    let stopped = stop.is_some_and(|stop| {
        journal.entries().iter().any(|entry| matches!(entry.event, Event::Intend { step } if step == stop))
    });
    let outcome = if stopped { Outcome::Restored } else { Outcome::Failed };
    let report = report::of(machine, outcome, times, Some(failure));
    if let Err(error) = record::write(&machine.places.run.report(), &report, 0o600) {
        machine.memory.warnings.push(format!("the report could not be kept: {error}"));
    }
    report
}

fn undo(failed: usize, error: &StepError, machine: &mut Machine<'_>, journal: &mut Journal) -> Result<(), StepError> {
    journal.append(Event::Failed { step: failed, error: causes::in_one_line(error) }).map_err(journal_error)?;
    let Remaining::Back(steps) = remaining(machine.plan, journal.entries()) else { return Ok(()) };
    let mut first = None;
    for number in steps {
        let Some(step) = machine.plan.steps.get(number) else { continue };
        journal.append(Event::Undo { step: number }).map_err(journal_error)?;
        match steps::undo(step, machine) {
            Ok(()) => journal.append(Event::Undone { step: number }).map_err(journal_error)?,
            // The old service may stay down, and yet the rest is put away: that helps whoever looks.
            Err(error) if matches!(step, Step::Stop) => first = first.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    first.map_or(Ok(()), Err)
}

fn journal_error(error: JournalError) -> StepError {
    StepError::world("journal", "cannot write the journal of the run", error)
}

fn remedy_of(error: &StepError) -> String {
    if error.remedy.is_empty() { "run `gantry-installer recover`".to_owned() } else { error.remedy.clone() }
}
