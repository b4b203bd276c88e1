#![allow(clippy::disallowed_methods, reason = "a test makes its own world")]

mod by_commands;
mod by_systemd;

use super::stand_in::{PidFile, World};
use super::*;
use crate::sys::process::Background;

fn main_of(life: Life) -> Process {
    let Life::Alive { main: Some(main), .. } = life else { panic!("{life:?}") };
    main
}

fn has_main(life: &Life) -> bool {
    matches!(life, Life::Alive { main: Some(_), .. })
}

fn is_dead(life: &Life) -> bool {
    matches!(life, Life::Dead(_))
}

/// Waited for in vain, and long enough for a busy machine to ask once.
const SHORT: Duration = Duration::from_secs(3);

#[test]
fn a_service_that_nobody_manages_is_neither_started_nor_stopped() {
    let config = config::Service { manager: config::Manager::None, stop_timeout: SHORT };
    let runtime = Runtime { log: "/nowhere/log".into(), triggers: Vec::new(), tools: None };
    let service = Service::new(&config, runtime);
    assert_eq!(service.state().unwrap(), State::Unmanaged);
    assert!(matches!(service.start().unwrap_err(), ServiceError::Unmanaged));
    assert!(matches!(service.stop().unwrap_err(), ServiceError::Unmanaged));
    assert_eq!(service.own_processes().unwrap(), Some(Vec::new()));
}
