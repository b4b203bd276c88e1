//! The database and the migrations that the command line names.

use std::path::{Path, PathBuf};

use super::options::{self, Options};
use super::remedies::{DAMAGED, remedy, remedy_for_files, remedy_for_ledger};
use super::{Early, refused};
use crate::cli::arguments::Migrate;
use crate::cli::exit::Outcome;
use crate::cli::reply::{Problem, Reply};
use crate::config::address::without_secrets;
use crate::config::{ForeignKeys, Format, database_path};
use crate::db::look::{Look, LookError, look, look_to_change};
use crate::db::open::OpenError;
use crate::db::standing::{Standing, diagnose};
use crate::journal::owned;
use crate::migration::{Ledger, LedgerState, Set, Stand, Warning, Work};
use crate::nearest::nearest;
use crate::plan::Refusal;
use crate::plan::way::{Course, Way, way};
use crate::steps::sets;
use crate::sys::fs::{self, PathError};
use crate::sys::signal::Interrupt;
use crate::version::SchemaVersion;

/// What is done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// It is looked at.
    Look,
    /// It is changed.
    Change,
    /// It is changed, or made where there is none.
    Create,
}

/// A database and its migrations.
pub(super) struct Site {
    /// Its symlinks are resolved.
    database: PathBuf,
    directory: PathBuf,
    format: Format,
    ledger: Ledger,
    access: Access,
    /// Whether nothing at all may change: not even what a crash left is put right.
    dry: bool,
}

impl Site {
    /// Understands the command line. A database that belongs to an installed product is not changed.
    pub(super) fn find(arguments: &Migrate, access: Access) -> Result<Self, Early> {
        let format = format(arguments.format())?;
        let (Some(url), Some(directory)) = (&arguments.database, &arguments.dir) else {
            return Err(usage("`--database` and `--dir` belong together", "give both, or neither and a configuration"));
        };
        let taken = Options::of(url, format).and_then(|(address, options)| Some((database_path(address)?, options)));
        let (path, options) = taken.ok_or_else(|| {
            let shown = without_secrets(url);
            usage(format!("`{shown}` names no database"), options::HINT)
        })?;
        let database =
            owned::located(&path).map_err(|error| failed("database", &error, "check the path after `--database`"))?;
        if access != Access::Look {
            unowned(&database)?;
        }
        let ledger = Ledger::of(format, options.table.as_deref()).map_err(|error| failed("ledger", &error, ""))?;
        let (directory, ledger) = (directory.clone(), ledger.wrapping(options.wrap));
        Ok(Self { database, directory, format, ledger, access, dry: arguments.dry_run })
    }

    /// The same where only the directory must be given: the database is copied at most.
    pub(super) fn of_files(arguments: &Migrate) -> Result<Self, Early> {
        if arguments.database.is_some() {
            return Self::find(arguments, Access::Look);
        }
        let format = format(arguments.format())?;
        let directory = arguments.dir.clone().unwrap_or_default();
        let ledger = Ledger::of(format, None).map_err(|error| failed("ledger", &error, ""))?;
        Ok(Self { database: PathBuf::new(), directory, format, ledger, access: Access::Look, dry: true })
    }

    pub(super) fn database(&self) -> &Path {
        &self.database
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The migrations.
    pub(super) fn set(&self) -> Result<Set, Early> {
        let unreadable = |error: PathError| failed("migrations", &error, "check the directory after `--dir`");
        let directory = fs::real_path(&self.directory).map_err(unreadable)?;
        let (names, shelf) = sets::shelf(&directory).map_err(unreadable)?;
        let set = Set::on_shelf(self.format, names, shelf)
            .map_err(|error| failed("migrations", &error, &remedy_for_files(&error)))?;
        if set.migrations().is_empty() {
            return Err(no_migrations(&self.directory));
        }
        Ok(set)
    }

    /// What is odd about the directory, and about the files that are to be run.
    pub(super) fn warnings(&self, set: &Set, works: &[Work]) -> Vec<String> {
        let concerns = |warning: &Warning| match warning {
            Warning::Ignored(_) | Warning::Misnamed { .. } | Warning::Order { .. } => true,
            Warning::Nil { version, direction } => {
                works.iter().any(|work| work.version() == version && work.direction() == *direction)
            }
            Warning::Refused { file, .. } | Warning::Ends(file) | Warning::Ineffective { file, .. } => {
                works.iter().any(|work| work.half().is_some_and(|half| half.file() == file))
            }
        };
        set.warnings(self.ledger.wrap).iter().filter(|warning| concerns(warning)).map(ToString::to_string).collect()
    }

    /// What the ledger says, and nothing where there is no table yet. Waits for a lock, and lets SQLite recover what a
    /// crash left, if the database is to be changed.
    pub(super) fn look(&self, interrupt: &Interrupt) -> Result<Option<Look>, Early> {
        let looked = if self.access == Access::Look || self.dry {
            look(&self.database, &self.ledger)
        } else {
            look_to_change(&self.database, &self.ledger, &|| interrupt.requested().is_some())
        };
        let error = match looked {
            Ok(seen) => return Ok(Some(seen)),
            Err(error) => error,
        };
        Err(match &error {
            LookError::Open(OpenError::Empty { .. }) => return Ok(None),
            LookError::Open(OpenError::Missing { .. }) if self.access == Access::Create => return Ok(None),
            LookError::Open(OpenError::Missing { .. }) => missing(&self.database),
            LookError::Open(reason) => failed("database", &error, remedy(reason)),
            LookError::Ledger(reason) => failed("ledger", &error, &remedy_for_ledger(reason)),
            LookError::Schema(_) => failed("database", &error, DAMAGED),
        })
    }

    /// What the ledger says.
    pub(super) fn state(&self) -> Result<LedgerState, Early> {
        let seen = self.look(&Interrupt::never())?;
        Ok(seen.map_or(LedgerState::Missing, |seen| seen.ledger))
    }

    /// The way that `course` asks for, from where the database stands now.
    pub(super) fn way(&self, set: &Set, course: &Course, interrupt: &Interrupt) -> Result<Way, Early> {
        let seen = self.look(interrupt)?;
        let state = seen.as_ref().map_or(LedgerState::Missing, |seen| seen.ledger.clone());
        // Atlas goes on inside a file that was broken off, and has no way down from there either.
        let state = state.resumed(set).unwrap_or(state);
        if let Some(seen) = seen.filter(|_| state.is_dirty()) {
            return Err(refused(self.dirty(set, &seen)));
        }
        way(set, &state, course).map_err(refused)
    }

    /// Where the ledger stands. Only one that lists migrations has to be held against them.
    pub(super) fn stand(&self) -> Result<Stand, Early> {
        Ok(match self.state()? {
            state @ LedgerState::Applied { .. } => state.stand(self.set()?.versions()),
            state => state.stand([]),
        })
    }

    /// Why nothing is built on a dirty ledger, and where the schema really stands.
    pub(super) fn dirty(&self, set: &Set, seen: &Look) -> Refusal {
        let at = seen.ledger.stand(set.versions()).schema;
        let at = at.map_or_else(|| "the first migration".to_owned(), |at| at.to_string());
        let (standing, _) = self.standing(set, seen);
        Refusal::new(
            "dirty",
            format!(
                "the ledger is dirty at {at}: a migration was broken off, and nothing can be built on it; {standing}"
            ),
            "put back a backup that was made before that migration, and run the same command again",
        )
    }

    /// Where the schema really stands, in words and, where it can be told, as the schemas that it may be.
    pub(super) fn standing(&self, set: &Set, seen: &Look) -> (String, Vec<Option<SchemaVersion>>) {
        match diagnose(set, &seen.print, &self.ledger, ForeignKeys::Ignored) {
            Ok(Standing::At(schema)) => {
                (format!("the schema itself is exactly that of {}", version(schema.as_ref())), vec![schema])
            }
            Ok(Standing::OneOf(schemas)) => {
                let versions: Vec<_> = schemas.iter().map(|schema| version(schema.as_ref())).collect();
                let words = format!("the schema itself is that of {}, which look the same", versions.join(" and of "));
                (words, schemas)
            }
            Ok(Standing::Nowhere) => {
                let words = "the schema itself is that of no version here: a migration was done in part, or somebody \
                             changed it";
                (words.to_owned(), Vec::new())
            }
            Err(error) => (format!("where the schema itself stands cannot be told: {error}"), Vec::new()),
        }
    }
}

pub(super) fn version(schema: Option<&SchemaVersion>) -> String {
    schema.map_or_else(|| "a new database".to_owned(), |schema| format!("version {schema}"))
}

pub(super) fn format(name: &str) -> Result<Format, Early> {
    if name == Format::Command.name() {
        let message = "a product of the format `command` migrates itself, and has no files of migrations";
        return Err(usage(message, "run the product's own command, or name the format of the files in `--dir`"));
    }
    Format::named(name).ok_or_else(|| {
        let likely = nearest(name, Format::ALL.map(Format::name)).unwrap_or_default();
        usage(format!("`{name}` is no format of migrations that is known here"), format!("did you mean `{likely}`?"))
    })
}

fn unowned(database: &Path) -> Result<(), Early> {
    let path = database.display();
    let (whose, remedy) = match owned::by(database) {
        Ok(None) => return Ok(()),
        Ok(Some(owner)) => (
            format!("`{path}` belongs to the installed product {}", owner.product),
            "leave `--database` and `--dir` out, and name the configuration of that product with `--config`".to_owned(),
        ),
        Err(error) => (
            format!("whether `{path}` belongs to an installed product cannot be told: {error}"),
            "run it as a user who may look into that directory; or leave `--database` and `--dir` out, and name the \
             configuration of that product with `--config`"
                .to_owned(),
        ),
    };
    Err(refused(Refusal::new("installed", whose, remedy)))
}

pub fn files(directory: &Path) -> Result<Vec<(String, Vec<u8>)>, PathError> {
    let mut files = Vec::new();
    for name in fs::names(&fs::real_path(directory)?)? {
        let path = directory.join(&name);
        if fs::metadata(&path)?.is_file() {
            files.push((name.to_string_lossy().into_owned(), fs::read(&path)?));
        }
    }
    Ok(files)
}

pub(super) fn no_migrations(directory: &Path) -> Early {
    refused(Refusal::new(
        "no-migrations",
        format!("there is no migration in `{}`", directory.display()),
        "give the directory of files such as `1_create_users.up.sql`",
    ))
}

fn missing(database: &Path) -> Early {
    refused(Refusal::new(
        "database-missing",
        format!("there is no database `{}`", database.display()),
        "check the path after `--database`; `up` and `goto` make one where there is none",
    ))
}

pub(super) fn failed(code: &str, error: &dyn std::error::Error, remedy: &str) -> Early {
    Box::new(Reply::failed(code, error, remedy))
}

pub(super) fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Early {
    let problem =
        Problem { code: "usage".to_owned(), message: message.into(), causes: Vec::new(), remedy: remedy.into() };
    Box::new(Reply { error: Some(problem), ..Reply::new(Outcome::Usage) })
}
