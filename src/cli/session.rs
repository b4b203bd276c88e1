//! What most commands begin with: the configuration, the service, the lock.

use std::path::Path;
use std::time::Duration;

use super::exit::Outcome;
use super::reply::{Problem, Reply};
use super::terminal::Terminal;
use super::way_out::way_out;
use crate::config::{self, Config, ConfigError};
use crate::journal::record::{self, RecordError};
use crate::journal::runs;
use crate::observe::{self, ObserveError};
use crate::plan::observed::Observed;
use crate::plan::{Plan, Refusal};
use crate::steps::{Machine, Memory, Places, Starts};
use crate::sys::custody::{self, Stranger};
use crate::sys::fs::PathError;
use crate::sys::health::HealthCheck;
use crate::sys::http::Client;
use crate::sys::lock::{LockError, Owner, RunLock};
use crate::sys::process::{Credentials, Process};
use crate::sys::service::{Runtime, Service};
use crate::sys::{attributes, fs, process};

/// A product on this machine, and who is at the terminal.
pub struct Session<'t> {
    /// The product.
    pub config: Config,
    /// The terminal.
    pub terminal: &'t Terminal,
}

impl<'t> Session<'t> {
    /// Reads the configuration.
    pub fn read(file: &Path, terminal: &'t Terminal) -> Result<Self, Box<Reply>> {
        let hint = "name another file with `--config FILE`, or write this one";
        let bytes = fs::read(file).map_err(|error| Box::new(Reply::barred("config", &error, hint)))?;
        let config = config::text(&bytes).and_then(config::parse).map_err(|error| {
            let refusal = |wrong: String| {
                let message = format!("the configuration `{}` cannot be used: {wrong}", file.display());
                Refusal::new("config", message, "correct it, then run the same command again")
            };
            Box::new(Reply::refused(match &error {
                ConfigError::Faults(faults) => faults.iter().map(|fault| refusal(fault.to_string())).collect(),
                error => vec![refusal(error.to_string())],
            }))
        })?;
        Ok(Self { config, terminal })
    }

    /// The same, and refuses where the state directory is not this product's, or not to be understood.
    pub fn open(file: &Path, terminal: &'t Terminal) -> Result<Self, Box<Reply>> {
        let session = Self::read(file, terminal)?;
        let config = &session.config;
        let owner =
            record::read::<record::Owner>(&config.layout.owner()).map_err(|error| Box::new(unreadable(&error)))?;
        match owner.filter(|owner| owner.product != config.product) {
            None => Ok(session),
            Some(owner) => Err(Box::new(Reply::refused(vec![Refusal::new(
                "foreign-state",
                format!("`{}` is the state directory of `{}`", config.layout.state.display(), owner.product),
                format!("give `{}` an `install.state` of its own", config.product),
            )]))),
        }
    }

    /// The product's service. After a kill only the plan can tell which units trigger it.
    pub fn service(&self, triggers: &[String]) -> Service {
        let log = self.config.layout.state.join("service.log");
        let runtime = Runtime { log, triggers: triggers.to_vec(), tools: None };
        Service::new(&self.config.service, runtime)
    }

    /// Looks at the machine.
    pub fn observe(&self) -> Result<Observed, Box<Reply>> {
        observe::observe(&self.config, &self.service(&[])).map_err(|error| Box::new(unobserved(&error)))
    }

    /// A client for releases.
    pub fn client(&self) -> Client {
        let agent = concat!("gantry-installer/", env!("CARGO_PKG_VERSION"));
        Client::new(self.config.manifest.ca_file.as_deref(), agent)
    }

    /// Whether anything was ever done here: else there is no state directory, and no lock to be held.
    pub fn has_state(&self) -> Result<bool, Box<Reply>> {
        let remedy = "run it as root, or as the user who owns the state directory";
        fs::exists(&self.config.layout.state).map_err(|error| Box::new(Reply::barred("state", &error, remedy)))
    }

    /// Takes the lock of a command that changes something, makes the state directory, and refuses where a run is
    /// unfinished.
    pub fn begin(&self, command: &str) -> Result<RunLock, Box<Reply>> {
        let lock = self.lock(command)?;
        self.refuse_unfinished().map(|()| lock)
    }

    /// Refuses where a run is unfinished, or another process is at work on one.
    pub fn refuse_unfinished(&self) -> Result<(), Box<Reply>> {
        match self.unfinished()? {
            None => Ok(()),
            Some((run, None)) => Err(Box::new(unfinished(&run))),
            Some((_, Some(owner))) => Err(Box::new(locked(&LockError::Busy(owner)))),
        }
    }

    /// A run that has not ended, and the other process that is at work on it, if one is.
    pub fn unfinished(&self) -> Result<Option<(String, Option<Owner>)>, Box<Reply>> {
        let unknown =
            |error: &dyn std::error::Error| Box::new(Reply::barred("journal", error, "see `gantry-installer history`"));
        let Some(run) = runs::unfinished(&self.config.layout).map_err(|error| unknown(&error))? else {
            return Ok(None);
        };
        let owner = RunLock::owner(&self.config.layout.lock()).map_err(|error| unknown(&error))?;
        let own = Process::this().map_err(|error| unknown(&error))?;
        Ok(Some((run, owner.filter(|owner| owner.process != own))))
    }

    /// Takes the lock alone, at once.
    pub fn lock(&self, command: &str) -> Result<RunLock, Box<Reply>> {
        self.lock_within(command, Duration::ZERO)
    }

    /// The same, and waits for so long for whoever has it.
    pub fn lock_within(&self, command: &str, patience: Duration) -> Result<RunLock, Box<Reply>> {
        let layout = &self.config.layout;
        let rights = "run it as root, or as the user who owns the state directory";
        let failed = |error: &(dyn std::error::Error + 'static)| {
            Box::new(Reply::barred("state", error, way_out(error, &layout.state, rights)))
        };
        self.refuse_strangers().map_err(|error| failed(&error))?.map_or(Ok(()), |reply| Err(Box::new(reply)))?;
        fs::create_dir_all(&layout.state, 0o755).map_err(|error| failed(&error))?;
        let lock = RunLock::acquire_within(&layout.lock(), command, patience).map_err(|error| match error {
            LockError::Busy(_) | LockError::BusyUnknown(_) => Box::new(locked(&error)),
            error => failed(&error),
        })?;
        self.terminal.asks_under(&layout.lock());
        if !fs::exists(&layout.owner()).map_err(|error| failed(&error))? {
            let owner = record::Owner { product: self.config.product.clone(), state: layout.state.clone() };
            record::write(&layout.owner(), &owner, 0o600).map_err(|error| failed(&error))?;
        }
        Ok(lock)
    }

    /// The answer where somebody else could exchange what is kept: the releases, what is trusted, or the backups.
    fn refuse_strangers(&self) -> Result<Option<Reply>, PathError> {
        let layout = &self.config.layout;
        let kept = [("install.state", &layout.state), ("install.root", &layout.root), ("backup.dir", &layout.backups)];
        Ok(custody::first_stranger(kept)?.map(|(key, path, stranger)| {
            let path = path.display();
            let (why, remedy) = match stranger {
                Stranger::Owner(user) => (
                    format!("belongs to user {user}, who could exchange what is in it"),
                    format!("look at what is in it, then run `chown root {path}`; or run this as that user"),
                ),
                Stranger::Everybody => (
                    "is a directory that everybody may write to".to_owned(),
                    format!("look at what is in it, then run `chmod o-w {path}`"),
                ),
            };
            Reply::refused(vec![Refusal::new("foreign-directory", format!("`{path}` (`{key}`) {why}"), remedy)])
        }))
    }

    /// All that the steps of a plan work with.
    pub fn machine<'a>(&'a self, plan: &'a Plan, client: &'a Client) -> Machine<'a> {
        let user = self.user();
        Machine {
            config: &self.config,
            plan,
            places: Places::of(&self.config.layout, plan),
            service: self.service(&plan.triggers),
            health: HealthCheck::new(&self.config.health, self.config.layout.private(), user),
            user,
            starts: Starts::Service,
            client,
            watch: self.terminal,
            interrupt: self.terminal.interrupt.clone(),
            memory: Memory::default(),
        }
    }

    /// As whom the product's programs run: as root the database's owner, else as we are.
    fn user(&self) -> Option<Credentials> {
        if !process::is_root() {
            return None;
        }
        let path = observe::real_database(&self.config.database.path).ok()?;
        let there = path.ancestors().find(|path| fs::exists(path).unwrap_or(false))?;
        let owner = attributes::owner(there).ok()?;
        Some(Credentials { uid: owner.user, gid: owner.group })
    }
}

/// The answer where somebody else holds the lock.
fn locked(error: &LockError) -> Reply {
    let remedy = match error {
        LockError::Busy(Owner { asks: Some(_), process, .. }) => format!(
            "answer its question in its terminal, or end it with `kill {}`, which changes nothing; then run the same command \
             again",
            process.pid
        ),
        _ => "wait until it has ended, then run the same command again".to_owned(),
    };
    let problem = Problem::of("locked", error, remedy);
    Reply { error: Some(problem), ..Reply::new(Outcome::Locked) }
}

/// The answer where a run is unfinished.
pub fn unfinished(run: &str) -> Reply {
    let problem = Problem {
        code: "unfinished".to_owned(),
        message: format!("the run {run} was interrupted and is unfinished"),
        causes: Vec::new(),
        remedy: "run `gantry-installer recover`".to_owned(),
    };
    Reply { error: Some(problem), ..Reply::new(Outcome::Unfinished) }
}

fn unobserved(error: &ObserveError) -> Reply {
    let remedy = match error {
        ObserveError::Current { .. } => "point it to a version that was installed from here, or remove it",
        ObserveError::Service(_) => "check the section [service] of the configuration",
        _ => "run it as root, or as the user who owns the installation",
    };
    if let ObserveError::Record(error) = error {
        return unreadable(error);
    }
    Reply::barred("observe", error, remedy)
}

/// The answer to a record that cannot be read.
pub fn unreadable(error: &RecordError) -> Reply {
    let (code, remedy) = match error {
        RecordError::Newer { .. } => {
            ("newer-state", "install the newer gantry-installer that wrote it, then run the same command again")
        }
        RecordError::Form { .. } => ("state", "put the state directory back from a backup of this machine"),
        RecordError::Path(_) => ("state", "run it as root, or as the user who owns the state directory"),
    };
    Reply::barred(code, error, remedy)
}
