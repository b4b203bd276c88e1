//! The start-up gate: may this binary run on this data? Also the library's face for services.
//!
//! It takes no lock, needs no network, and writes nothing: it reads one record and looks at the database.

use std::path::Path;

use crate::causes;
use crate::db::look::{LookError, look};
use crate::db::open::{OpenError, settle};
use crate::journal::gate::{Expect, GateRecord};
use crate::journal::record;
use crate::migration::Ledger;
pub use crate::plan::verdict::Verdict;
use crate::sys::{fs, lock};
use crate::version::Version;

/// Whether release `version` may run on `database`, as the installer whose state directory is `state` has it.
///
/// To be asked by a service before it opens its database. Whatever could not be checked is no pass.
pub fn check(state: &Path, database: &Path, version: &Version) -> Verdict {
    judge(state, database, version).unwrap_or_else(|reason| Verdict::Unknown { reason })
}

fn judge(state: &Path, database: &Path, version: &Version) -> Result<Verdict, String> {
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
    if let Some(run) = &record.run {
        let expected = run.expect.as_ref().filter(|expect| expect.version == *version);
        let alive = lock::expect_lock_is_held(&state.join("expect.lock")).unwrap_or(false);
        let Some(expect) = expected.filter(|_| alive) else { return Ok(Verdict::InFlight { run: run.id.clone() }) };
        return admitted(&real, &ledger, &record, version, Some((expect, &run.id)));
    }
    admitted(&real, &ledger, &record, version, None)
}

fn admitted(
    database: &Path,
    ledger: &Ledger,
    record: &GateRecord,
    version: &Version,
    expected: Option<(&Expect, &String)>,
) -> Result<Verdict, String> {
    let seen = match look(database, ledger) {
        // A write that a crash cut off is undone here as the service itself would in the next instant.
        Err(LookError::Open(OpenError::HotJournal { .. })) => {
            settle(database).map_err(|error| causes::in_one_line(&error))?;
            look(database, ledger)
        }
        seen => seen,
    };
    let seen = seen.map_err(|error| {
        format!("the database `{}` cannot be looked at: {}", database.display(), causes::in_one_line(&error))
    })?;
    if let Some((expect, run)) = expected {
        // Exactly the pair that the run is about to prove, and nothing else.
        if record.stand(&seen.ledger, &seen.print, expect.schema.as_ref()).schema != expect.schema {
            return Ok(Verdict::InFlight { run: run.clone() });
        }
    }
    Ok(record.judge(version, &seen.ledger, &seen.print))
}
