//! Why a service cannot go on with its database.

use std::path::PathBuf;

use thiserror::Error;

use crate::db::in_place::InPlaceError;
use crate::db::look::LookError;
use crate::journal::record::RecordError;
use crate::migration::{LedgerNameError, MigrationError};
use crate::sys::fs::PathError;
use crate::version::SchemaVersion;

/// Why a database cannot be used with these migrations. Unless it is [`EmbeddedError::Failed`] with a file that ran
/// outside a transaction, nothing was changed.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// The files are no migrations of their format.
    #[error(transparent)]
    Migrations(#[from] MigrationError),
    /// The ledger cannot be called so.
    #[error(transparent)]
    Ledger(#[from] LedgerNameError),
    /// It is for the installer to migrate it.
    #[error("`{}` belongs to the installed product {product}: `gantry-installer upgrade` migrates it", path.display())]
    Installed {
        /// The database.
        path: PathBuf,
        /// Whose it is.
        product: String,
    },
    /// It may be for an installer to migrate it.
    #[error("whether `{}` belongs to an installed product cannot be told", path.display())]
    Unknowable {
        /// The database.
        path: PathBuf,
        /// Why not.
        source: RecordError,
    },
    /// A migration was broken off, and what is half-done cannot be built on.
    #[error("a migration of `{}` was broken off at {}: put back a backup that was made before it", path.display(), named(at))]
    Dirty {
        /// The database.
        path: PathBuf,
        /// What the ledger names.
        at: Option<SchemaVersion>,
    },
    /// These migrations do not lead on from where it is: a newer program wrote it, or another one, or one was left out.
    #[error("`{}`: {reason}", path.display())]
    NoWay {
        /// The database.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// It cannot be looked at.
    #[error("cannot look at `{}`", path.display())]
    Look {
        /// The database.
        path: PathBuf,
        /// Why not.
        source: Box<LookError>,
    },
    /// The migrations failed.
    #[error("cannot migrate `{}`", path.display())]
    Failed {
        /// The database.
        path: PathBuf,
        /// Why, and what stays.
        source: Box<InPlaceError>,
    },
    /// It was migrated, and could not be opened.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The database.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The file system's answer.
    #[error(transparent)]
    Path(#[from] PathError),
}

fn named(at: &Option<SchemaVersion>) -> String {
    at.as_ref().map_or_else(|| "the first".to_owned(), ToString::to_string)
}
