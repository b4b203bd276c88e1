//! Service managers: who starts and stops the product. A further one is a file here and a variant of `By`.

mod command;
pub mod control;
mod error;
mod started;
mod systemd;

use std::path::PathBuf;
use std::time::Duration;

use crate::config;
use crate::sys::clock::Stopwatch;
use crate::sys::events::Deadline;
use crate::sys::process::Process;

pub use error::ServiceError;
pub use started::Started;

use command::Commands;
use started::Seen;
use systemd::Systemd;
#[cfg(any(test, fuzzing))]
pub(crate) use systemd::unit::Unit;

/// The product's service.
#[derive(Debug)]
pub struct Service {
    by: By,
    stop_timeout: Duration,
}

#[derive(Debug)]
enum By {
    Systemd(Systemd),
    Command(Commands),
    Nobody,
}

/// What a service needs besides its configuration.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// Where the output of the start command goes; emptied at each start. A service that stays in the foreground writes
    /// here for as long as it lives.
    pub log: PathBuf,
    /// What [`Service::triggers`] told before the stop, from the plan: stopped and started again with `also`.
    pub triggers: Vec<String>,
    /// The directory of `systemctl` and `journalctl`, where it is not found through PATH.
    pub tools: Option<PathBuf>,
}

/// What the service's manager says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs, starts or stops.
    Running {
        /// Its main process, where the manager names one.
        main: Option<Process>,
    },
    /// It does not run.
    Stopped,
    /// It does not run because it failed.
    Failed,
    /// Nobody manages it.
    Unmanaged,
}

/// What has become of a start so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It starts or runs.
    Alive {
        /// The main process, once the manager names one that is not older than the start.
        main: Option<Process>,
        /// What the manager tells of the progress of the start; a change is a sign of life.
        progress: String,
    },
    /// It ended, or never began to run; the text says how, with the last lines that it wrote.
    Dead(String),
}

type Result<T> = std::result::Result<T, ServiceError>;

impl Service {
    /// The service as it is configured.
    pub fn new(config: &config::Service, runtime: Runtime) -> Self {
        let by = match &config.manager {
            config::Manager::Systemd { unit, also } => By::Systemd(Systemd::new(unit, also, runtime)),
            config::Manager::Command { start, stop, status, pid_file } => {
                By::Command(Commands::new(start, stop, status, pid_file.as_deref(), runtime.log))
            }
            config::Manager::None => By::Nobody,
        };
        Self { by, stop_timeout: config.stop_timeout }
    }

    /// What its manager says of it now.
    ///
    /// # Errors
    /// Where the manager cannot be asked.
    pub fn state(&self) -> Result<State> {
        match &self.by {
            By::Systemd(systemd) => systemd.state(),
            By::Command(commands) => commands.state(),
            By::Nobody => Ok(State::Unmanaged),
        }
    }

    /// Stops what belongs to it, then itself, and returns when its main process has ended. It is never killed by this.
    /// Nothing to do where it does not run.
    ///
    /// # Errors
    /// [`ServiceError::WillNotStop`] if it still runs after the configured time.
    pub fn stop(&self) -> Result<()> {
        self.stop_from(&self.state()?)
    }

    /// The same where [`Service::state`] has just said `state`: it is not asked again.
    ///
    /// # Errors
    /// As [`Service::stop`].
    pub fn stop_from(&self, state: &State) -> Result<()> {
        let deadline = Deadline::after(self.stop_timeout);
        let stopped = match &self.by {
            By::Systemd(systemd) => systemd.stop(state, deadline)?,
            By::Command(commands) => commands.stop(state, deadline)?,
            By::Nobody => return Err(ServiceError::Unmanaged),
        };
        self.must_be(stopped)
    }

    /// Kills it, for one that ignores a stop and must be got rid of: what it did not write yet is lost. Kills the unit's
    /// processes, or the process group of the pid file's process.
    ///
    /// # Errors
    /// Where nothing names its processes, or they do not end.
    pub fn kill(&self) -> Result<()> {
        let deadline = Deadline::after(self.stop_timeout);
        let stopped = match &self.by {
            By::Systemd(systemd) => systemd.kill(deadline)?,
            By::Command(commands) => commands.kill(deadline)?,
            By::Nobody => return Err(ServiceError::Unmanaged),
        };
        self.must_be(stopped)
    }

    /// Begins a start and returns at once: what becomes of it is told by [`Service::life`].
    ///
    /// # Errors
    /// Where the start could not even be asked for.
    pub fn start(&self) -> Result<Started> {
        let since = Stopwatch::start();
        let command = match &self.by {
            By::Systemd(systemd) => systemd.start()?,
            By::Command(commands) => commands.start()?,
            By::Nobody => return Err(ServiceError::Unmanaged),
        };
        Ok(Started { command, since, seen: Seen::Nothing })
    }

    /// Starts the units that belong to it, for after it is healthy. Nothing to do without any.
    ///
    /// # Errors
    /// Where one does not start.
    pub fn start_also(&self) -> Result<()> {
        match &self.by {
            By::Systemd(systemd) => systemd.start_also(),
            By::Command(_) | By::Nobody => Ok(()),
        }
    }

    /// Stops the services that belong to it and run, and leaves itself as it is.
    ///
    /// # Errors
    /// Where one does not stop.
    pub fn stop_also(&self) -> Result<()> {
        match &self.by {
            By::Systemd(systemd) => systemd.stop_also(Deadline::after(self.stop_timeout)),
            By::Command(_) | By::Nobody => Ok(()),
        }
    }

    /// Asks for the start of the services that belong to it, and waits for nothing: at boot each has its place in an order.
    ///
    /// # Errors
    /// Where that cannot be asked for.
    pub fn ask_for_also(&self) -> Result<()> {
        match &self.by {
            By::Systemd(systemd) => systemd.ask_for_also(),
            By::Command(_) | By::Nobody => Ok(()),
        }
    }

    /// What has become of a start by now.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub fn life(&self, started: &mut Started) -> Result<Life> {
        match &self.by {
            By::Systemd(systemd) => systemd.life(started),
            By::Command(commands) => commands.life(started),
            By::Nobody => Err(ServiceError::Unmanaged),
        }
    }

    /// Its own processes: those in the unit's control group, or in the process group of the pid file's process. Nothing
    /// if that cannot be told, which is so for commands without a pid file.
    ///
    /// # Errors
    /// Where the manager or `/proc` cannot be asked.
    pub fn own_processes(&self) -> Result<Option<Vec<Process>>> {
        match &self.by {
            By::Systemd(systemd) => systemd.own_processes().map(Some),
            By::Command(commands) => commands.own_processes(),
            By::Nobody => Ok(Some(Vec::new())),
        }
    }

    /// The active units that would start it by themselves, such as its socket. They are stopped before it, and after a
    /// kill only the plan can tell which they were.
    ///
    /// # Errors
    /// Where the manager cannot be asked.
    pub fn triggers(&self) -> Result<Vec<String>> {
        match &self.by {
            By::Systemd(systemd) => systemd.active_triggers(),
            By::Command(_) | By::Nobody => Ok(Vec::new()),
        }
    }

    /// How it ended, where its manager knows; the first line says how, such as `exit status 1`.
    ///
    /// # Errors
    /// Where the manager cannot be asked.
    pub fn ending(&self) -> Result<Option<String>> {
        match &self.by {
            By::Systemd(systemd) => systemd.ending().map(Some),
            By::Command(_) | By::Nobody => Ok(None),
        }
    }

    fn must_be(&self, stopped: Stopped) -> Result<()> {
        match stopped {
            Stopped::Yes => Ok(()),
            Stopped::No { pid } => Err(ServiceError::WillNotStop { pid, timeout: self.stop_timeout }),
        }
    }
}

/// Whether a stop has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopped {
    Yes,
    No { pid: Option<u32> },
}

#[cfg(test)]
pub(crate) mod stand_in;

#[cfg(test)]
mod tests;
