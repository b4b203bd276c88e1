//! What another program does to a copy: rows, references and schema before it and after it.

use std::path::Path;

use crate::db::execute::Executed;
use crate::db::header::{self, Kind};
use crate::db::migrate::{Look, MigrateError, Settings, finish, sqlite};
use crate::db::open::{open_memory, open_owned};
use crate::db::receipt::Receipt;
use crate::db::{check, count};
use crate::version::SchemaVersion;

/// A copy as it was before.
pub struct Witness {
    look: Look,
    /// Whether it was in WAL mode; nothing of an empty file, which has no mode yet.
    was_wal: Option<bool>,
}

impl Witness {
    /// Looks at a copy that nobody has open. An empty file is a database without tables.
    ///
    /// # Errors
    /// It cannot be opened or read.
    pub fn before(copy: &Path, settings: &Settings<'_>) -> Result<Self, MigrateError> {
        let (was_wal, connection) = match header::examine(copy)? {
            Kind::Empty => (None, open_memory(settings.foreign_keys)?),
            Kind::Database { wal, .. } => (Some(wal), open_owned(copy, settings.foreign_keys)?),
            Kind::Missing | Kind::Foreign => (None, open_owned(copy, settings.foreign_keys)?),
        };
        Ok(Self { look: Look::before(&connection, settings)?, was_wal })
    }

    /// What the program did in `ms`, which nobody has open any more. Takes in what is left in a log beside the copy, and
    /// gives it the journal mode that it had: afterwards it is one durable file.
    ///
    /// # Errors
    /// It is damaged or no database any more, and references that lead nowhere and did not before.
    pub fn after(
        self,
        copy: &Path,
        settings: &Settings<'_>,
        schema: &SchemaVersion,
        ms: u64,
    ) -> Result<Receipt, MigrateError> {
        let connection = open_owned(copy, settings.foreign_keys)?;
        // Nobody watched what it wrote, so that everything counts as written.
        let tables = count::tables(&connection, settings.ledger).map_err(sqlite("list the tables"))?;
        let written = tables.iter().map(|table| table.to_ascii_lowercase()).collect();
        let executed = Executed { written, warnings: Vec::new() };
        let mut receipt = self.look.receipt(&connection, settings, &[], executed, ms)?;
        receipt.schema = Some(schema.clone());
        let mode: String = connection
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .map_err(sqlite("ask for the journal mode of the copy"))?;
        finish(copy, connection, self.was_wal.unwrap_or(mode == "wal"))?;
        Ok(receipt)
    }
}

/// What SQLite finds wrong with a copy that nobody has open.
///
/// # Errors
/// It cannot be opened or read.
pub fn problems(copy: &Path, settings: &Settings<'_>) -> Result<Vec<String>, MigrateError> {
    let connection = open_owned(copy, settings.foreign_keys)?;
    check::integrity(&connection).map_err(sqlite("check the integrity of the copy"))
}
