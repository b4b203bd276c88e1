//! The product's own migrator, run on a copy: never on the live database, and never where anything else of ours lies.
//!
//! It runs as the database's owner, in an environment of nothing. The copy gets a second name in a directory that this
//! user owns, so that a log that it leaves, or a file that it puts in the place of the copy, is seen before the copy is
//! used. Its first name stays: by that a recovery tells that nothing was exchanged.

use std::path::Path;
use std::time::Duration;

use super::error::Blame;
use super::{Machine, StepError};
use crate::config::Migrator;
use crate::db::migrate::{MigrateError, Settings};
use crate::db::receipt::Receipt;
use crate::db::side_files;
use crate::db::witness::Witness;
use crate::migration::{Direction, Ledger};
use crate::plan::Leg;
use crate::sys::attributes::Owner;
use crate::sys::clock::Stopwatch;
use crate::sys::dir::Dir;
use crate::sys::process::{Environment, Output, Program, ProgramError};
use crate::sys::signal::Interrupt;
use crate::sys::{holders, seam};
use crate::version::{SchemaVersion, Version};

/// How long a migrator may take before the service is stopped; afterwards ten times what it took then, and a minute.
pub const LIMIT: Duration = Duration::from_secs(3600);
/// How long it may take to print a schema.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// The directory that is handed over, in the one that the copy lies in, and the copy's name there.
const HANDED: &str = "handed";
const COPY: &str = "database.db";

/// A copy, and whose migrator is to run on it.
pub struct Job<'a> {
    /// The commands.
    pub migrator: &'a Migrator,
    /// The release that they are of.
    pub version: &'a Version,
    /// Its program.
    pub program: &'a Path,
    /// The schema that it must lead to.
    pub to: &'a SchemaVersion,
    /// The directory that the copy lies in, of ours alone.
    pub directory: &'a Dir,
    /// The copy's name there.
    pub name: &'a str,
    /// How long it may take.
    pub limit: Duration,
    /// What may end it before.
    pub interrupt: &'a Interrupt,
}

/// Runs a leg of a plan on a copy.
///
/// # Errors
/// As [`bring`]; also where nobody wrote a way down.
pub fn leg(
    leg: &Leg,
    directory: &Dir,
    name: &str,
    limit: Duration,
    machine: &Machine<'_>,
) -> Result<Receipt, StepError> {
    bring_leg(leg, &machine.interrupt, (directory, name), limit, machine)
}

/// The same where the run is over already, and a signal ends it no more.
///
/// # Errors
/// As [`leg`].
pub fn leg_to_compare(leg: &Leg, directory: &Dir, name: &str, machine: &Machine<'_>) -> Result<Receipt, StepError> {
    bring_leg(leg, &Interrupt::never(), (directory, name), LIMIT, machine)
}

fn bring_leg(
    leg: &Leg,
    interrupt: &Interrupt,
    (directory, name): (&Dir, &str),
    limit: Duration,
    machine: &Machine<'_>,
) -> Result<Receipt, StepError> {
    let Some(migrator) = &machine.config.database.migrator else {
        return Err(StepError::finding("migrator", "the product has no migrator of its own", Blame::World));
    };
    if leg.direction == Direction::Down {
        return Err(no_way_down());
    }
    let program = machine.config.layout.program(&leg.migrations);
    let (version, to) = (&leg.migrations, &leg.to);
    bring(&Job { migrator, version, program: &program, to, directory, name, limit, interrupt }, machine)
}

/// Why a schema of a product that migrates itself is never migrated down.
pub fn no_way_down() -> StepError {
    let message = "the product's own migrator knows no way down: go back with the program alone, or by a backup";
    StepError::finding("no-way-back", message, Blame::World)
}

/// Brings the copy to the schema of the release, and tells what that did to it. Afterwards it is one durable file again.
///
/// # Errors
/// A program that fails or does something else than to migrate this file. The copy is then to be thrown away.
pub fn bring(job: &Job<'_>, machine: &Machine<'_>) -> Result<Receipt, StepError> {
    let ledger = Ledger::of(machine.config.database.format, None)?;
    let settings = Settings { foreign_keys: machine.config.database.foreign_keys, ..Settings::of(&ledger) };
    let copy = job.directory.path().join(job.name);
    let unseen = |error: MigrateError| {
        StepError::release(
            "migrator",
            format!("the migrator of {} leaves a copy that cannot be used", job.version),
            error,
        )
    };
    let witness = Witness::before(&copy, &settings)
        .map_err(|error| StepError::world("copy", "cannot look at the copy before its migration", error))?;
    let stopwatch = Stopwatch::start();
    let ran = handed(job, machine);
    let ms = stopwatch.millis();
    take_back(job, machine)?;
    ran?;
    witness.after(&copy, &settings, job.to, ms).map_err(unseen)
}

/// Removes what a run that was killed had handed over.
pub fn clear(directory: &Dir) -> Result<(), StepError> {
    Ok(directory.remove_all(HANDED)?)
}

fn handed(job: &Job<'_>, machine: &Machine<'_>) -> Result<(), StepError> {
    clear(job.directory)?;
    let handed = job.directory.create_dir(HANDED)?;
    if let Some(user) = machine.user {
        handed.give(Owner { user: user.uid, group: user.gid })?;
        // Only to pass through: names cannot be listed, and every file in it is the owner's alone.
        job.directory.set_mode(0o711)?;
    }
    job.directory.link(job.name, &handed, COPY)?;
    let database = handed.path().join(COPY);
    seam::cross("run the product's migrator on a copy");
    let output = run(&job.migrator.up, &database, job.limit, job, machine)?;
    if !output.status.success() {
        return Err(failing(job, format!("fails: {}", output.summary())));
    }
    let identity = job.directory.identity(job.name)?;
    if handed.identity(COPY)? != identity {
        return Err(failing(job, "puts another file in the place of the one that it is given".to_owned()));
    }
    let output = run(&job.migrator.version, &database, VERSION_LIMIT, job, machine)?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        return Err(failing(job, format!("does not tell the schema: {}", output.summary())));
    }
    let held = holders::of(&side_files::identities(&handed, COPY)?)?;
    if let Some(holder) = held.processes.first() {
        let message =
            format!("leaves the process {} behind, which has the database open: {}", holder.pid, holder.command);
        return Err(failing(job, message));
    }
    if said != job.to.to_string() {
        let message = format!("leads to schema `{said}`, and the manifest says {} of this release", job.to);
        return Err(failing(job, message));
    }
    // What is in a log belongs to the copy; under the copy's own name nobody but us can reach it.
    for suffix in side_files::WITH_CONTENT {
        let beside = format!("{COPY}{suffix}");
        if handed.identity(&beside)?.is_some() {
            handed.rename(&beside, job.directory, &format!("{}{suffix}", job.name))?;
        }
    }
    Ok(())
}

fn take_back(job: &Job<'_>, machine: &Machine<'_>) -> Result<(), StepError> {
    clear(job.directory)?;
    if machine.user.is_some() {
        job.directory.set_mode(0o700)?;
    }
    Ok(())
}

fn run(
    words: &[String],
    database: &Path,
    timeout: Duration,
    job: &Job<'_>,
    machine: &Machine<'_>,
) -> Result<Output, StepError> {
    let fill = |word: &String| {
        let binary = word.replace("{binary}", &job.program.to_string_lossy());
        binary.replace("{database}", &database.to_string_lossy()).into()
    };
    let private = machine.config.layout.private();
    let environment = Environment::Clean { private: &private, user: machine.user };
    let program = Program { argv: words.iter().map(fill).collect(), environment, timeout, interrupt: job.interrupt };
    program.run().map_err(|error| match error {
        ProgramError::Interrupted { .. } => StepError::world("signal", "a signal asked for the end", error),
        ProgramError::TimedOut { .. } => {
            StepError::release("migrator", format!("the migrator of {} takes too long", job.version), error)
        }
        error => StepError::world("migrator", format!("cannot run the migrator of {}", job.version), error)
            .remedy("check `database.up` and `database.version` of the configuration"),
    })
}

fn failing(job: &Job<'_>, what: String) -> StepError {
    StepError::finding("migrator", format!("the migrator of {} {what}", job.version), Blame::Release)
        .remedy("nothing was changed: stay on this release, and show the publisher what you see here")
}
