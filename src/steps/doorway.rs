//! Who may start: keeps the record that the start-up gate reads.

use std::time::Duration;

use super::sets;
use super::{Machine, StepError};
use crate::db::look::{Look, LookError, is_kept_by, look, look_past_lock};
use crate::journal::gate::{Expect, GateRecord, Runs, Unfinished};
use crate::journal::releases::ReleaseRecord;
use crate::journal::{record, releases};
use crate::migration::Ledger;
use crate::plan::Point;
use crate::plan::verdict::Verdict;
use crate::sys::clock::{self, Stopwatch};
use crate::sys::lock::{ExpectLock, passage};
use crate::sys::process::{self, Process};
use crate::version::Version;

/// The gate is read by services of any user.
const MODE: u32 = 0o644;
/// How long a look waits for writers.
const BUSY: Duration = Duration::from_secs(10);

/// From here on nothing starts but what the run expects.
pub fn close(machine: &Machine<'_>) -> Result<(), StepError> {
    write(machine, committed(machine)?, Some(Unfinished { id: machine.plan.run.clone(), expect: None }))
}

/// Lets the start through by which a run takes itself back, while this process lives: the release on the database that it
/// ran on before.
pub fn expect_again(machine: &mut Machine<'_>, point: &Point) -> Result<(), StepError> {
    let Some(run) = expecting(machine, point, true)? else { return open(machine, None) };
    write(machine, committed(machine)?, Some(run))
}

/// Writes beforehand what is to let the start of the new release through, while the service still runs. The gate stays
/// closed.
pub fn foresee(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let to = machine.plan.to.clone();
    if let Some(run) = expecting(machine, &to, false)? {
        let record = record_of(machine, committed(machine)?, Some(run))?;
        machine.memory.foreseen = Some(record::stage(&machine.config.layout.gate(), &record, MODE)?);
    }
    Ok(())
}

/// Lets the start of the new release through.
///
/// That is not synced: what a power cut puts back keeps everybody out, and so does the new record, as its owner is dead.
pub fn expect_new(machine: &mut Machine<'_>) -> Result<(), StepError> {
    match machine.memory.foreseen.take() {
        Some(foreseen) => Ok(foreseen.take_place()?),
        None => match expecting(machine, &machine.plan.to.clone(), false)? {
            Some(run) => write(machine, committed(machine)?, Some(run)),
            None => open(machine, None),
        },
    }
}

/// The one start that the gate may let through, and the lock that shows that its owner lives.
fn expecting(machine: &mut Machine<'_>, point: &Point, again: bool) -> Result<Option<Unfinished>, StepError> {
    let Some(version) = point.version.clone() else { return Ok(None) };
    if machine.memory.expecting.is_none() {
        machine.memory.expecting = Some(ExpectLock::hold(&machine.config.layout.expect_lock())?);
    }
    let wrong = |error| StepError::world("process", "cannot tell who makes the start", error);
    let this = Process::this().map_err(wrong)?;
    let boot = process::boot_id().map_err(wrong)?;
    let expect = Expect { version, schema: point.schema.clone(), pid: this.pid, started: this.started, boot, again };
    Ok(Some(Unfinished { id: machine.plan.run.clone(), expect: Some(expect) }))
}

/// No run is under way any more, and `committed` is the release that is installed.
pub fn open(machine: &Machine<'_>, committed: Option<Version>) -> Result<(), StepError> {
    write(machine, committed, None)
}

/// What the gate would say of `version` and the live database, were no run under way.
pub fn verdict(version: &Version, machine: &Machine<'_>) -> Result<Verdict, StepError> {
    let live = &machine.places.live;
    let seen = patiently(machine, &sets::ledger(machine.config)?)
        .map_err(|error| StepError::world("database", format!("cannot look at `{}`", live.display()), error))?;
    let record: Option<GateRecord> = record::read(&machine.config.layout.gate())?;
    let unknown = || Verdict::Unknown { reason: "there is no record of what may run".to_owned() };
    Ok(record.map_or_else(unknown, |record| record.judge(version, &seen.ledger, &seen.print)))
}

/// A service that has just started may write so much that a look finds no gap for a while.
fn patiently(machine: &Machine<'_>, ledger: &Ledger) -> Result<Look, LookError> {
    let live = &machine.places.live;
    let waiting = Stopwatch::start();
    loop {
        let seen = match look(live, ledger) {
            Err(error) if error.is_locked() && is_kept(machine) => look_past_lock(live, ledger).map_err(|_| error),
            seen => seen,
        };
        match seen {
            Err(error) if error.is_locked() && waiting.elapsed() < BUSY => clock::pause(Duration::from_millis(5)),
            seen => return seen,
        }
    }
}

/// Whether the service has the database to itself.
fn is_kept(machine: &Machine<'_>) -> bool {
    let own = machine.service.own_processes().unwrap_or_default();
    super::is_running(machine) && is_kept_by(&machine.places.live, own.as_deref())
}

fn committed(machine: &Machine<'_>) -> Result<Option<Version>, StepError> {
    let record: Option<GateRecord> = record::read(&machine.config.layout.gate())?;
    Ok(record.and_then(|record| record.committed))
}

fn write(machine: &Machine<'_>, committed: Option<Version>, run: Option<Unfinished>) -> Result<(), StepError> {
    let record = record_of(machine, committed, run)?;
    // Before the record: whoever reads it while it is closed for the first time finds the lock there.
    passage::provide(&machine.config.layout.gate_lock())?;
    Ok(record::write(&machine.config.layout.gate(), &record, MODE)?)
}

fn record_of(
    machine: &Machine<'_>,
    committed: Option<Version>,
    run: Option<Unfinished>,
) -> Result<GateRecord, StepError> {
    let config = machine.config;
    let on_disk = releases::list(&config.layout)?;
    // Whoever is started next knows best what the database is; before that, whoever ran last.
    let expected = run.as_ref().and_then(|run| run.expect.as_ref()).map(|expect| &expect.version);
    let major = expected.or(committed.as_ref()).map(Version::major);
    let is_its_major = |known: &ReleaseRecord| major.is_none_or(|major| known.release.version.major() == major);
    let mut gate = GateRecord {
        product: config.product.clone(),
        database: machine.plan.database.clone(),
        engine: config.database.format,
        ledger: sets::ledger(config)?.table,
        releases: Default::default(),
        committed,
        order: on_disk.iter().rfind(|known| is_its_major(known)).map(|newest| newest.order.clone()).unwrap_or_default(),
        schemas: Default::default(),
        major,
        others: Default::default(),
        run,
    };
    for known in on_disk {
        let runs = Runs { schema: known.release.schema.clone(), reads: known.release.reads.clone() };
        let name = known.release.version.to_string();
        if is_its_major(&known) {
            gate.releases.insert(name, runs);
            gate.schemas.extend(known.schemas);
        } else {
            gate.others.insert(name, runs);
        }
    }
    Ok(gate)
}
