//! Does: tells the gate which start to expect, and starts the service of the new release.
//! Undo: stops it, by force if it does not stop by itself; its log goes into its own database when that is exchanged.
//! If killed half-way: the gate lets the start through only while this process lives.
//! Touches: the gate's record, the service.

use super::{Machine, StartedOnce, StepError, doorway, stop};
use crate::sys::service::{ServiceError, State};

pub(super) fn perform(machine: &mut Machine<'_>) -> Result<(), StepError> {
    machine.memory.started = StartedOnce::Yes;
    machine.memory.alone = None;
    let to = machine.plan.to.clone();
    doorway::expect(machine, &to)?;
    stop::start(machine)
}

pub(super) fn stop_new(machine: &mut Machine<'_>) -> Result<(), StepError> {
    // Whatever still tries to start must find the gate closed.
    doorway::close(machine)?;
    machine.memory.start = None;
    if stop::halt(machine).is_ok()
        && matches!(machine.service.state(), Ok(State::Stopped | State::Failed | State::Unmanaged))
    {
        return Ok(());
    }
    match machine.service.kill() {
        Ok(()) | Err(ServiceError::Unmanaged) => Ok(()),
        Err(error) => Err(StepError::world("stop", "the new service can neither be stopped nor killed", error)
            .remedy("stop it by hand, then run `gantry-installer recover`")),
    }
}
