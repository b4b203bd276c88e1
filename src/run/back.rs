//! Takes a run back: every step that was begun, last first.

use super::recover::{Remaining, remaining};
use super::{Failure, Observer, Outcome, Report, StepTime, aftermath, journal_error, report, reserve};
use crate::causes;
use crate::journal::record;
use crate::journal::{Ended, Entry, Event, Journal};
use crate::plan::Step;
use crate::steps::{self, Machine, StartedOnce, StepError};

/// Takes back everything that was begun. What cannot be taken back stays in the journal for another recovery.
pub(super) fn go_back(
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
    if let Err(stranding) = undo(failed, &error, machine, journal) {
        let stranded =
            Failure { stranded: Some(causes::in_one_line(&stranding)), remedy: remedy_of(&stranding), ..failure };
        return report::of(machine, Outcome::Stranded, times, Some(stranded));
    }
    // Everything is OLD, whatever fails from here on; the journal stays open then, and `recover` repeats it.
    let settled = aftermath::settle(failed, &error, machine);
    let report = report::of(machine, outcome(machine, journal), times, Some(failure));
    let ended = settled.and_then(|()| {
        record::write(&machine.places.run.report(), &report, 0o600)?;
        journal.append(Event::Closed { outcome: Ended::Old }).map_err(journal_error)
    });
    match ended {
        Ok(()) => {
            let _ = reserve::give_back(machine.config, &machine.places.work);
            report
        }
        Err(error) => {
            let words = causes::in_one_line(&error);
            let warning = format!("what is left of the run is unfinished, run `gantry-installer recover`: {words}");
            Report { unfinished: true, warnings: report.warnings.iter().cloned().chain([warning]).collect(), ..report }
        }
    }
}

/// Whether the service was touched.
fn outcome(machine: &Machine<'_>, journal: &Journal) -> Outcome {
    let stop = machine.plan.steps.iter().position(|step| matches!(step, Step::Stop));
    let begun = |entry: &Entry| matches!(entry.event, Event::Intend { step } if Some(step) == stop);
    if journal.entries().iter().any(begun) { Outcome::Restored } else { Outcome::Failed }
}

/// Whether the live database may be the new one still.
fn exchanged(machine: &Machine<'_>, entries: &[Entry]) -> bool {
    let left = match remaining(machine.plan, entries) {
        Remaining::Back(steps) => steps,
        Remaining::Forward(_) | Remaining::Nothing(_) => Vec::new(),
    };
    left.iter().any(|step| matches!(machine.plan.steps.get(*step), Some(Step::Exchange { .. })))
}

/// What a recovery must know of the process that began the run.
pub(super) fn remember(machine: &mut Machine<'_>, entries: &[Entry]) {
    let intended = |wanted: &dyn Fn(&Step) -> bool| {
        let step = machine.plan.steps.iter().position(wanted);
        entries.iter().any(|entry| matches!(entry.event, Event::Intend { step: number } if Some(number) == step))
    };
    let started = intended(&|step| matches!(step, Step::Start));
    // A manager that starts the service by itself, past the gate, makes the new database one that was in use.
    let found = exchanged(machine, entries) && steps::is_running(machine);
    if started || found {
        machine.memory.started = StartedOnce::Yes;
    }
}

fn undo(failed: usize, error: &StepError, machine: &mut Machine<'_>, journal: &mut Journal) -> Result<(), StepError> {
    journal.append(Event::Failed { step: failed, error: causes::in_one_line(error) }).map_err(journal_error)?;
    if exchanged(machine, journal.entries()) && machine.memory.started == StartedOnce::Yes && steps::is_running(machine)
    {
        // Also where its stop was noted already: somebody may have started it since, on the new database.
        steps::stop_new(machine)?;
    }
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

fn remedy_of(error: &StepError) -> String {
    if error.remedy.is_empty() { "run `gantry-installer recover`".to_owned() } else { error.remedy.clone() }
}
