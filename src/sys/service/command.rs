//! A service that the operator's own commands start and stop.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Life, Result, Seen, ServiceError, Started, State, Stopped};
use crate::sys::clock;
use crate::sys::events::Deadline;
use crate::sys::process::{Background, Environment, Output, Process, Program, ProgramError};
use crate::sys::signal::Interrupt;
use crate::sys::{fs, seam};

/// How long the status command may take.
const STATUS_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Commands {
    start: Vec<OsString>,
    stop: Vec<OsString>,
    status: Vec<OsString>,
    pid_file: Option<PathBuf>,
    log: PathBuf,
}

impl Commands {
    pub(super) fn new(
        start: &[String],
        stop: &[String],
        status: &[String],
        pid_file: Option<&Path>,
        log: PathBuf,
    ) -> Self {
        let argv = |command: &[String]| command.iter().map(OsString::from).collect();
        let pid_file = pid_file.map(Path::to_owned);
        Self { start: argv(start), stop: argv(stop), status: argv(status), pid_file, log }
    }

    pub(super) fn state(&self) -> Result<State> {
        // Asked first, so that a process is only named that belongs to a service that runs.
        let main = self.main();
        Ok(if self.is_running(STATUS_TIMEOUT)? { State::Running { main: main? } } else { State::Stopped })
    }

    pub(super) fn stop(&self, state: &State, deadline: Deadline) -> Result<Stopped> {
        // Known before: a service may remove its pid file and still write for a while.
        let State::Running { main } = *state else { return Ok(Stopped::Yes) };
        seam::cross("stop the service");
        let answer = match run(&self.stop, deadline.left()) {
            Err(ServiceError::Program(ProgramError::TimedOut { .. })) => {
                return Ok(Stopped::No { pid: main.map(|main| main.pid) });
            }
            answer => answer?,
        };
        // Even if the command failed it may have told the service to stop: starting another beside it would be worse.
        match self.ends_by(main, deadline)? {
            Stopped::No { .. } if !answer.status.success() => {
                Err(ServiceError::Failed { command: line(&self.stop), summary: answer.summary() })
            }
            stopped => Ok(stopped),
        }
    }

    pub(super) fn kill(&self, deadline: Deadline) -> Result<Stopped> {
        let State::Running { main } = self.state()? else { return Ok(Stopped::Yes) };
        let main = main.ok_or(ServiceError::NoMainProcess)?;
        seam::cross("kill the service");
        main.kill_group()?;
        self.ends_by(Some(main), deadline)
    }

    pub(super) fn start(&self) -> Result<Background> {
        seam::cross("start the service");
        Ok(Background::start(&self.start, &self.log)?)
    }

    pub(super) fn life(&self, started: &mut Started) -> Result<Life> {
        let ended = started.command.status().map_err(ServiceError::Watch)?;
        if ended.is_some_and(|status| !status.success()) {
            return dead(started);
        }
        let main = self.main()?.filter(|main| started.may_have_made(main));
        if let Some(main) = main {
            started.see(main)?;
        } else if started.has_lost_main()? {
            return dead(started);
        }
        // A start command that is still there may be the service itself.
        if self.pid_file.is_none() && ended.is_some() {
            match (self.is_running(STATUS_TIMEOUT)?, &started.seen) {
                (true, _) => started.seen = Seen::Running,
                (false, Seen::Running) => return dead(started),
                (false, _) => {}
            }
        }
        Ok(Life::Alive { main, progress: String::new() })
    }

    pub(super) fn own_processes(&self) -> Result<Option<Vec<Process>>> {
        if self.pid_file.is_none() {
            return Ok(None);
        }
        Ok(Some(self.main()?.map(|main| main.group()).transpose()?.unwrap_or_default()))
    }

    fn ends_by(&self, main: Option<Process>, deadline: Deadline) -> Result<Stopped> {
        // Its end is a fact. A status command that asks with `kill -0` would take its zombie for a service that runs.
        if let Some(main) = main {
            return Ok(if main.ends_by(deadline)? { Stopped::Yes } else { Stopped::No { pid: Some(main.pid) } });
        }
        while self.is_running(deadline.left().max(Duration::from_secs(1)))? {
            if deadline.has_passed() {
                return Ok(Stopped::No { pid: None });
            }
            clock::pause(Duration::from_millis(5));
        }
        Ok(Stopped::Yes)
    }

    fn is_running(&self, timeout: Duration) -> Result<bool> {
        Ok(run(&self.status, timeout)?.status.success())
    }

    /// The pid file's process, if it lives.
    fn main(&self) -> Result<Option<Process>> {
        let Some(path) = &self.pid_file else { return Ok(None) };
        let bytes = fs::read_if_there(path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        match text.trim() {
            // About to be written, by a service that writes it in place; or its blocks were lost in a power cut.
            text if text.bytes().all(|byte| byte == 0) => Ok(None),
            text => match text.parse() {
                Ok(pid) => Ok(Process::of(pid)?),
                Err(_) => Err(ServiceError::PidFile { path: path.clone(), text: text.to_owned() }),
            },
        }
    }
}

fn dead(started: &mut Started) -> Result<Life> {
    Ok(Life::Dead(started.command.summary().map_err(ServiceError::Watch)?))
}

fn run(argv: &[OsString], timeout: Duration) -> Result<Output> {
    let interrupt = Interrupt::never();
    let program = Program { argv: argv.to_vec(), environment: Environment::Inherited, timeout, interrupt: &interrupt };
    Ok(program.run()?)
}

fn line(argv: &[OsString]) -> String {
    argv.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
