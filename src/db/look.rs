//! One look at a database that may be in use: what its ledger says, and what its schema looks like.

use std::path::Path;

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::db::ledger::{self, LedgerError};
use crate::db::open::{OpenError, Reader};
use crate::db::schema;
use crate::migration::{Ledger, LedgerState, SchemaPrint, SchemaRow};

/// What was seen.
#[derive(Clone, Debug)]
pub struct Look {
    /// What the ledger says.
    pub ledger: LedgerState,
    /// What the schema looks like.
    pub print: SchemaPrint,
    /// The schema itself.
    pub rows: Vec<SchemaRow>,
    /// Whether the file was read without any lock, because this user may not lock it.
    pub immutable: bool,
}

/// Why nothing could be seen.
#[derive(Debug, Error)]
pub enum LookError {
    /// It could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its schema could not be read.
    #[error("cannot read the schema")]
    Schema(#[source] rusqlite::Error),
}

impl LookError {
    /// Whether a writer had it, so that another look may see more.
    pub fn is_locked(&self) -> bool {
        let busy = |error: &rusqlite::Error| {
            matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
        };
        if let Self::Open(OpenError::Locked { .. }) = self {
            return true;
        }
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            if error.downcast_ref().is_some_and(busy) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// Looks at the database `path` and changes nothing.
pub fn look(path: &Path, ledger: &Ledger) -> Result<Look, LookError> {
    let reader = Reader::open(path)?;
    let state = ledger::read(reader.connection(), ledger)?;
    let rows = schema::rows(reader.connection()).map_err(LookError::Schema)?;
    Ok(Look { ledger: state, print: SchemaPrint::of(&rows, ledger), rows, immutable: reader.is_immutable() })
}
