//! Migrations compiled into a service of Rust, run when it opens its database: in place, in one transaction, with the
//! ledger that the engine of their format would write.
//!
//! ```
//! use gantry_installer::embedded::{Format, Migrations};
//!
//! // In a service: `gantry_installer::migrations!("../migrations"; "0001_notes.up.sql", "0001_notes.down.sql")`.
//! let files = [("0001_notes.up.sql", b"CREATE TABLE notes (text TEXT NOT NULL)".as_slice())];
//! let migrations = Migrations::new(Format::GolangMigrate, &files)?;
//!
//! let directory = tempfile::tempdir()?;
//! let path = directory.path().join("notes.db");
//! assert_eq!(migrations.check(&path)?.pending.len(), 1);
//! let connection = migrations.open(&path)?;
//! connection.execute("INSERT INTO notes VALUES ('hello')", [])?;
//! assert!(migrations.check(&path)?.pending.is_empty());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! A database that an installer looks after is migrated by the installer alone, which makes a copy first, and a way
//! back. There a service finds nothing to do at its start; where it would find something, it is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

pub use crate::config::Format;
use crate::db::in_place;
use crate::db::ledger;
use crate::db::look::{LookError, look, look_to_change};
use crate::db::migrate::MigrateError;
use crate::db::open::OpenError;
use crate::journal::owned;
use crate::migration::{Ledger, LedgerState, Set, Work};
use crate::plan::way::{Course, Way, way};
use crate::version::SchemaVersion;

mod error;

pub use error::EmbeddedError;

/// The version of SQLite's interface that [`Migrations::open`] answers with.
pub use rusqlite;

/// The migrations of a service: one directory, compiled in.
#[derive(Clone, Debug)]
pub struct Migrations {
    set: Set,
    ledger: Ledger,
}

/// Where a database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The schema that its ledger names; none where nothing is applied.
    pub schema: Option<SchemaVersion>,
    /// The migrations that it does not have, in the order in which they would run.
    pub pending: Vec<SchemaVersion>,
}

/// What a migration of a database did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The schema before; none of a new database.
    pub from: Option<SchemaVersion>,
    /// The schema after.
    pub to: Option<SchemaVersion>,
    /// The files that were run, in order; none where there was nothing to do.
    pub applied: Vec<String>,
    /// What an operator should know.
    pub warnings: Vec<String>,
}

type Result<T> = std::result::Result<T, EmbeddedError>;

/// How often somebody else may migrate the database between the look at it and the first lock.
const ROUNDS: usize = 10;

impl Migrations {
    /// The migrations of one directory: the names of its files and their contents, in any order.
    ///
    /// # Errors
    /// Files that their engine would not take.
    pub fn new(format: Format, files: &[(&str, &[u8])]) -> Result<Self> {
        let files = files.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec()));
        Ok(Self { set: Set::read(format, files)?, ledger: Ledger::of(format, None)? })
    }

    /// The same with a ledger in another table than the format's own.
    ///
    /// # Errors
    /// A name that is not letters, digits and `_`.
    pub fn with_table(self, table: &str) -> Result<Self> {
        Ok(Self { ledger: Ledger::of(self.set.format(), Some(table))?, ..self })
    }

    /// Where a database stands. A file that is missing or empty is a database on which nothing is applied. Changes
    /// nothing.
    ///
    /// # Errors
    /// It cannot be looked at, or these migrations do not lead on from where it is.
    pub fn check(&self, database: &Path) -> Result<Standing> {
        let database = &owned::located(database)?;
        let way = self.way(&self.state(database, Access::Look)?, database)?;
        Ok(Standing { schema: way.from, pending: way.works.iter().map(|work| work.version().clone()).collect() })
    }

    /// Runs the migrations that a database does not have, all in one transaction as far as that can be, and makes the
    /// database where there is none. When it returns, what it did survives a power cut. It may be called by several
    /// processes at once.
    ///
    /// # Errors
    /// A database that an installer looks after and that is not up to date; any reason why the migrations cannot be
    /// run, or fail.
    pub fn migrate(&self, database: &Path) -> Result<Migrated> {
        let database = &owned::located(database)?;
        let mut rounds = 0..ROUNDS;
        loop {
            let way = self.way(&self.state(database, Access::Change)?, database)?;
            if way.works.is_empty() {
                return Ok(migrated(way, Vec::new()));
            }
            unowned(database)?;
            match in_place::run(database, &way.works, &self.ledger, Arc::new(|| false), &|_| {}) {
                Ok(receipt) => return Ok(migrated(way, receipt.warnings)),
                Err(error) if error.is_elsewhere() && rounds.next().is_some() => {}
                Err(error) => return Err(EmbeddedError::Failed { path: database.clone(), source: Box::new(error) }),
            }
        }
    }

    /// [`Self::migrate`], then opens the database for reading and writing, as SQLite has it by default.
    ///
    /// # Errors
    /// As of `migrate`; also a database that cannot be opened.
    pub fn open(&self, database: &Path) -> Result<Connection> {
        self.migrate(database)?;
        let path = owned::located(database)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&path, flags).map_err(|source| EmbeddedError::Open { path, source })
    }

    /// The same as [`Self::migrate`] on a connection that is open already, such as one to a database in memory. It is in no
    /// transaction. Its settings of `foreign_keys` and `synchronous` come back; an authorizer and a progress handler that
    /// it had are gone.
    ///
    /// # Errors
    /// As of `migrate`.
    pub fn migrate_on(&self, connection: &mut Connection) -> Result<Migrated> {
        let path = connection.path().filter(|path| !path.is_empty()).map(PathBuf::from);
        let database = path.clone().unwrap_or_else(|| PathBuf::from(":memory:"));
        let failed = |error| EmbeddedError::Failed { path: database.clone(), source: Box::new(error) };
        let mut rounds = 0..ROUNDS;
        loop {
            let state =
                ledger::read(connection, &self.ledger).map_err(|error| failed(MigrateError::from(error).into()))?;
            let way = self.way(&state, &database)?;
            if way.works.is_empty() {
                return Ok(migrated(way, Vec::new()));
            }
            path.as_deref().map_or(Ok(()), |path| unowned(&owned::located(path)?))?;
            match in_place::run_on(connection, &way.works, &self.ledger) {
                Ok(receipt) => return Ok(migrated(way, receipt.warnings)),
                Err(error) if error.is_elsewhere() && rounds.next().is_some() => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn way(&self, state: &LedgerState, database: &Path) -> Result<Way> {
        let path = || database.to_owned();
        // As the engine, which may go on inside a file that was broken off.
        let resumed = state.resumed(&self.set);
        let state = resumed.as_ref().unwrap_or(state);
        if state.is_dirty() {
            return Err(EmbeddedError::Dirty { path: path(), at: state.stand(self.set.versions()).schema });
        }
        way(&self.set, state, &Course::Up(None))
            .map_err(|refusal| EmbeddedError::NoWay { path: path(), reason: refusal.message })
    }

    /// Waits and puts right what a crash left where the database is about to be changed.
    fn state(&self, database: &Path, access: Access) -> Result<LedgerState> {
        let looked = match access {
            Access::Look => look(database, &self.ledger),
            Access::Change => look_to_change(database, &self.ledger, &|| false),
        };
        match looked {
            Ok(seen) => Ok(seen.ledger),
            Err(LookError::Open(OpenError::Missing { .. } | OpenError::Empty { .. })) => Ok(LedgerState::Missing),
            Err(source) => Err(EmbeddedError::Look { path: database.to_owned(), source: Box::new(source) }),
        }
    }
}

/// What is done with a database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Look,
    Change,
}

fn migrated(way: Way, warnings: Vec<String>) -> Migrated {
    let applied = way.works.iter().map(Work::label).collect();
    Migrated { from: way.from, to: way.to, applied, warnings }
}

fn unowned(database: &Path) -> Result<()> {
    match owned::by(database) {
        Ok(None) => Ok(()),
        Ok(Some(owner)) => Err(EmbeddedError::Installed { path: database.to_owned(), product: owner.product }),
        Err(source) => Err(EmbeddedError::Unknowable { path: database.to_owned(), source }),
    }
}

/// The files of a directory, compiled in: pairs of a name and a content, for [`embedded::Migrations::new`]. The directory
/// is named as `include_bytes!` does it, beside the file that the macro is used in.
///
/// [`embedded::Migrations::new`]: crate::embedded::Migrations::new
#[macro_export]
macro_rules! migrations {
    ($directory:literal; $($file:literal),+ $(,)?) => {
        [$(($file, include_bytes!(concat!($directory, "/", $file)).as_slice())),+]
    };
}

#[cfg(test)]
mod tests;
