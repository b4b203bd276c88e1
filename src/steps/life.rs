//! The present life of the service, for its probation.

use crate::plan::probation::{Life, Moment};
use crate::sys::clock;
use crate::sys::process::boot_id;
use crate::sys::service::{Service, ServiceError, State};

/// The life that the service is in; none where it is down, or where nobody can tell.
///
/// # Errors
/// Where its manager, or `/proc`, cannot be asked.
pub fn seen(service: &Service) -> Result<Option<Life>, ServiceError> {
    let State::Running { main } = service.state()? else { return Ok(None) };
    let seen_ms = clock::since_boot()?;
    let boot = boot_id()?;
    let since_ms = main.map_or(seen_ms, |main| clock::of_ticks(main.started));
    Ok(Some(Life { boot, pid: main.map(|main| main.pid), since_ms, seen_ms }))
}

/// The present moment, by the boot clock.
///
/// # Errors
/// Where `/proc` cannot be asked.
pub fn now() -> Result<Moment, ServiceError> {
    Ok(Moment { boot: boot_id()?, at_ms: clock::since_boot()? })
}
