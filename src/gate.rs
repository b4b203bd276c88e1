//! The start-up gate: may this binary run on this data? Also the library's face for services.
//!
//! It needs no network, waits for nobody and writes nothing: it reads one record and looks at the database. Whoever goes
//! through holds a shared lock from before the look, so that no run takes the database from under it.

use std::path::Path;

use crate::causes;
use crate::db::look::{Look, LookError, look};
use crate::db::open::{OpenError, settle};
use crate::journal::gate::{Expect, GateRecord};
use crate::journal::record;
use crate::migration::Ledger;
pub use crate::plan::verdict::Verdict;
pub use crate::sys::lock::passage::Passage;
use crate::sys::{fs, lock};
use crate::version::Version;

/// Goes through the gate: release `version` may run on `database`, as the installer whose state directory is `state` has
/// it, and no run takes the database away as long as the passage is held.
///
/// For a service that asks by itself, before it opens its database; it holds the passage until it has closed it again.
///
/// # Errors
/// Whatever could not be checked is no pass.
pub fn enter(state: &Path, database: &Path, version: &Version) -> Result<Passage, Verdict> {
    // Before the look: a run closes the gate first, and then waits for whoever is through.
    let passage = Passage::enter(&state.join("gate.lock"))
        .map_err(|error| Verdict::Unknown { reason: causes::in_one_line(&error) })?;
    match check(state, database, version) {
        verdict if verdict.is_ready() => Ok(passage),
        verdict => Err(verdict),
    }
}

/// Whether release `version` may run on `database`, as the installer whose state directory is `state` has it.
///
/// Only an answer: whoever then opens the database goes through by [`enter`]. Whatever could not be checked is no pass.
pub fn check(state: &Path, database: &Path, version: &Version) -> Verdict {
    ask(state, database, version).verdict
}

/// What the gate answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether the release may run.
    pub verdict: Verdict,
    /// Why that may not be the whole truth, though nothing better can be had here.
    pub warning: Option<String>,
}

/// The same, with what is to be said beside it.
pub fn ask(state: &Path, database: &Path, version: &Version) -> Answer {
    let mut warning = None;
    let verdict = judge(state, database, version, &mut |seen| warning = seen.caution(database));
    Answer { verdict: verdict.unwrap_or_else(|reason| Verdict::Unknown { reason }), warning }
}

fn judge(state: &Path, database: &Path, version: &Version, saw: &mut dyn FnMut(&Look)) -> Result<Verdict, String> {
    let file = state.join("gate.json");
    let record: Option<GateRecord> = record::read(&file).map_err(|error| causes::in_one_line(&error))?;
    let record = record.ok_or_else(|| format!("there is no record `{}`: nothing was installed", file.display()))?;
    let real = fs::real_path(database).map_err(|error| causes::in_one_line(&error))?;
    if real != record.database {
        return Err(format!(
            "`{}` is not the database `{}` of {}",
            real.display(),
            record.database.display(),
            record.product
        ));
    }
    let ledger = Ledger::of(record.engine, Some(&record.ledger)).map_err(|error| causes::in_one_line(&error))?;
    let mut expected = None;
    if let Some(run) = &record.run {
        let is_it = run.expect.as_ref().filter(|expect| expect.version == *version);
        let alive = lock::expect_lock_is_held(&state.join("expect.lock")).unwrap_or(false);
        let Some(expect) = is_it.filter(|_| alive) else { return Ok(Verdict::InFlight { run: run.id.clone() }) };
        expected = Some((expect, &run.id));
    }
    let seen = seen(&real, &ledger)?;
    saw(&seen);
    Ok(admitted(&seen, &record, version, expected))
}

fn seen(database: &Path, ledger: &Ledger) -> Result<Look, String> {
    let seen = match look(database, ledger) {
        // A write that a crash cut off is undone here as the service itself would in the next instant.
        Err(LookError::Open(OpenError::HotJournal { .. })) => {
            settle(database).map_err(|error| causes::in_one_line(&error))?;
            look(database, ledger)
        }
        seen => seen,
    };
    seen.map_err(|error| {
        format!("the database `{}` cannot be looked at: {}", database.display(), causes::in_one_line(&error))
    })
}

fn admitted(seen: &Look, record: &GateRecord, version: &Version, expected: Option<(&Expect, &String)>) -> Verdict {
    if let Some((expect, run)) = expected {
        // Exactly the pair that the run is about to prove, and nothing else.
        if record.stand(&seen.ledger, &seen.print, expect.schema.as_ref()).schema != expect.schema {
            return Verdict::InFlight { run: run.clone() };
        }
        // A run that was to put something right, and takes itself back, leaves it as it was: with its service running.
        if expect.again {
            return Verdict::Ready { schema: expect.schema.clone(), drift: Vec::new() };
        }
    }
    record.judge(version, &seen.ledger, &seen.print)
}
