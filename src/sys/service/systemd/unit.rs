//! What `systemctl show` tells of a unit.

use std::collections::HashMap;

use super::super::{Result, ServiceError, State};
use crate::sys::process::Process;

/// The properties of a unit, by their names.
#[derive(Debug)]
pub(crate) struct Unit {
    name: String,
    properties: HashMap<String, String>,
}

impl Unit {
    pub(super) const PROPERTIES: &str = "LoadState,ActiveState,SubState,MainPID,ControlGroup,StatusText,NRestarts,Result,\
        ExecMainCode,ExecMainStatus,TriggeredBy,Triggers";

    /// One `name=value` a line. Properties that a kind of unit does not have are missing.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let properties = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let unit = Self { name: name.to_owned(), properties };
        if unit.text("LoadState") == "not-found" {
            return Err(ServiceError::UnknownUnit(unit.name));
        }
        Ok(unit)
    }

    pub(super) fn state(&self) -> Result<State> {
        match self.text("ActiveState") {
            "inactive" => Ok(State::Stopped),
            "failed" => Ok(State::Failed),
            "" => Err(self.no_answer("ActiveState")),
            _ => Ok(State::Running { main: self.main()? }),
        }
    }

    /// Its main process, if it lives.
    pub(super) fn main(&self) -> Result<Option<Process>> {
        match self.text("MainPID") {
            "" | "0" => Ok(None),
            text => Ok(Process::of(text.parse().map_err(|_| self.no_answer("MainPID"))?)?),
        }
    }

    /// Whether its start has come to nothing, even if systemd will try again.
    pub(crate) fn has_died(&self) -> bool {
        let restarted = !matches!(self.text("NRestarts"), "" | "0");
        matches!(self.text("ActiveState"), "inactive" | "failed")
            || self.text("SubState") == "auto-restart"
            || restarted
    }

    /// What changes while a start goes on: the service's own words, and the phases of an activation.
    pub(crate) fn progress(&self) -> String {
        match self.text("ActiveState") {
            "activating" => format!("{}: {}", self.text("SubState"), self.text("StatusText")),
            _ => self.text("StatusText").to_owned(),
        }
    }

    /// How its last main process ended. `ExecMainCode` is `si_code` of sigaction(2): 1 exited, 2 killed, 3 dumped.
    pub(crate) fn ending(&self) -> String {
        let status = self.text("ExecMainStatus");
        match self.text("ExecMainCode") {
            "1" => format!("exit status {status}"),
            "2" | "3" => format!("killed by signal {status}"),
            _ => format!("{} ({})", self.text("ActiveState"), self.text("Result")),
        }
    }

    pub(crate) fn control_group(&self) -> &str {
        self.text("ControlGroup")
    }

    pub(crate) fn triggers(&self) -> Vec<String> {
        self.text("TriggeredBy").split_whitespace().map(str::to_owned).collect()
    }

    /// What it starts.
    pub(crate) fn triggered(&self) -> Vec<String> {
        self.text("Triggers").split_whitespace().map(str::to_owned).collect()
    }

    fn text(&self, property: &str) -> &str {
        self.properties.get(property).map_or("", String::as_str)
    }

    fn no_answer(&self, what: &str) -> ServiceError {
        ServiceError::Answer { command: format!("systemctl show {}", self.name), what: what.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Unit {
        Unit::parse("gantry.service", text).unwrap()
    }

    #[test]
    fn a_unit_that_is_not_there_is_named() {
        let error = Unit::parse("gantry.service", "LoadState=not-found\nActiveState=inactive\n").unwrap_err();
        assert_eq!(error.to_string(), "systemd does not know the unit `gantry.service`");
    }

    #[test]
    fn an_answer_without_a_state_is_no_state() {
        assert!(unit("LoadState=loaded\n").state().is_err());
        assert!(unit("ActiveState=active\nMainPID=many\n").state().is_err());
        assert_eq!(unit("ActiveState=failed\n").state().unwrap(), State::Failed);
        assert_eq!(unit("ActiveState=deactivating\nMainPID=0\n").state().unwrap(), State::Running { main: None });
    }

    #[test]
    fn a_service_that_systemd_started_again_has_died() {
        assert!(unit("ActiveState=active\nSubState=running\nNRestarts=1\n").has_died());
        assert!(unit("ActiveState=activating\nSubState=auto-restart\nNRestarts=0\n").has_died());
        assert!(!unit("ActiveState=active\nSubState=running\nNRestarts=0\n").has_died());
    }

    #[test]
    fn the_words_of_a_service_may_hold_an_equals_sign() {
        let unit = unit("ActiveState=activating\nSubState=start\nStatusText=migrated=3 of 9\n");
        assert_eq!(unit.progress(), "start: migrated=3 of 9");
    }
}
