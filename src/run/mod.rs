//! Carries out a plan, and finishes or undoes one that was interrupted: the one place where plan, steps and journal
//! meet. Writes intent, acts, writes done.

mod aftermath;
mod back;
pub mod drift;
pub mod leftovers;
pub mod recover;
mod report;
mod reserve;
pub mod resolve;
pub mod survey;

use thiserror::Error as ThisError;

pub use report::{Failure, Outcome, Report, StepTime, usual_restart};

use crate::causes;
use crate::journal::record::{self, RecordError};
use crate::journal::{Ended, Event, Journal, JournalError};
use crate::plan::Step;
use crate::steps::error::Blame;
use crate::steps::{self, Machine, StepError};
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
    /// No room could be set aside for an undo.
    #[error("cannot set aside the room that an undo needs: {0}")]
    Reserve(#[from] StepError),
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

/// Carries out the plan of `machine`: all of it, or nothing.
///
/// # Errors
/// Only where not even the plan could be saved: then nothing was done. Everything later is in the report.
pub fn apply(machine: &mut Machine<'_>, observer: &dyn Observer) -> Result<Report, RunError> {
    let mut journal = begin(machine).inspect_err(|_| {
        let _ = reserve::give_back(machine.config, &machine.places.work);
    })?;
    let mut times = Vec::new();
    for (number, step) in machine.plan.steps.iter().enumerate() {
        if let Err(error) = take(number, step, machine, &mut journal, observer, &mut times) {
            // What the journal holds decides, not how far the loop came: a recovery would see the same.
            return Ok(match remaining(machine.plan, journal.entries()) {
                Remaining::Forward(_) => left_open(step, &error, machine, times),
                _ => back::go_back(number, error, machine, &mut journal, observer, times),
            });
        }
    }
    Ok(close(machine, &mut journal, times))
}

/// The plan comes last: with it the run is there, and has all that an undo needs.
fn begin(machine: &Machine<'_>) -> Result<Journal, RunError> {
    let places = &machine.places.run;
    fs::create_dir_all(&places.directory, 0o700)?;
    reserve::set_aside(machine)?;
    let journal = Journal::open(&places.journal())?;
    record::write(&places.plan(), machine.plan, 0o600)?;
    Ok(journal)
}

/// Finishes or undoes the run of `machine`, which another process began.
///
/// # Errors
/// Where it was tried too often, or its records cannot be written.
pub fn recover(machine: &mut Machine<'_>, observer: &dyn Observer) -> Result<Report, RunError> {
    let mut journal = Journal::open(&machine.places.run.journal())?;
    match remaining(machine.plan, journal.entries()) {
        Remaining::Nothing(_) => Ok(report::of(machine, Outcome::Nothing, Vec::new(), None)),
        Remaining::Forward(steps) => Ok(go_on(steps, machine, &mut journal, observer)),
        Remaining::Back(steps) => {
            // Only what may end the same way every time counts as a try; what is left after the undo does not.
            if !steps.is_empty() {
                if is_given_up(journal.entries()) {
                    return Err(RunError::GivenUp { run: machine.plan.run.clone(), tries: recover::TRIES });
                }
                journal.append(Event::Recover)?;
            }
            back::remember(machine, journal.entries());
            let cause = StepError::finding("interrupted", "the run was interrupted", Blame::World);
            let number = journal.entries().iter().rev().find_map(|entry| match entry.event {
                Event::Intend { step } => Some(step),
                _ => None,
            });
            Ok(back::go_back(number.unwrap_or(0), cause, machine, &mut journal, observer, Vec::new()))
        }
    }
}

/// Goes on with a run that is committed. The machine is NEW whatever fails here.
fn go_on(steps: Vec<usize>, machine: &mut Machine<'_>, journal: &mut Journal, observer: &dyn Observer) -> Report {
    let mut times = Vec::new();
    for number in steps {
        let Some(step) = machine.plan.steps.get(number) else { continue };
        if let Err(error) = take(number, step, machine, journal, observer, &mut times) {
            return left_open(step, &error, machine, times);
        }
    }
    // After a power cut the gate was closed when the service wanted to start.
    if let Err(error) = steps::keep_running(machine) {
        machine.memory.warnings.push(format!("the service does not run: {}", causes::in_one_line(&error)));
    }
    close(machine, journal, times)
}

/// The run is NEW, and something after its commit is unfinished: the journal stays open, and `recover` repeats it.
fn left_open(step: &Step, error: &StepError, machine: &mut Machine<'_>, times: Vec<StepTime>) -> Report {
    let words = causes::in_one_line(error);
    let warning = format!("the {} step is unfinished, run `gantry-installer recover`: {words}", step.name());
    machine.memory.warnings.push(warning);
    Report { unfinished: true, ..report::of(machine, Outcome::Done, times, None) }
}

/// Ends a run that is NEW. The report comes before the end: what a kill leaves out in between is repeated.
fn close(machine: &mut Machine<'_>, journal: &mut Journal, times: Vec<StepTime>) -> Report {
    let report = report::of(machine, Outcome::Done, times, None);
    let file = machine.places.run.report();
    // A recovery knows less of the run than the run itself did.
    let kept = match fs::exists(&file) {
        Ok(true) => Ok(()),
        _ => record::write(&file, &report, 0o600),
    };
    let ended = kept.map_err(RunError::from).and_then(|()| Ok(journal.append(Event::Closed { outcome: Ended::New })?));
    match ended {
        Ok(()) => {
            let _ = reserve::give_back(machine.config, &machine.places.work);
            report
        }
        Err(error) => {
            let warning = format!("the end of the run could not be recorded: {}", causes::in_one_line(&error));
            Report { unfinished: true, warnings: report.warnings.iter().cloned().chain([warning]).collect(), ..report }
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
    let done = Event::Done { step: number, ms };
    match machine.plan.steps.get(number + 1) {
        // The next intent says it as well, and is about to be written.
        Some(next) if !matches!(next, Step::Commit) => journal.note(done),
        _ => journal.append(done).map_err(journal_error)?,
    }
    observer.ends(step.name(), ms);
    times.push(StepTime { name: step.name().to_owned(), ms });
    Ok(())
}

fn journal_error(error: JournalError) -> StepError {
    StepError::world("journal", "cannot write the journal of the run", error)
}
