//! A service that systemd starts and stops; asked through `systemctl`, whose properties systemctl(1) and
//! org.freedesktop.systemd1(5) describe.

pub(crate) mod unit;

use std::ffi::OsString;
use std::time::Duration;

use super::{Life, Result, Runtime, Seen, ServiceError, Started, State, Stopped};
use crate::sys::events::Deadline;
use crate::sys::process::{Background, Environment, Output, Process, Program, ProgramError};
use crate::sys::seam;
use crate::sys::signal::Interrupt;

use unit::Unit;

/// How long systemd may take for an answer that it has at hand.
const QUERY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the units beside the service may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(100);

#[derive(Debug)]
pub(super) struct Systemd {
    unit: String,
    // `also`, and what triggers the unit.
    others: Vec<String>,
    runtime: Runtime,
}

impl Systemd {
    pub(super) fn new(unit: &str, also: &[String], runtime: Runtime) -> Self {
        let mut others = also.to_vec();
        others.extend(runtime.triggers.iter().filter(|trigger| !also.contains(trigger)).cloned());
        Self { unit: unit.to_owned(), others, runtime }
    }

    pub(super) fn state(&self) -> Result<State> {
        self.show(&self.unit)?.state()
    }

    pub(super) fn stop(&self, state: &State, deadline: Deadline) -> Result<Stopped> {
        let before = if let State::Running { main } = *state { main } else { None };
        seam::cross("stop the service");
        let mut stops = vec![];
        if !self.others.is_empty() {
            stops.push(words("stop", self.others.iter()));
        }
        stops.push(words("stop", [&self.unit]));
        for stop in stops {
            match self.must(&stop, deadline.left()) {
                Err(ServiceError::Program(ProgramError::TimedOut { .. })) => {
                    return Ok(Stopped::No { pid: before.map(|main| main.pid) });
                }
                answer => answer?,
            };
        }
        // With KillMode=none, or `process`, the unit is down before its main process is.
        if let Some(main) = before
            && !main.ends_by(deadline)?
        {
            return Ok(Stopped::No { pid: Some(main.pid) });
        }
        match self.state()? {
            State::Running { main } => Ok(Stopped::No { pid: main.map(|main| main.pid) }),
            State::Stopped | State::Failed | State::Unmanaged => Ok(Stopped::Yes),
        }
    }

    pub(super) fn kill(&self, deadline: Deadline) -> Result<Stopped> {
        seam::cross("kill the service");
        // With the stop pending systemd does not start it again when it is killed.
        self.must(&["stop".into(), "--no-block".into(), self.unit.clone()], QUERY_TIMEOUT)?;
        // Says so if there is nothing left to kill; the stop below tells whether that is true.
        self.ask(&["kill".into(), "--signal=SIGKILL".into(), self.unit.clone()], QUERY_TIMEOUT)?;
        self.stop(&self.state()?, deadline)
    }

    pub(super) fn start(&self) -> Result<Background> {
        // Starts that failed count against the limit of starts, and ours must not be refused for them. It fails where
        // systemd has forgotten the unit, the limit with it; whatever else is wrong the start will say.
        self.ask(&words("reset-failed", [&self.unit]), QUERY_TIMEOUT)?;
        // A socket cannot be started beside its service any more.
        let mut sockets = Vec::new();
        for other in self.others.iter().filter(|other| other.ends_with(".socket")) {
            // Asked of the socket: once it is stopped systemd forgets it, and the service knows of it no more.
            if self.show(other)?.triggered().contains(&self.unit) {
                sockets.push(other);
            }
        }
        seam::cross("start the service");
        if !sockets.is_empty() {
            self.must(&words("start", sockets), START_TIMEOUT)?;
        }
        let argv: Vec<_> =
            [self.tool("systemctl"), "--no-ask-password".into(), "start".into(), (&self.unit).into()].into();
        Ok(Background::start(&argv, &self.runtime.log)?)
    }

    pub(super) fn start_also(&self) -> Result<()> {
        if self.others.is_empty() {
            return Ok(());
        }
        seam::cross("start what belongs to the service");
        self.ask(&words("reset-failed", self.others.iter()), QUERY_TIMEOUT)?;
        self.must(&words("start", self.others.iter()), START_TIMEOUT).map(drop)
    }

    /// Sockets, paths and timers hold no database: what they would start waits at the gate, or for its place at boot.
    pub(super) fn stop_also(&self, deadline: Deadline) -> Result<()> {
        for other in self.others.iter().filter(|other| other.ends_with(".service")) {
            if matches!(self.show(other)?.state()?, State::Running { .. }) {
                seam::cross("stop what belongs to the service");
                self.must(&words("stop", [other]), deadline.left())?;
            }
        }
        Ok(())
    }

    pub(super) fn ask_for_also(&self) -> Result<()> {
        let services: Vec<&String> = self.others.iter().filter(|other| other.ends_with(".service")).collect();
        if services.is_empty() {
            return Ok(());
        }
        seam::cross("ask for the start of what belongs to the service");
        let later = "--no-block".to_owned();
        self.must(&words("start", [&later].into_iter().chain(services)), QUERY_TIMEOUT).map(drop)
    }

    pub(super) fn life(&self, started: &mut Started) -> Result<Life> {
        let job = started.command.status().map_err(ServiceError::Watch)?;
        if job.is_some_and(|status| !status.success()) {
            let said = started.command.summary().map_err(ServiceError::Watch)?;
            let own = self.last_words(&self.show(&self.unit)?)?;
            return Ok(Life::Dead(format!("{own}\n`systemctl start`: {said}")));
        }
        let unit = self.show(&self.unit)?;
        let main = unit.main()?.filter(|main| started.may_have_made(main));
        // Before the job has begun, what is told of the unit belongs to its last life.
        let begun = job.is_some() || main.is_some();
        if begun && unit.has_died() {
            return Ok(Life::Dead(self.last_words(&unit)?));
        }
        match main {
            Some(main) => started.see(main)?,
            // It has ended, and systemd has yet to say what that means.
            None if started.has_lost_main()? => started.seen = Seen::Running,
            None => {}
        }
        Ok(Life::Alive { main, progress: unit.progress() })
    }

    pub(super) fn own_processes(&self) -> Result<Vec<Process>> {
        let unit = self.show(&self.unit)?;
        match unit.control_group() {
            // Without one only the main process is known; the root would be everybody's.
            "" | "/" => Ok(unit.main()?.into_iter().collect()),
            group => Ok(Process::of_cgroup(group)?),
        }
    }

    pub(super) fn active_triggers(&self) -> Result<Vec<String>> {
        let mut active = Vec::new();
        for trigger in self.show(&self.unit)?.triggers() {
            if matches!(self.show(&trigger)?.state()?, State::Running { .. }) {
                active.push(trigger);
            }
        }
        Ok(active)
    }

    pub(super) fn ending(&self) -> Result<String> {
        Ok(self.show(&self.unit)?.ending())
    }

    /// How it ended and the last lines of its journal, where there is one.
    fn last_words(&self, unit: &Unit) -> Result<String> {
        let arguments = ["--no-pager", "--output=cat", "--lines=10", "--unit", &self.unit].map(OsString::from);
        let argv = std::iter::once(self.tool("journalctl")).chain(arguments).collect();
        let lines = match run(argv, QUERY_TIMEOUT) {
            Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim_end().to_owned(),
            // A system without a journal: the lines are only a help.
            _ => String::new(),
        };
        Ok(if lines.is_empty() { unit.ending() } else { format!("{}: {lines}", unit.ending()) })
    }

    fn show(&self, unit: &str) -> Result<Unit> {
        let output =
            self.must(&["show".into(), format!("--property={}", Unit::PROPERTIES), unit.into()], QUERY_TIMEOUT)?;
        Unit::parse(unit, &String::from_utf8_lossy(&output.stdout))
    }

    fn must(&self, arguments: &[String], timeout: Duration) -> Result<Output> {
        let output = self.ask(arguments, timeout)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(ServiceError::Failed { command: format!("systemctl {}", arguments.join(" ")), summary: output.summary() })
    }

    fn ask(&self, arguments: &[String], timeout: Duration) -> Result<Output> {
        let options = ["--no-ask-password", "--no-pager"].map(OsString::from);
        let arguments = arguments.iter().map(OsString::from);
        run(std::iter::once(self.tool("systemctl")).chain(options).chain(arguments).collect(), timeout)
    }

    fn tool(&self, name: &str) -> OsString {
        self.runtime.tools.as_ref().map_or_else(|| name.into(), |directory| directory.join(name).into())
    }
}

fn words<'a>(verb: &str, units: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    std::iter::once(verb.to_owned()).chain(units.into_iter().cloned()).collect()
}

fn run(argv: Vec<OsString>, timeout: Duration) -> Result<Output> {
    let interrupt = Interrupt::never();
    Ok(Program { argv, environment: Environment::Inherited, timeout, interrupt: &interrupt }.run()?)
}
