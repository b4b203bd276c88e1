//! Does: closes the gate, stops the service, and waits until no process holds the database.
//! Undo: starts the old release again, if it ran, and proves it healthy; opens the gate.
//! If killed half-way: the gate lets nothing start, and recovery starts the old release.
//! Touches: the gate's record, the service.

use std::path::Path;
use std::time::Duration;

use super::error::Blame;
use super::{Machine, Starts, StepError, doorway, prove, replaced};
use crate::causes;
use crate::db::alone;
use crate::db::follow::Following;
use crate::sys::clock::{self, Stopwatch};
use crate::sys::health::Silence;
use crate::sys::holders::Holder;
use crate::sys::lock::passage::{self, Passed};
use crate::sys::service::{ServiceError, State};
use crate::sys::signal::Interrupt;
use crate::sys::{fs, read_ahead, room, seam};
use crate::version::Version;

/// How long a process that belongs to the service may hold the database after the stop.
pub(super) const RELEASE: Duration = Duration::from_secs(5);
/// Between two looks at who holds it.
pub(super) const LOOK: Duration = Duration::from_millis(5);

pub(super) fn perform(machine: &mut Machine<'_>) -> Result<(), StepError> {
    doorway::close(machine)?;
    get_ready(machine)?;
    let state = machine.service.state().map_err(asked)?;
    if let State::Running { main } = state {
        machine.memory.old = main;
    }
    machine.memory.following.iter().for_each(Following::look_closely);
    machine.memory.down = machine.plan.was_running.then(Stopwatch::start);
    halt_from(&state, machine)?;
    released(machine)?;
    note_silence(true, machine);
    Ok(())
}

/// What the start and its proof need, while the service still runs.
fn get_ready(machine: &mut Machine<'_>) -> Result<(), StepError> {
    doorway::foresee(machine)?;
    machine
        .health
        .get_ready()
        .map_err(|error| StepError::world("health", "cannot ask the service for its health", error))?;
    let program = machine.plan.to.version.as_ref().map(|version| machine.config.layout.program(version));
    match program {
        // One that is not there is refused where it is needed.
        Some(program) if fs::exists(&program)? => Ok(read_ahead::bring_in(&program)?),
        _ => Ok(()),
    }
}

/// Notes whether nobody holds the database and nobody answers: whoever answers after the next start is new then.
pub(super) fn listen(machine: &mut Machine<'_>) {
    let alone = alone::holders(&machine.places.live).is_ok_and(|holders| holders.processes.is_empty());
    note_silence(alone, machine);
}

fn note_silence(alone: bool, machine: &mut Machine<'_>) {
    let silent = alone && machine.health.is_silent().unwrap_or(false);
    machine.memory.silence = Some(if silent { Silence::Proven } else { Silence::Unproven });
}

pub(super) fn start_again(machine: &mut Machine<'_>) -> Result<(), StepError> {
    // The locks of the proof would keep the old service out.
    machine.memory.alone = None;
    machine.memory.following = None;
    // The gate tells by the releases on disk what may run on the database as it is.
    replaced::give_back(machine.plan, &machine.config.layout)?;
    let before = machine.plan.from.clone();
    let Some(version) =
        before.version.clone().filter(|_| machine.plan.was_running && machine.starts == Starts::Service)
    else {
        doorway::open(machine, before.version)?;
        // What ran before a first installation is none of our releases: it is started, and nothing of it can be proven.
        let foreign = machine.plan.was_running && machine.starts == Starts::Service && !super::is_running(machine);
        if foreign {
            give_room(machine);
            start(machine)?;
        }
        return Ok(());
    };
    // Whatever runs now may be about to end: refused by the gate, or late with its stop.
    match halt(machine) {
        Ok(()) => {}
        Err(_) if never_stopped(machine) => return leave(version, machine),
        Err(error) => return Err(error),
    }
    if machine.memory.silence.is_none() {
        listen(machine);
    }
    doorway::expect_again(machine, &before)?;
    start_in_room(&version, machine).map_err(|error| {
        if !matches!(error.code, "health" | "no-space") {
            return error;
        }
        let message =
            format!("everything is as before, but {version} does not become healthy again: {}", error.message);
        error.saying(message).remedy("find out why in the log of the service, then run `gantry-installer recover`")
    })?;
    if machine.memory.downtime_ms.is_none() {
        machine.memory.downtime_ms = machine.memory.down.map(|down| down.millis());
    }
    doorway::open(machine, Some(version))?;
    start_also(machine);
    Ok(())
}

/// Whether the process from before the stop still runs: a second one beside it would be worse than a stop that is late.
fn never_stopped(machine: &Machine<'_>) -> bool {
    let state = machine.service.state();
    machine.memory.old.is_some() && matches!(state, Ok(State::Running { main }) if main == machine.memory.old)
}

/// The old service ignores its stop, and is left as it is: nothing was changed under it.
fn leave(version: Version, machine: &mut Machine<'_>) -> Result<(), StepError> {
    machine.memory.down = None;
    let message = format!("{version} was told to stop and still runs: look after it, it may end by itself later");
    machine.memory.warnings.push(message);
    doorway::open(machine, Some(version))?;
    start_also(machine);
    Ok(())
}

/// Everything is OLD and runs: what belongs to the service and does not start is said, and undoes nothing.
fn start_also(machine: &mut Machine<'_>) {
    if let Err(error) = machine.service.start_also() {
        let words = causes::in_one_line(&error);
        machine.memory.warnings.push(format!("what belongs to the service could not be started: {words}"));
    }
}

/// Starts the service where a disk may be full, and waits until it is healthy. Where another program takes what was given
/// back for it before it does, it gets more, as long as there is some.
pub(super) fn start_in_room(version: &Version, machine: &mut Machine<'_>) -> Result<(), StepError> {
    loop {
        let left = give_room(machine);
        let begun = start(machine).and_then(|()| prove::healthy(version, &Interrupt::never(), machine));
        match begun {
            Err(_) if left > 0 && prove::full(machine).is_some() => halt(machine)?,
            begun => return begun,
        }
    }
}

/// Gives back what a start needs of what was set aside for its database, and for its log. Tells how much is left: nothing
/// where the work directory is not ours any more, as the one around it may be the service's own.
fn give_room(machine: &Machine<'_>) -> usize {
    let left = machine.places.open_work().map_or(0, |work| room::give_some_back(&work, room::NAMES));
    let _ = room::give_one_back(&machine.config.layout.gate());
    left
}

/// Starts the service by its manager; what becomes of it is seen by `prove`.
pub(super) fn start(machine: &mut Machine<'_>) -> Result<(), StepError> {
    seam::cross("start the service");
    match machine.service.start() {
        Ok(started) => machine.memory.start = Some(started),
        Err(ServiceError::Unmanaged) => {}
        Err(error) => return Err(StepError::release("start", "cannot start the service", error)),
    }
    Ok(())
}

/// Stops the service; nothing to do where nobody manages it.
pub(super) fn halt(machine: &Machine<'_>) -> Result<(), StepError> {
    // At boot its start waits for a recovery, and a stop of what does not run would take that start away with it.
    match machine.service.state() {
        Ok(State::Stopped | State::Failed) if machine.starts == Starts::Nothing => halted(machine.service.stop_also()),
        Ok(state) => halt_from(&state, machine),
        Err(error) => halted(Err(error)),
    }
}

/// The same where its manager has just said `state`.
fn halt_from(state: &State, machine: &Machine<'_>) -> Result<(), StepError> {
    seam::cross("stop the service");
    halted(machine.service.stop_from(state))
}

fn halted(stopped: Result<(), ServiceError>) -> Result<(), StepError> {
    match stopped {
        Ok(()) | Err(ServiceError::Unmanaged) => Ok(()),
        Err(error) => Err(StepError::world("stop", "cannot stop the service", error)
            .remedy("stop it by hand, find out why it does not stop, or raise `service.stop_timeout`")),
    }
}

/// Waits until nobody holds the database, and nobody who came through the gate before it was closed may still open it.
fn released(machine: &Machine<'_>) -> Result<(), StepError> {
    let live = &machine.places.live;
    if !fs::exists(live)? {
        return Ok(());
    }
    let waiting = Stopwatch::start();
    loop {
        match left(live, machine)? {
            None => return Ok(()),
            Some(why) if waiting.elapsed() > RELEASE => return Err(why),
            // Nothing tells when a process that is not ours closes a file.
            Some(_) => clock::pause(LOOK),
        }
    }
}

/// That somebody is left, if anybody is.
fn left(live: &Path, machine: &Machine<'_>) -> Result<Option<StepError>, StepError> {
    let again = "run the same command again";
    let (holder, does) = match alone::holders(live)?.processes.into_iter().next() {
        Some(holder) => (Some(holder), "holds"),
        None => match passed(machine)? {
            Passed::Nobody => (None, ""),
            Passed::Seen(all) => (all.into_iter().next(), "came through the gate and may open"),
            Passed::Unseen => return Ok(Some(unseen(again))),
        },
    };
    Ok(holder.map(|Holder { pid, command }| {
        let live = live.display();
        let message =
            format!("process {pid} ({command}) still {does} the database `{live}` after the service was stopped");
        let remedy = format!("stop it, for example with `kill {pid}`, then {again}");
        StepError::finding("database-held", message, Blame::World).remedy(remedy)
    }))
}

/// Who came through the gate and lives.
pub(super) fn passed(machine: &Machine<'_>) -> Result<Passed, StepError> {
    Ok(passage::passed(&machine.config.layout.gate_lock(), &machine.places.live)?)
}

/// Somebody is left of whom nothing else is known. `then` is what to do once that one is gone.
pub(super) fn unseen(then: &str) -> StepError {
    let message = "a process that came through the gate may still open the database, and cannot be seen from here";
    StepError::finding("database-held", message, Blame::World).remedy(format!(
        "end what is left of the product, in other containers too; where processes are hidden, run this as root in the \
         container of the service; then {then}"
    ))
}

fn asked(error: ServiceError) -> StepError {
    StepError::world("service", "cannot ask for the state of the service", error)
}
