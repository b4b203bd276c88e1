//! The proof of health: that the service is well, and that it is the new one which says so.

mod identity;
mod patience;
mod probe;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::blocking::Client;
use thiserror::Error;

use crate::config::{Health, Probe};
use crate::sys::events::{Deadline, wait_for_any};
use crate::sys::process::{Credentials, Process};
use crate::sys::service::{Life, Service, ServiceError, Started};
use crate::sys::signal::{Interrupt, Signal};
use crate::version::Version;

use identity::Doubt;
#[cfg(any(test, fuzzing))]
pub(crate) use identity::is_version;
use patience::Patience;
#[cfg(any(test, fuzzing))]
pub(crate) use probe::version as version_of;
use probe::{Answer, Prober};

/// How the service is asked, and with what the asking command runs.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    health: Health,
    private: PathBuf,
    user: Option<Credentials>,
    alive_for: Duration,
    client: OnceLock<Client>,
}

/// What the new service must be.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The release that was started.
    pub version: &'a Version,
    /// The directory of that release: its program runs from inside.
    pub directory: &'a Path,
    /// The main process from before the stop.
    pub before: Option<Process>,
    /// What was seen between the stop and the start.
    pub silence: Silence,
}

/// What was seen between the stop and the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nobody held the database, and nothing answered at the health address: whoever answers now is new.
    Proven,
    /// One of both was not so, or not looked at.
    Unproven,
}

/// That the new service is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// From the start to the answer.
    pub after_ms: u64,
    /// The version in the answer, where there is one.
    pub answered: Option<String>,
    /// The main process, where the manager names one.
    pub pid: Option<u32>,
}

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum HealthError {
    /// It ended; this is noticed at once.
    #[error("the service ended {after_ms} ms after its start: {words}")]
    Died {
        /// Since the start.
        after_ms: u64,
        /// How it ended, and the last lines that it wrote.
        words: String,
    },
    /// It was not well by the deadline.
    #[error("the service was not well after {after_ms} ms: {last}")]
    NotWell {
        /// Since the start.
        after_ms: u64,
        /// What it answered last.
        last: String,
    },
    /// It was well by the deadline, but as another release.
    #[error("after {after_ms} ms the health answer is still that of version `{answered}` instead of {expected}")]
    WrongVersion {
        /// Since the start.
        after_ms: u64,
        /// The release that was started.
        expected: Version,
        /// What the answer said.
        answered: String,
    },
    /// Something was well by the deadline, but nothing shows that it is the new service.
    #[error("after {after_ms} ms the health answer cannot be shown to come from the new service: {reason}")]
    WrongProcess {
        /// Since the start.
        after_ms: u64,
        /// What is missing.
        reason: String,
    },
    /// A signal asked for the end.
    #[error("waiting for the service was ended by {0}")]
    Interrupted(Signal),
    /// The service cannot be looked at.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The probe cannot be made.
    #[error("cannot ask `{target}` whether the service is well")]
    Probe {
        /// The address or the command.
        target: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The events cannot be waited for.
    #[error("cannot wait for the service")]
    Wait(#[from] io::Error),
}

/// Without a probe the service counts as well when it lives this long.
const ALIVE_FOR: Duration = Duration::from_secs(5);

/// The manager is asked this often while nothing happens.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The shortest and the longest pause between two probes: every pause is downtime. Between them it is a tenth of the time
/// since the start.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(5));
const PART: u32 = 10;

impl HealthCheck {
    /// A check as it is configured. A command runs in a clean environment, its `private` directory disposable, as `user`.
    pub fn new(health: &Health, private: PathBuf, user: Option<Credentials>) -> Self {
        Self { health: health.clone(), private, user, alive_for: ALIVE_FOR, client: OnceLock::new() }
    }

    /// Makes what takes time about asking, before the service is down.
    ///
    /// # Errors
    /// Where it cannot be made: nothing could be asked later either.
    pub fn get_ready(&self) -> Result<(), HealthError> {
        if let Probe::Url(url) = &self.health.probe {
            probe::client_of(self, url)?;
        }
        Ok(())
    }

    /// Whether nobody answers at the health address. To be asked between the stop and the start: a service that is well
    /// then is not the new one.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub fn is_silent(&self) -> Result<bool, HealthError> {
        let mut prober = Prober::new(self)?;
        prober.ask();
        wait_for_any(&[prober.descriptor()], probe::TIMEOUT.saturating_mul(2))?;
        Ok(match prober.answer() {
            Some(Answer::Nobody(_)) => true,
            // A command tells well from unwell, not who answers.
            Some(Answer::Unwell { .. }) => matches!(self.health.probe, Probe::Command(_)),
            Some(Answer::Well { .. }) => matches!(self.health.probe, Probe::Alive),
            None => false,
        })
    }

    /// Waits until the started service is well and provably the expected one. Returns at once when it ends. The time
    /// allowed grows while the service shows progress: the manager's status text or phase, or the body of a 503, changes.
    ///
    /// # Errors
    /// Where the proof does not come in time; every answer is then that of the last look.
    pub fn prove(
        &self,
        expected: &Expectation<'_>,
        service: &Service,
        started: &mut Started,
        interrupt: &Interrupt,
    ) -> Result<Proof, HealthError> {
        let mut prober = Prober::new(self)?;
        // A life of the least length must be seen before the time is up.
        let mut patience = Patience::new(self.health.timeout.max(self.least().saturating_mul(2)));
        let mut doubt = Doubt::NotWell("it gave no answer".to_owned());
        let mut main = None;
        let mut look = Deadline::after(Duration::ZERO);
        loop {
            if let Some(signal) = interrupt.requested() {
                return Err(HealthError::Interrupted(signal));
            }
            let answer = prober.answer();
            // After a good answer always: whose it was is only known of a process that lives now.
            if look.has_passed() || matches!(answer, Some(Answer::Well { .. })) {
                look = Deadline::after(LOOK_EVERY);
                match service.life(started)? {
                    Life::Dead(words) => return Err(HealthError::Died { after_ms: millis(started), words }),
                    Life::Alive { main: named, progress } => {
                        main = named;
                        patience.saw_progress(&progress, started.elapsed());
                    }
                }
            }
            match answer {
                Some(Answer::Well { version }) if started.elapsed() >= self.least() => {
                    match identity::doubt(expected, service, main, version.as_deref())? {
                        None => {
                            let pid = main.map(|main| main.pid);
                            return Ok(Proof { after_ms: millis(started), answered: version, pid });
                        }
                        Some(reason) => doubt = reason,
                    }
                }
                Some(Answer::Unwell { reason, sign }) => {
                    patience.saw_answer(sign, started.elapsed());
                    doubt = Doubt::NotWell(reason);
                }
                Some(Answer::Nobody(reason)) => doubt = Doubt::NotWell(reason),
                Some(Answer::Well { .. }) | None => {}
            }
            let left = patience.left(started.elapsed());
            if left.is_zero() {
                return Err(doubt.into_error(expected, millis(started)));
            }
            let pause = (started.elapsed() / PART).clamp(PAUSES.0, PAUSES.1);
            if self.wait(&mut prober, started, interrupt, pause.min(left), left.min(LOOK_EVERY))? == Woken::ByService {
                look = Deadline::after(Duration::ZERO);
            }
        }
    }

    /// Pauses and asks again; or, while an answer is awaited, waits for it. The end of the service cuts either short.
    fn wait(
        &self,
        prober: &mut Prober,
        started: &mut Started,
        interrupt: &Interrupt,
        pause: Duration,
        longest: Duration,
    ) -> Result<Woken, HealthError> {
        let mut descriptors = started.descriptors()?;
        let own = descriptors.len();
        let by = |happened: &[bool]| {
            if happened.iter().take(own).any(|one| *one) { Woken::ByService } else { Woken::Otherwise }
        };
        descriptors.extend(interrupt.descriptor());
        if !prober.is_asked() {
            let pause = if matches!(self.health.probe, Probe::Alive) { longest } else { pause };
            let happened = wait_for_any(&descriptors, pause)?;
            if happened.contains(&true) {
                return Ok(by(&happened));
            }
            prober.ask();
        }
        descriptors.push(prober.descriptor());
        Ok(by(&wait_for_any(&descriptors, longest)?))
    }

    /// The least time before the service may count as well.
    fn least(&self) -> Duration {
        if matches!(self.health.probe, Probe::Alive) { self.alive_for } else { Duration::ZERO }
    }
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    /// The start command or the main process has ended.
    ByService,
    /// An answer, a signal, or the time.
    Otherwise,
}

fn millis(started: &Started) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
