//! Does: tells the gate which start to expect, starts the service of the new release, and makes the switch durable.
//! Undo: stops it, by force if it does not stop by itself; its log goes into its own database when that is exchanged.
//! If killed half-way: the gate lets the start through only while this process lives.
//! Touches: the gate's record, the service; syncs `install.root`.

use super::error::Blame;
use super::{Machine, StartedOnce, StepError, doorway, downtime, is_running, stop, switch};
use crate::plan::Step;
use crate::sys::clock::{self, Stopwatch};
use crate::sys::holders::Holder;
use crate::sys::lock::passage::Passed;
use crate::sys::process::Process;
use crate::sys::service::{ServiceError, State};
use crate::sys::{fs, seam};

pub(super) fn perform(machine: &mut Machine<'_>) -> Result<(), StepError> {
    machine.memory.started = StartedOnce::Yes;
    machine.memory.alone = None;
    doorway::expect_new(machine)?;
    stop::start(machine)?;
    // While the service starts, which takes longer.
    if downtime::has(machine, |step| matches!(step, Step::Switch { .. })) {
        switch::make_durable(&machine.config.layout)?;
    }
    Ok(())
}

pub(super) fn stop_new(machine: &mut Machine<'_>) -> Result<(), StepError> {
    // Whatever still tries to start must find the gate closed.
    doorway::close(machine)?;
    machine.memory.start = None;
    end(machine)?;
    gone(machine)
}

fn end(machine: &Machine<'_>) -> Result<(), StepError> {
    let waiting = Stopwatch::start();
    loop {
        if stop::halt(machine).is_ok()
            && matches!(machine.service.state(), Ok(State::Stopped | State::Failed | State::Unmanaged))
        {
            return Ok(());
        }
        match machine.service.kill() {
            Ok(()) | Err(ServiceError::Unmanaged) => return Ok(()),
            // Its start was still on its way when it was looked for first, and its number is not written yet.
            Err(ServiceError::NoMainProcess) if waiting.elapsed() < stop::RELEASE => clock::pause(stop::LOOK),
            Err(error) => {
                return Err(StepError::world("stop", "the new service can neither be stopped nor killed", error)
                    .remedy("stop it by hand, then run `gantry-installer recover`"));
            }
        }
    }
}

/// Waits until everybody who came through the gate is gone: its manager may not know yet of a service that has started
/// and not opened its database. A program of the release that was started, and that nobody can stop, is killed.
fn gone(machine: &Machine<'_>) -> Result<(), StepError> {
    if let Passed::Seen(holders) = left(machine)? {
        holders.iter().try_for_each(|holder| kill(holder.pid, machine))?;
    }
    let holder = match left(machine)? {
        Passed::Nobody => None,
        Passed::Seen(holders) => holders.into_iter().next(),
        Passed::Unseen => return Err(stop::unseen("run `gantry-installer recover`")),
    };
    let Some(Holder { pid, command }) = holder else { return Ok(()) };
    let message = format!("process {pid} ({command}) came through the gate, may open the database, and does not end");
    Err(StepError::finding("database-held", message, Blame::World)
        .remedy(format!("stop it, for example with `kill {pid}`, then run `gantry-installer recover`")))
}

/// Who is still there after a while. Once the manager knows of a service, it is stopped in order.
fn left(machine: &Machine<'_>) -> Result<Passed, StepError> {
    let waiting = Stopwatch::start();
    // Without a database there is nothing that could be opened.
    while fs::exists(&machine.places.live)? {
        let through = stop::passed(machine)?;
        if through == Passed::Nobody || waiting.elapsed() > stop::RELEASE {
            return Ok(through);
        }
        if is_running(machine) {
            end(machine)?;
        }
        clock::pause(stop::LOOK);
    }
    Ok(Passed::Nobody)
}

/// Kills a process if it runs the program of the release that was started.
fn kill(pid: u32, machine: &Machine<'_>) -> Result<(), StepError> {
    let wrong = |error| StepError::world("process", "cannot look at who came through the gate", error);
    let (Some(process), Some(version)) = (Process::of(pid).map_err(wrong)?, &machine.plan.to.version) else {
        return Ok(());
    };
    let directory = fs::real_path(&machine.config.layout.version(version))?;
    if process.executable().map_err(wrong)?.is_some_and(|program| program.starts_with(&directory)) {
        seam::cross("kill a process");
        process.kill().map_err(wrong)?;
    }
    Ok(())
}
