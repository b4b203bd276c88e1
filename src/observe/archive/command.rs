//! The same of a product that migrates itself: what its program makes of a database that is empty.

use std::path::Path;
use std::time::Duration;

use super::{Archive, ArchiveError, Opened};
use crate::config::{Format, Migrator, Publisher};
use crate::db::migrate::Settings;
use crate::db::witness::Witness;
use crate::digest::Fingerprint;
use crate::migration::Ledger;
use crate::sys::process::{Environment, Output, Program};
use crate::sys::signal::Interrupt;
use crate::sys::watch::Watch;
use crate::sys::{fs, host, seam};
use crate::version::SchemaVersion;

/// How long a migrator may take, as on a machine whose service runs meanwhile.
const LIMIT: Duration = Duration::from_secs(3600);

/// Unpacks an archive where nobody else looks, and lets its program make a database there, as the caller's user, with
/// nothing in its environment. A program for another kind of processor is not run.
///
/// # Errors
/// It is not an archive of a release, its program makes no database, or does not say which schema it has.
pub fn look_by_command(
    path: &Path,
    publisher: &Publisher,
    migrator: &Migrator,
    watch: &dyn Watch,
) -> Result<Archive, ArchiveError> {
    let mut opened = Opened::of(path, watch)?;
    let program = opened.tree().join(&publisher.binary);
    if !fs::exists(&program)? {
        return Err(ArchiveError::Lacks(publisher.binary.display().to_string()));
    }
    if !host::is_foreign(&program)? {
        let trial = Trial { place: opened.place.path(), program: &program };
        opened.archive.makes = Some(trial.makes(publisher, migrator)?);
    }
    Ok(opened.archive)
}

/// A program, and the place where it is tried.
struct Trial<'a> {
    place: &'a Path,
    program: &'a Path,
}

impl Trial<'_> {
    fn makes(&self, publisher: &Publisher, migrator: &Migrator) -> Result<(SchemaVersion, Fingerprint), ArchiveError> {
        let ledger = Ledger::of(Format::Command, None)?;
        let settings = Settings { foreign_keys: publisher.foreign_keys, ..Settings::of(&ledger) };
        let directory = self.place.join("made");
        fs::create_dir_all(&directory, 0o700)?;
        let database = directory.join("database.db");
        // It is there and empty, as on a machine.
        fs::write_durable(&database, b"", 0o600)?;
        let witness = Witness::before(&database, &settings).map_err(ArchiveError::Made)?;
        seam::cross("let the archive's program make a database");
        self.run(&migrator.up, &database)?;
        let said = self.run(&migrator.version, &database)?;
        let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        if said.is_empty() || said.contains(char::is_control) {
            let what = format!("prints {said:?}, and not the schema of the database on one line");
            return Err(ArchiveError::Migrator { command: migrator.version.join(" "), what });
        }
        let schema = SchemaVersion::Text(said);
        let made = witness.after(&database, &settings, &schema, 0).map_err(ArchiveError::Made)?;
        Ok((schema, made.print.fingerprint))
    }

    fn run(&self, words: &[String], database: &Path) -> Result<Output, ArchiveError> {
        let fill = |word: &String| {
            let binary = word.replace("{binary}", &self.program.to_string_lossy());
            binary.replace("{database}", &database.to_string_lossy()).into()
        };
        let private = self.place.join("private");
        let program = Program {
            argv: words.iter().map(fill).collect(),
            environment: Environment::Clean { private: &private, user: None },
            timeout: LIMIT,
            interrupt: &Interrupt::never(),
        };
        let output = program.run()?;
        if output.status.success() {
            return Ok(output);
        }
        Err(ArchiveError::Migrator { command: words.join(" "), what: format!("fails: {}", output.summary()) })
    }
}
