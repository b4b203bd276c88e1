//! Looks at a release archive as its publisher has it: what a manifest must say of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::config::{ForeignKeys, Format, Wrap};
use crate::db::migrate::MigrateError;
use crate::db::{Stop, schema};
use crate::digest::{Fingerprint, Sha256};
use crate::migration::lint::Finding;
use crate::migration::{Ledger, LedgerNameError, MigrationError, Set, Warning};
use crate::observe::lint::{Subject, Tried, TryError};
use crate::sys::fs::{self, PathError};
use crate::sys::process::ProgramError;
use crate::sys::temporary::Temporary;
use crate::sys::watch::Watch;
use crate::verify::{Limits, UnpackError, VerifiedFile, VerifyError, measure, unpack};
use crate::version::{SchemaVersion, Version};

mod command;

pub use command::look_by_command;

/// What was found.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The directory at its top.
    pub top: String,
    /// Bytes.
    pub size: u64,
    /// Of the archive.
    pub sha256: Sha256,
    /// The schema that it makes of a new database, and its fingerprint; none where that takes its program, which is built
    /// for another machine.
    pub makes: Option<(SchemaVersion, Fingerprint)>,
    /// What is odd about its migrations.
    pub warnings: Vec<Warning>,
    /// The files of its import mappings, by their directory.
    pub imports: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// None where the product migrates itself.
    migrations: Option<Migrations>,
}

/// The files of an archive's migrations, and what they did.
#[derive(Clone, Debug)]
struct Migrations {
    files: BTreeMap<String, Vec<u8>>,
    format: Format,
    ledger: Ledger,
    tried: Tried,
}

/// An archive that no manifest can name.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It cannot be read, or there is no place to unpack it.
    #[error(transparent)]
    File(#[from] PathError),
    /// It changed while it was looked at.
    #[error(transparent)]
    Changed(#[from] VerifyError),
    /// It is no archive, or has something that a release may not have.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// It lacks something that every release has.
    #[error("the archive has no `{0}` in the directory at its top")]
    Lacks(String),
    /// It has files that are no migrations.
    #[error("the archive's migrations cannot be read")]
    Migrations(#[from] MigrationError),
    /// It has migrations that do not run.
    #[error("the archive's migrations fail on an empty database")]
    Fails(#[from] MigrateError),
    /// The format's own ledger has a name that cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerNameError),
    /// Its program cannot be run as the configuration says.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its program does not make a database, or does not say which schema it has.
    #[error("`{command}` {what}")]
    Migrator {
        /// The command, as the configuration has it.
        command: String,
        /// What it does.
        what: String,
    },
    /// What its program made is no database that could be used.
    #[error("the archive's program makes no database that could be used")]
    Made(#[source] MigrateError),
}

/// Unpacks an archive where nobody else looks, and runs its migrations on an empty database in memory.
///
/// # Errors
/// It is not an archive of a release, or its migrations fail.
pub fn look(path: &Path, format: Format, watch: &dyn Watch) -> Result<Archive, ArchiveError> {
    let mut opened = Opened::of(path, watch)?;
    if !fs::exists(&opened.tree().join("bin"))? {
        return Err(ArchiveError::Lacks("bin".to_owned()));
    }
    let migrations = Migrations::of(&opened.tree().join("migrations"), format)?;
    let set = migrations.tried.set();
    let schema = set.latest().ok_or_else(|| ArchiveError::Lacks("migrations".to_owned()))?.clone();
    // The schema that results does not depend on how the product enforces foreign keys: there are no rows yet.
    let print = schema::of_migrations(set, &schema, &migrations.ledger, ForeignKeys::Ignored)?;
    opened.archive.warnings = set.warnings(Wrap::Transaction);
    opened.archive.makes = Some((schema, print.fingerprint));
    Ok(Archive { migrations: Some(migrations), ..opened.archive })
}

/// An archive that is unpacked where nobody else looks.
struct Opened {
    place: Temporary,
    /// What can be told of any archive.
    archive: Archive,
}

impl Opened {
    fn of(path: &Path, watch: &dyn Watch) -> Result<Self, ArchiveError> {
        let (size, sha256) = measure(path)?;
        let file = VerifiedFile::check(path, size, sha256)?;
        let place = Temporary::create()?;
        let tree = place.path().join(TREE);
        let top = unpack(&file, &tree, &Limits::default(), watch)?.top.unwrap_or_default();
        let imports = imports(&tree)?;
        let archive = Archive { top, size, sha256, makes: None, warnings: Vec::new(), imports, migrations: None };
        Ok(Self { place, archive })
    }

    fn tree(&self) -> PathBuf {
        self.place.path().join(TREE)
    }
}

const TREE: &str = "release";

/// Where releases have their mappings, one directory for each major that they come from.
const IMPORTS: &str = "import";

fn imports(tree: &Path) -> Result<BTreeMap<String, BTreeMap<String, Vec<u8>>>, PathError> {
    let mut imports = BTreeMap::new();
    for name in fs::names(&tree.join(IMPORTS))? {
        let files = fs::files(&tree.join(IMPORTS).join(&name))?.into_iter();
        let files = files.map(|(file, content)| (file.to_string_lossy().into_owned(), content)).collect();
        imports.insert(format!("{IMPORTS}/{}", name.to_string_lossy()), files);
    }
    Ok(imports)
}

impl From<TryError> for ArchiveError {
    fn from(error: TryError) -> Self {
        match error {
            TryError::Unreadable(error) => Self::Migrations(error),
            TryError::Scratch(error) => Self::Fails(error),
        }
    }
}

impl Migrations {
    fn of(directory: &Path, format: Format) -> Result<Self, ArchiveError> {
        let files = fs::files(directory)?.into_iter();
        let files: BTreeMap<_, _> =
            files.map(|(name, content)| (name.to_string_lossy().into_owned(), content)).collect();
        let ledger = Ledger::of(format, None)?;
        let tried =
            Tried::on_an_empty_database(&Subject::plain(&files, format, &ledger), &(Arc::new(|| false) as Stop))?;
        Ok(Self { files, format, ledger, tried })
    }
}

impl Archive {
    /// What of its migrations stands against a release at schema `own` that says it reads the later schema `read`.
    pub fn obstacles(&self, own: &SchemaVersion, read: &SchemaVersion) -> Vec<Finding> {
        let Some(Migrations { files, format, ledger, tried }) = &self.migrations else { return Vec::new() };
        tried.obstacles(&Subject::plain(files, *format, ledger), own, read)
    }

    /// Its migrations; none where the product migrates itself.
    pub fn set(&self) -> Option<&Set> {
        self.migrations.as_ref().map(|migrations| migrations.tried.set())
    }

    /// The version that the directory at the top names, `PRODUCT-VERSION`.
    pub fn version(&self, product: &str) -> Option<Version> {
        self.top.strip_prefix(product)?.strip_prefix('-')?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;
    use crate::sys::watch::Unwatched;

    fn archive(place: &Path, files: &[(&str, &str)]) -> PathBuf {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
        let path = place.join("archive.tar.gz");
        fs::write_durable(&path, &builder.into_inner().unwrap().finish().unwrap(), 0o600).unwrap();
        path
    }

    fn found(files: &[(&str, &str)]) -> Result<Archive, ArchiveError> {
        let place = tempfile::tempdir().unwrap();
        look(&archive(place.path(), files), Format::GolangMigrate, &Unwatched)
    }

    const PROGRAM: (&str, &str) = ("g-1.4.0/bin/g", "program");
    const FIRST: (&str, &str) = ("g-1.4.0/migrations/1_a.up.sql", "CREATE TABLE a(b);");

    #[test]
    fn the_newest_migration_names_the_schema_and_the_top_names_the_version() {
        let second = ("g-1.4.0/migrations/0002_c.up.sql", "CREATE TABLE c(d);");
        let (one, two) = (found(&[PROGRAM, FIRST]).unwrap(), found(&[PROGRAM, second, FIRST]).unwrap());
        let ((first, one_print), (second, two_print)) = (one.makes.clone().unwrap(), two.makes.unwrap());
        assert_eq!((first, second), (SchemaVersion::Number(1), SchemaVersion::Number(2)));
        assert_ne!(one_print, two_print);
        assert_eq!(one.version("g"), Some("1.4.0".parse().unwrap()));
        assert_eq!((one.version("h"), one.version("g-1")), (None, None));
    }

    #[test]
    fn what_is_no_release_is_refused_with_what_it_lacks() {
        assert!(matches!(found(&[FIRST]), Err(ArchiveError::Lacks(what)) if what == "bin"));
        assert!(matches!(found(&[PROGRAM]), Err(ArchiveError::Lacks(what)) if what == "migrations"));
        let broken = ("g-1.4.0/migrations/1_a.up.sql", "CREATE TABEL a(b);");
        assert!(matches!(found(&[PROGRAM, broken]), Err(ArchiveError::Fails(_))));
        let place = tempfile::tempdir().unwrap();
        let text = place.path().join("text");
        fs::write_durable(&text, b"not an archive", 0o600).unwrap();
        assert!(matches!(look(&text, Format::GolangMigrate, &Unwatched), Err(ArchiveError::Unpack(_))));
        assert!(matches!(look(place.path(), Format::GolangMigrate, &Unwatched), Err(ArchiveError::File(_))));
    }
}
