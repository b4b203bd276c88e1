//! The ledger's shape as data: which table an engine keeps its account in, and what a look at it may say.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::Format;
use crate::version::SchemaVersion;

/// Where and how an engine writes down which migrations were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Its table.
    pub table: String,
    /// Its table's columns, in order.
    pub columns: &'static [&'static str],
    /// What makes it, exactly as the engine says it; `{table}` stands for the table.
    ddl: &'static [&'static str],
}

/// A name that no engine could use as it does.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` cannot name a ledger: its engine writes the name without quotes")]
pub struct LedgerNameError(String);

/// golang-migrate v4, SQLite drivers: one row with the version that the schema stands at.
const GOLANG_MIGRATE: (&str, &[&str], &[&str]) = (
    "schema_migrations",
    &["version", "dirty"],
    &[
        "CREATE TABLE IF NOT EXISTS {table} (version uint64,dirty bool)",
        "CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON {table} (version)",
    ],
);

/// goose v3: a row for each migration, and one for version 0.
const GOOSE: (&str, &[&str], &[&str]) = (
    "goose_db_version",
    &["id", "version_id", "is_applied", "tstamp"],
    &[
        "CREATE TABLE {table} (\n\t\tid INTEGER PRIMARY KEY AUTOINCREMENT,\n\t\tversion_id INTEGER NOT NULL,\n\t\tis_applied INTEGER NOT NULL,\n\t\ttstamp TIMESTAMP DEFAULT (datetime('now'))\n\t)",
        "INSERT INTO {table} (version_id, is_applied) VALUES (0, 1)",
    ],
);

/// dbmate v2: the digits of each migration as they are written.
const DBMATE: (&str, &[&str], &[&str]) =
    ("schema_migrations", &["version"], &["create table if not exists \"{table}\" (version varchar(128) primary key)"]);

/// sql-migrate v1: the name of each file.
const SQL_MIGRATE: (&str, &[&str], &[&str]) = (
    "gorp_migrations",
    &["id", "applied_at"],
    &["create table if not exists \"{table}\" (\"id\" varchar(255) not null primary key, \"applied_at\" datetime) ;"],
);

/// Atlas, community build: a row for each file, with how far it got.
const ATLAS: (&str, &[&str], &[&str]) = ("atlas_schema_revisions", &["version"], &[]);

impl Ledger {
    /// The ledger of `format`, in `table` where that is not the format's own.
    ///
    /// # Errors
    /// A name that is not letters, digits and `_`.
    pub fn of(format: Format, table: Option<&str>) -> Result<Self, LedgerNameError> {
        let (own, columns, ddl) = match format {
            Format::GolangMigrate => GOLANG_MIGRATE,
            Format::Goose => GOOSE,
            Format::Dbmate => DBMATE,
            Format::SqlMigrate => SQL_MIGRATE,
            Format::Atlas => ATLAS,
        };
        let table = table.unwrap_or(own);
        let legal = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let starts = |character: char| legal(character) && !character.is_ascii_digit();
        if !table.chars().all(legal) || !table.starts_with(starts) {
            return Err(LedgerNameError(table.to_owned()));
        }
        Ok(Self { table: table.to_owned(), columns, ddl })
    }

    /// The statements that make it where it is missing.
    pub fn ddl(&self) -> impl Iterator<Item = String> {
        self.ddl.iter().map(|statement| statement.replace("{table}", &self.table))
    }
}

/// What a ledger says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LedgerState {
    /// There is no such table.
    Missing,
    /// It is there, and nothing is applied.
    Empty,
    /// It names a schema.
    At {
        /// The schema; -1 is golang-migrate's name for none, which it writes only when dirty.
        schema: SchemaVersion,
        /// Whether a migration failed half-way: the schema may be another one.
        dirty: bool,
    },
}

impl LedgerState {
    /// The schema that it names, if any.
    pub fn schema(&self) -> Option<&SchemaVersion> {
        match self {
            Self::Missing | Self::Empty | Self::At { schema: SchemaVersion::Number(..0), .. } => None,
            Self::At { schema, .. } => Some(schema),
        }
    }

    /// Whether a migration failed half-way.
    pub fn is_dirty(&self) -> bool {
        matches!(self, Self::At { dirty: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_ledger_is_written_as_its_engine_does() {
        let ledger = Ledger::of(Format::GolangMigrate, Some("my_ledger")).unwrap();
        let ddl: Vec<_> = ledger.ddl().collect();
        assert_eq!(ddl[0], "CREATE TABLE IF NOT EXISTS my_ledger (version uint64,dirty bool)");
    }

    #[test]
    fn a_name_that_would_need_quotes_is_refused() {
        for name in ["", "a b", "a;DROP TABLE t", "1a", "main.t"] {
            assert_eq!(Ledger::of(Format::GolangMigrate, Some(name)), Err(LedgerNameError(name.to_owned())));
        }
    }

    #[test]
    fn a_dirty_ledger_without_a_version_names_no_schema() {
        let state = LedgerState::At { schema: SchemaVersion::Number(-1), dirty: true };
        assert!(state.schema().is_none() && state.is_dirty());
    }
}
