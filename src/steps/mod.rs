//! The steps of a run, one file each. Every step may run twice, and every undo may.

mod adopt;
mod catch_up;
mod commit;
mod copy;
mod create;
mod damage;
mod downtime;
mod exchange;
pub(crate) mod fetch;
mod follow;
mod import;
mod migrate;
mod places;
mod prove;
pub(crate) mod replay;
mod rehearse;
mod replaced;
mod start;
mod stop;
mod switch;
mod tidy;

pub mod abandoned;
pub mod backup;
pub mod doorway;
pub mod error;
pub mod life;
pub mod migrator;
pub mod sets;

use std::fs::File;

pub use copy::make_work_directory;
pub use error::StepError;
pub use import::{Imported, Used, mapping};
pub use places::Places;

use crate::config::Config;
use crate::db::alone::Alone;
use crate::db::catch_up::CaughtUp;
use crate::db::follow::Following;
use crate::db::imprint::Imprint;
use crate::db::receipt::Receipt;
use crate::plan::loss::Loss;
use crate::plan::{Plan, Step, Undo};
use crate::sys::clock::Stopwatch;
use crate::sys::health::{HealthCheck, Silence};
use crate::sys::http::Client;
use crate::sys::lock::ExpectLock;
use crate::sys::lock::passage::Passed;
use crate::sys::process::{Credentials, Process};
use crate::sys::service::{Service, Started, State};
use crate::sys::signal::Interrupt;
use crate::sys::staged::Staged;
use crate::sys::watch::Watch;

/// What every step works with.
pub struct Machine<'a> {
    /// The product.
    pub config: &'a Config,
    /// The run.
    pub plan: &'a Plan,
    /// Its files.
    pub places: Places,
    /// The product's service.
    pub service: Service,
    /// How it shows that it is well.
    pub health: HealthCheck,
    /// As whom the product's programs run: as root the database's owner, else as we are.
    pub user: Option<Credentials>,
    /// Whether a recovery leaves the service stopped.
    pub starts: Starts,
    /// Brings releases in; none where a run needs no network.
    pub client: &'a Client,
    /// Hears of progress, and may call the run off.
    pub watch: &'a dyn Watch,
    /// A signal that asks for the end.
    pub interrupt: Interrupt,
    /// What later steps need of earlier ones in the same process. A recovery finds it empty.
    pub memory: Memory,
}

/// Whether an undo starts the service again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    /// It does.
    Service,
    /// The operator wants it stopped.
    Nothing,
}

/// Whether the new service was ever started in this run; a recovery reads it in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartedOnce {
    /// It was not.
    #[default]
    No,
    /// It was, or that was about to happen.
    Yes,
}

/// When the copy of the database is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Copied {
    /// While the service runs.
    #[default]
    Online,
    /// While it is stopped: without a write-ahead log, a database that is written all the time cannot be copied before.
    AfterStop,
}

/// What a run knows of itself while its process lives.
#[derive(Default)]
pub struct Memory {
    /// Whether there is a copy to rehearse on before the stop.
    pub copied: Copied,
    /// What the rehearsal showed.
    pub receipt: Option<Receipt>,
    /// Follows the live database, from the copy on.
    pub following: Option<Following>,
    /// The log that the live database had, until there is time to let it go.
    pub remains: Vec<File>,
    /// What the import did, and how its file was made.
    pub import: Option<Imported>,
    /// What the import was rehearsed on.
    pub imprint: Option<Imprint>,
    /// What was written since the copy was taken.
    pub caught_up: Option<CaughtUp>,
    /// The proof that nobody else has the live database, held until the exchange is durable.
    pub alone: Option<Alone>,
    /// What lets the start of the new release through.
    pub foreseen: Option<Staged>,
    /// Shows the gate that the owner of a start lives.
    pub expecting: Option<ExpectLock>,
    /// The service's main process before the stop.
    pub old: Option<Process>,
    /// Whether the new service may have written to the new database.
    pub started: StartedOnce,
    /// The start that is under way.
    pub start: Option<Started>,
    /// What was seen between the stop and the start.
    pub silence: Option<Silence>,
    /// Runs from the stop on.
    pub down: Option<Stopwatch>,
    /// From the stop to the first healthy answer.
    pub downtime_ms: Option<u64>,
    /// What the last catching up should take.
    pub catch_up_ms: u64,
    /// What the downtime should be, from the rehearsal.
    pub predicted_ms: Option<u64>,
    /// Worth knowing.
    pub warnings: Vec<String>,
    /// The backup that the run made.
    pub backup: Option<String>,
    /// What was lost.
    pub loss: Option<Loss>,
}

/// Makes the work directory beside the database, and clears what an interrupted look left in it.
pub fn prepare(machine: &Machine<'_>) -> Result<(), StepError> {
    copy::make_work_directory(machine)?;
    backup::clear_staged(&machine.config.layout)?;
    copy::remove_scratch(machine)
}

/// Performs a step.
pub fn perform(step: &Step, machine: &mut Machine<'_>) -> Result<(), StepError> {
    match step {
        Step::Fetch { releases } => fetch::perform(releases, machine).and_then(|()| downtime::foresee_restart(machine)),
        Step::Copy { source } => copy::perform(source, machine),
        Step::Rehearse { legs, own } => rehearse::perform(legs, *own, machine),
        Step::Adopt { version } => adopt::perform(version, machine),
        Step::Stop => stop::perform(machine),
        Step::CatchUp => downtime::allow(machine).and_then(|()| catch_up::perform(machine)),
        Step::Migrate { leg } => downtime::allow(machine).and_then(|()| migrate::perform(leg, machine)),
        Step::Create { leg, owner } => create::perform(leg, owner.as_deref(), machine),
        Step::Exchange { replaces } => downtime::allow(machine).and_then(|()| exchange::perform(*replaces, machine)),
        Step::Switch { to, .. } => downtime::allow_switch(machine).and_then(|()| switch::perform(to, machine)),
        Step::Start => start::perform(machine),
        Step::Prove => prove::perform(machine),
        Step::Commit => commit::perform(machine),
        Step::Tidy => tidy::perform(machine),
    }
}

/// Whether the service's manager says that it runs. What cannot be asked is taken for a yes.
pub fn is_running(machine: &Machine<'_>) -> bool {
    !matches!(machine.service.state(), Ok(State::Stopped | State::Failed | State::Unmanaged))
}

/// Stops the new service, wherever it came from.
pub fn stop_new(machine: &mut Machine<'_>) -> Result<(), StepError> {
    start::stop_new(machine)
}

/// Starts the committed release where it does not run, and waits until it is healthy.
pub fn keep_running(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let stopped = matches!(machine.service.state(), Ok(State::Stopped | State::Failed));
    let (true, Starts::Service, Some(version)) = (stopped, machine.starts, machine.plan.to.version.clone()) else {
        return Ok(());
    };
    // Whoever came through the gate is about to run: a second one beside it would be worse than none.
    if stop::passed(machine)? != Passed::Nobody {
        return Ok(());
    }
    stop::listen(machine);
    stop::start_in_room(&version, machine)
}

/// Takes a step back.
pub fn undo(step: &Step, machine: &mut Machine<'_>) -> Result<(), StepError> {
    match (step.undo(), step) {
        (Undo::Nothing, _) => Ok(()),
        (Undo::Discard, Step::Fetch { releases }) => fetch::discard(releases, machine),
        (Undo::RemoveCopy, _) => copy::remove(machine),
        (Undo::StartAgain, _) => stop::start_again(machine),
        (Undo::ExchangeBack, Step::Exchange { replaces }) => exchange::undo(*replaces, machine),
        (Undo::SwitchBack, Step::Switch { from, .. }) => switch::undo(from.as_ref(), machine),
        (Undo::StopNew, _) => start::stop_new(machine),
        // `Step::undo` gives these to no other step.
        (Undo::Discard | Undo::ExchangeBack | Undo::SwitchBack, _) => Ok(()),
    }
}
