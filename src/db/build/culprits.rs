//! The rows that do not fit, by name.

use std::fmt;

use rusqlite::{Connection, ErrorCode};

use super::Result;
use super::error::BuildError;
use super::indexes::Index;
use super::pulse::Pulse;

/// A row that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// The new table.
    pub table: String,
    /// The values of its key, or what else tells it.
    pub key: String,
    /// What it breaks, in SQLite's words.
    pub constraint: String,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}: {}", self.table, self.key, self.constraint)
    }
}

/// The rows because of which a statement failed; nothing where it failed because of something else.
pub(super) fn of_statement(
    _connection: &Connection,
    _sql: &str,
    broken: &rusqlite::Error,
    _pulse: &Pulse,
) -> Result<Option<BuildError>> {
    if broken.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
        return Ok(None);
    }
    Ok(None)
}

/// The rows because of which an index cannot be made.
pub(super) fn of_index(_connection: &Connection, _index: &Index, source: rusqlite::Error) -> Result<BuildError> {
    Ok(BuildError::Sqlite { tried: "make an index", source })
}

/// References that lead nowhere.
pub(super) fn dangling(
    connection: &Connection,
    _shape: &crate::transfer::mapping::Shape,
) -> Result<Option<BuildError>> {
    let dangling = crate::db::check::Dangling::find(connection, crate::db::check::Scope::Everything);
    let found =
        dangling.map_err(super::error::sqlite("check the references"))?.since(&crate::db::check::Dangling::default());
    Ok((!found.is_empty()).then(|| BuildError::Damaged(found.join("; "))))
}
