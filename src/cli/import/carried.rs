//! An export of one major into a database of the next: first the database that was exported, then through the mapping.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use super::{failed, stop, unmade};
use crate::cli::reply::Reply;
use crate::cli::runs::{Answer, barred, refused};
use crate::cli::session::Session;
use crate::config::ForeignKeys;
use crate::db::build::{self, BuildError, Recipe};
use crate::db::import::{declare, import};
use crate::db::open::{self, open_owned};
use crate::db::side_files;
use crate::journal::releases::ReleaseRecord;
use crate::plan::Refusal;
use crate::plan::verdict::words;
use crate::steps::{self, sets};
use crate::sys::dir::Dir;
use crate::sys::fs;
use crate::transfer::Inventory;
use crate::transfer::account::Account;
use crate::transfer::mapping::Mapping;

/// An export that was inspected.
pub(super) struct Export<'a, R> {
    pub(super) inventory: &'a Inventory,
    pub(super) schema: &'a str,
    pub(super) rows: R,
}

/// The mapping of a release on disk, if it reads what was exported.
pub(super) fn mapping(
    import: &str,
    inventory: &Inventory,
    record: &ReleaseRecord,
    session: &Session<'_>,
) -> Answer<Result<Mapping, Refusal>> {
    let version = &record.release.version;
    let directory = session.config.layout.version(version).join(import);
    let verify = "run `gantry-installer verify`";
    let mapping = steps::mapping(&directory).map_err(|error| barred("mapping", &error, verify))?;
    if inventory.schema.as_ref().is_some_and(|schema| mapping.admits(schema, inventory.fingerprint)) {
        return Ok(Ok(mapping));
    }
    let same = mapping.sources().iter().find(|source| Some(&source.schema) == inventory.schema.as_ref());
    if let Some(source) = same {
        return Ok(Err(Refusal::new(
            "other-schema",
            format!(
                "the export's schema {} is not as its release made it: it has the fingerprint {}, and the import of {version} \
                 reads {}",
                source.schema, inventory.fingerprint, source.fingerprint
            ),
            // Not completed as a command is: the machine and its configuration are others.
            "where it was exported, `status` names what differs; put that right, export it again, \
             and import that",
        )));
    }
    let known: Vec<_> = mapping.sources().iter().map(|source| source.schema.to_string()).collect();
    let (found, known) = (words(inventory.schema.as_ref()), known.join(", "));
    let fingerprint = inventory.fingerprint;
    Ok(Err(Refusal::new(
        "other-schema",
        format!(
            "the export has the schema {found} with the fingerprint {fingerprint}, and the import of {version} reads the \
             schema {known} as its release made it"
        ),
        format!("upgrade the database to a release with the schema {known}, export it there, and import that"),
    )))
}

/// Makes the database that was exported beside the new one, and that one from it. The former goes away in any case.
pub(super) fn build<R: BufRead + Send>(
    staged: &Path,
    record: &ReleaseRecord,
    mapping: &Mapping,
    export: Export<'_, R>,
    session: &Session<'_>,
) -> Answer<Account> {
    let scratch = Scratch::begin(staged).map_err(|error| failed(&error))?;
    let ledger = sets::ledger(&session.config).map_err(|error| failed(&error))?;
    fill(&scratch, &ledger, export, session)?;
    session.terminal.say("carrying the rows");
    let release = &record.release;
    let migrations = sets::of(&session.config, &release.version).map_err(|error| failed(&error))?;
    let recipe = Recipe {
        mapping,
        migrations: &migrations,
        schema: &release.schema,
        fingerprint: release.fingerprint,
        ledger: &ledger,
        foreign_keys: session.config.database.foreign_keys,
        integrity: false,
    };
    build::build(&scratch.path(), staged, &recipe, &session.terminal.rows()).map_err(|error| match error {
        BuildError::Cancelled => Box::new(Reply::failed("signal", &error, "run the same command again")),
        error if error.is_refusal() => refused(vec![Refusal::new(
            "import",
            crate::causes::in_one_line(&error),
            "put right what is named in the old database, export it again, and import that",
        )]),
        error => failed(&error),
    })
}

fn fill<R: BufRead + Send>(
    scratch: &Scratch,
    ledger: &crate::migration::Ledger,
    export: Export<'_, R>,
    session: &Session<'_>,
) -> Answer<()> {
    let path = scratch.path();
    open::create(&path).map_err(|error| failed(&error))?;
    let mut connection = open_owned(&path, ForeignKeys::Ignored).map_err(|error| failed(&error))?;
    // It is thrown away at the end, whatever happens.
    connection.pragma_update(None, "synchronous", "OFF").map_err(|error| failed(&error))?;
    let imported = declare(&mut connection, export.schema, stop(session))
        .and_then(|()| import(&connection, ledger, export.inventory, export.rows, &session.terminal.rows()));
    imported.map_err(|error| unmade(&error))?;
    connection.close().map_err(|(_, error)| failed(&error))
}

/// A database that is needed for a while.
struct Scratch {
    directory: Dir,
    name: String,
}

impl Scratch {
    /// An empty file beside another one that is locked: what is under its name a killed import left.
    fn begin(beside: &Path) -> Result<Self, fs::PathError> {
        let parent = beside.parent().unwrap_or(Path::new("."));
        let name = beside.file_name().unwrap_or_default().to_string_lossy();
        let scratch = Self { directory: Dir::open(parent)?, name: format!("{name}-exported") };
        scratch.clear()?;
        scratch.directory.create_file(&scratch.name)?;
        Ok(scratch)
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    fn clear(&self) -> Result<(), fs::PathError> {
        side_files::remove(&self.directory, &self.name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody looks for it; what stays here the next import removes.
        let _ = self.clear();
    }
}
