//! `recover`: finishes or undoes a run that was interrupted.

use super::exit::Outcome;
use super::outcome;
use super::reply::Reply;
use super::runs::unrecorded;
use super::session::Session;
use super::way_out::way_out;
use super::{arguments, crashed};
use crate::causes;
use crate::journal::{record, runs};
use crate::observe;
use crate::plan::Plan;
use crate::run::{self, RunError, leftovers};
use crate::steps::{Starts, StepError};
use crate::sys::signal::Interrupt;

/// Ends in NEW (`done`), OLD (`restored`), or had nothing to do.
pub fn run(arguments: &arguments::Recover, session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    if arguments.crashed {
        return crashed::run(session);
    }
    if !session.has_state()? {
        return Ok(nothing());
    }
    let starts = if arguments.no_start || arguments.unit { Starts::Nothing } else { Starts::Service };
    let _lock = match session.lock("recover") {
        // At boot, or beside a run: whoever is at work ends it, or leaves it to the next start of this machine.
        Err(held) if arguments.unit && held.outcome == Outcome::Locked => return Ok(left(&held)),
        lock => lock?,
    };
    let Some(mut reply) = unfinished(starts, session)? else { return Ok(nothing()) };
    if arguments.unit
        && let Err(error) = session.service(&[]).ask_for_also()
    {
        let words = causes::in_one_line(&error);
        reply.warnings.push(format!("what belongs to the service may have been stopped, and was not started: {words}"));
    }
    Ok(reply)
}

/// Ends an unfinished run, if there is one, under the lock.
pub fn unfinished(starts: Starts, session: &Session<'_>) -> Result<Option<Reply>, Box<Reply>> {
    let layout = &session.config.layout;
    let unfinished = runs::unfinished(layout)
        .map_err(|error| Box::new(Reply::barred("journal", &error, "see `gantry-installer history`")))?;
    let Some(name) = unfinished else {
        clear(session).map_err(|error| {
            Box::new(Reply::failed("leftovers", &error, way_out(&error, &layout.state, "run it as root")))
        })?;
        return Ok(None);
    };
    let plan = record::read::<Plan>(&layout.run(&name).plan()).map_err(|error| unrecorded(error.into()))?;
    let plan = plan.ok_or_else(|| unrecorded(RunError::NoPlan { run: name }))?;
    let client = session.client();
    let mut machine = session.machine(&plan, &client);
    // An undo is not undone: a signal changes nothing from here on.
    machine.interrupt = Interrupt::never();
    machine.starts = starts;
    let mut report = run::recover(&mut machine, session.terminal).map_err(unrecorded)?;
    // What the run's own undo knows nothing of, such as the directory of a program that was killed with the run.
    if !report.unfinished
        && report.outcome != run::Outcome::Stranded
        && let Err(error) = clear(session)
    {
        report.warnings.push(format!("something of the run is left: {}", causes::in_one_line(&error)));
    }
    let mut reply = outcome::of(std::slice::from_ref(&report), Vec::new());
    if matches!(report.outcome, run::Outcome::Restored | run::Outcome::Failed) {
        // What a recovery was asked for is done; what became of the run is in its words.
        reply.error = None;
        reply.text = format!("undone: {}", reply.text);
    }
    Ok(Some(match report.outcome {
        run::Outcome::Restored | run::Outcome::Failed => Reply { outcome: Outcome::Recovered, ..reply },
        _ => reply,
    }))
}

fn clear(session: &Session<'_>) -> Result<(), StepError> {
    let wrong = |error| StepError::world("database", "cannot tell where the database is", error);
    let database = observe::real_database(&session.config.database.path).map_err(wrong)?;
    leftovers::clear(&session.config, &session.config.layout.work(&database))
}

fn left(held: &Reply) -> Reply {
    let who = held.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
    Reply::new(Outcome::Nothing).saying(format!("nothing is done here: {who}"))
}

fn nothing() -> Reply {
    Reply::new(Outcome::Nothing).saying("there is no unfinished run")
}
