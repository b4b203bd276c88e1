//! Does: makes the next major's database out of a copy of this one's, beside it, and proves what became of every row.
//! Undo: nothing; both are removed with the step that made the copy.
//! If killed half-way: what is there is no database yet, and is thrown away.
//! Touches: the work directory, the account of the run.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::Blame;
use super::{Copied, Machine, StepError, downtime, follow, rehearse, sets};
use crate::db::Stop;
use crate::db::build::{BuildError, INTEGRITY, Recipe, build};
use crate::db::copy::create;
use crate::db::copy_file::content;
use crate::db::header::{self, Kind};
use crate::db::imprint::imprint;
use crate::db::migrate::give_mode;
use crate::journal::record;
use crate::plan::observed::Backup;
use crate::plan::{Leg, Means};
use crate::sys::dir::Dir;
use crate::sys::watch::{Uncancelled, Watch};
use crate::sys::{attributes, fs};
use crate::transfer::account::Account;
use crate::transfer::mapping::Mapping;

/// What an import did, and how the file came to be that the run puts in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Which file it is.
    pub used: Used,
    /// What became of every row.
    #[serde(flatten)]
    pub account: Account,
}

/// Which of the two files of an import is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Used {
    /// The one of the rehearsal: nothing was written since its copy was taken.
    Rehearsed,
    /// One that was made after the stop.
    Rebuilt,
}

/// How much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thoroughness {
    /// All that there is, before the stop.
    Rehearsal,
    /// All but the integrity of every page, which takes longest and which the rehearsal has seen.
    AfterTheStop,
}

/// Makes the new database from the copy while the service runs, so that what the downtime will be is known before it.
pub(super) fn rehearse(leg: &Leg, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let account = make(leg, Thoroughness::Rehearsal, machine)?;
    let work = machine.places.open_work()?;
    machine.memory.imprint = Some(imprint(&work, &machine.places.copy_name())?);
    let copied = machine.memory.predicted_ms.unwrap_or(0);
    let caught_up = follow::catching_up(machine)?;
    let restart = machine.plan.restart_ms.unwrap_or(0);
    machine.memory.predicted_ms = Some(copied + caught_up + after_the_stop(&account) + restart);
    // A database that could be copied only after the stop is made then, once.
    let used = if machine.memory.copied == Copied::AfterStop { Used::Rebuilt } else { Used::Rehearsed };
    keep(Imported { used, account }, machine)?;
    downtime::foresee(machine)
}

/// The new database from the copy as it is now: the rehearsed one, if nothing was written since.
pub(super) fn perform(leg: &Leg, machine: &mut Machine<'_>) -> Result<(), StepError> {
    if machine.memory.copied == Copied::AfterStop {
        rehearse::on_copy(std::slice::from_ref(leg), 1, machine)?;
        return Ok(());
    }
    if is_as_rehearsed(machine)? {
        return Ok(());
    }
    let account = make(leg, Thoroughness::AfterTheStop, machine)?;
    keep(Imported { used: Used::Rebuilt, account }, machine)
}

/// Makes a database out of another one. What is at `name` already is thrown away.
///
/// # Errors
/// A row, a table or a constraint for which the release is to blame; and everything that can happen to a file.
pub(super) fn import(
    leg: &Leg,
    (source, work, name): (&Path, &Dir, &str),
    thoroughness: Thoroughness,
    watch: &dyn Watch,
    machine: &Machine<'_>,
) -> Result<Account, StepError> {
    let Means::Import { mapping } = &leg.by else {
        return Err(StepError::finding("import", format!("{} brings no import", leg.migrations), Blame::World));
    };
    let version = &leg.migrations;
    let mapping =
        self::mapping(&machine.config.layout.version(version).join(mapping)).map_err(|error| error.about(version))?;
    let ledger = sets::ledger(machine.config)?;
    let recipe = Recipe {
        mapping: &mapping,
        migrations: &sets::of(machine.config, version)?,
        schema: &leg.to,
        fingerprint: leg.fingerprint,
        ledger: &ledger,
        foreign_keys: machine.config.database.foreign_keys,
        integrity: thoroughness == Thoroughness::Rehearsal,
    };
    create(work, name, attributes::owner(source)?)?;
    let path = work.path().join(name);
    let account =
        build(source, &path, &recipe, watch).map_err(|error| failed(error, version.to_string()).about(version))?;
    // As the live one has it: whoever opens the new one finds what the old one was.
    let wal = matches!(header::examine(source)?, Kind::Database { wal: true, .. });
    give_mode(&path, wal).map_err(|error| StepError::world("import", "cannot finish the new database", error))?;
    Ok(account)
}

/// The mapping of a release, from its directory.
///
/// # Errors
/// Files that cannot be read, and a mapping that no release should have.
pub fn mapping(directory: &Path) -> Result<Mapping, StepError> {
    let files: BTreeMap<String, Vec<u8>> =
        fs::files(directory)?.into_iter().map(|(name, bytes)| (name.to_string_lossy().into_owned(), bytes)).collect();
    Mapping::read(&files).map_err(|error| {
        let message = format!("the import `{}` cannot be used", directory.display());
        StepError::release("import", message, error).remedy(PUBLISHER)
    })
}

/// Of what the account names, what is done again after the stop.
pub(super) fn after_the_stop(account: &Account) -> u64 {
    let once = account.checks.iter().filter(|check| check.name == INTEGRITY);
    account.ms.saturating_sub(once.map(|check| check.ms).sum())
}

/// Holds the backup against the copy that the import read, which was equal to the live database at the stop: the file that
/// the way back needs is the very one that was accounted for. Nothing to do in a run without an import.
pub(super) fn hold_against(backup: &Backup, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let (work, name) = (machine.places.open_work()?, machine.places.copy_name());
    let Some(mut imported) = record::read::<Imported>(&machine.places.run.import())? else { return Ok(()) };
    // An earlier try removed it once it had been compared.
    if machine.plan.import().is_some() && work.identity(&name)?.is_some() {
        let watch = Uncancelled(machine.watch);
        let read = content(&work, &name, &watch)
            .map_err(|error| StepError::world("backup", "cannot read what the import was made from", error))?;
        if read.sha256 != backup.sha256 {
            machine.memory.warnings.push(format!(
                "the backup `{}` is not what the import was made from: something wrote to it after the stop, and that was not \
                 carried over",
                backup.id
            ));
        }
        // The one of the rehearsal has another change counter in its header, where nothing was written since.
        imported.account.source.sha256 = read.sha256;
    }
    keep(imported, machine)
}

/// Replaces what is kept with the run.
fn keep(imported: Imported, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let run = &machine.places.run;
    record::write(&run.import(), &imported, 0o600)?;
    fs::write_durable(&run.import_text(), format!("{}\n", imported.account).as_bytes(), 0o600)?;
    machine.memory.import = Some(imported);
    Ok(())
}

const PUBLISHER: &str = "nothing was changed: stay on this release, and show the publisher what you see here";

const OWNER: &str = "put right in the database what is named, and run the same command again; the release's publisher can say \
                     what it should be";

fn make(leg: &Leg, thoroughness: Thoroughness, machine: &Machine<'_>) -> Result<Account, StepError> {
    let work = machine.places.open_work()?;
    let watch = Within { watch: machine.watch, stop: downtime::stop(machine) };
    let place = (machine.places.copy().clone(), machine.places.new_name());
    let made = import(leg, (&place.0, &work, &place.1), thoroughness, &watch, machine);
    // Whoever is cut off for the downtime is not to blame.
    made.map_err(|error| downtime::allow(machine).err().unwrap_or(error))
}

/// Whether nothing was written since the copy was taken. More than its first page is certainly a write; that page alone may
/// say no more than when the last one was, and then every byte is compared.
fn is_as_rehearsed(machine: &Machine<'_>) -> Result<bool, StepError> {
    let written = machine.memory.caught_up.map(|caught| caught.pages);
    let (Some(_), Some(_), Some(0 | 1)) = (&machine.memory.import, &machine.memory.imprint, written) else {
        return Ok(false);
    };
    if written == Some(0) {
        return Ok(true);
    }
    let now = imprint(&machine.places.open_work()?, &machine.places.copy_name())?;
    Ok(machine.memory.imprint.as_ref() == Some(&now))
}

fn failed(error: BuildError, version: String) -> StepError {
    match error {
        BuildError::Cancelled => StepError::world("signal", "a signal asked for the end", error),
        // Rows that are mended pass the next time: the release is not held for them.
        error if error.is_of_the_data() => {
            StepError::world("import", format!("this database does not pass into that of {version}"), error)
                .remedy(OWNER)
        }
        error if error.is_refusal() => {
            StepError::release("import", format!("the import of {version} does not do what it says"), error)
                .remedy(PUBLISHER)
        }
        error => StepError::world("import", format!("cannot make the database of {version}"), error),
    }
}

/// Watches in rows, and calls it off for the downtime too.
struct Within<'a> {
    watch: &'a dyn Watch,
    stop: Stop,
}

impl Watch for Within<'_> {
    fn progress(&self, done: u64, total: u64) {
        self.watch.rows(done, total);
    }

    fn cancelled(&self) -> bool {
        (self.stop)()
    }
}
