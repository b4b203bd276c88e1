//! Why a database could not be opened.

use std::path::PathBuf;

use thiserror::Error;

use crate::sys::fs::PathError;

/// Why a database could not be opened and read.
#[derive(Debug, Error)]
pub enum OpenError {
    /// There is no file.
    #[error("there is no database `{}`", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file has no bytes.
    #[error("`{}` is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file has bytes where a new database was to be made.
    #[error("`{}` is there already and not empty", path.display())]
    NotEmpty {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` is not a SQLite database, or is encrypted", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Somebody holds it exclusively.
    #[error("`{}` is locked by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It can only be read after a write, and cannot be written.
    #[error("`{}` can only be read where it can be written as well", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A write was cut off, and looking must not finish or undo it.
    #[error("`{}` has a journal that is to be rolled back first", path.display())]
    HotJournal {
        /// The file.
        path: PathBuf,
    },
    /// This user may not, or there is no room for what SQLite makes beside it.
    #[error("cannot open `{}`, or make a log beside it", path.display())]
    Unopened {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// This user may not.
    #[error("no permission to open `{}`", path.display())]
    Permission {
        /// The file.
        path: PathBuf,
    },
    /// Its content is damaged.
    #[error("`{}` is damaged", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// It was opened, and would not be set up as asked.
    #[error("cannot set `{pragma}` on `{}`", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// What did not take.
        pragma: &'static str,
    },
    /// Anything else.
    #[error("cannot open the database `{}`", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The file itself could not be looked at.
    #[error(transparent)]
    Path(#[from] PathError),
}
