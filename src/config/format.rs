//! The migration formats, by the names that they have in a configuration and on a command line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::version::SchemaVersion;

/// A name that is none of a format.
#[derive(Debug, Error)]
#[error("`{name}` is not one of {}", .known.iter().map(|format| format.name()).collect::<Vec<_>>().join(", "))]
pub struct FormatError {
    name: String,
    known: Vec<Format>,
}

impl FormatError {
    fn among(name: &str, known: Vec<Format>) -> Self {
        Self { name: name.to_owned(), known }
    }
}

/// Whether a table can be a ledger: engines write its name without quotes.
pub fn is_ledger_name(table: &str) -> bool {
    let legal = |character: char| character.is_ascii_alphanumeric() || character == '_';
    table.chars().all(legal) && table.starts_with(|first: char| legal(first) && !first.is_ascii_digit())
}

/// A migration format: whose files these are, and whose ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `N_name.up.sql` and `N_name.down.sql`, one row in `schema_migrations`.
    #[default]
    GolangMigrate,
    /// `N_name.sql` with `-- +goose Up` and `Down`, a row each in `goose_db_version`.
    Goose,
    /// `N_name.sql` with `-- migrate:up` and `down`, a row each in `schema_migrations`.
    Dbmate,
    /// `name.sql` with `-- +migrate Up` and `Down`, a row each in `gorp_migrations`.
    SqlMigrate,
    /// `N_name.sql` and `atlas.sum`, a row each in `atlas_schema_revisions`; there is no way down.
    Atlas,
    /// No files: the product migrates itself by a command, and keeps its account where it likes.
    Command,
}

impl Format {
    /// All that have files.
    pub const ALL: [Self; 5] = [Self::GolangMigrate, Self::Goose, Self::Dbmate, Self::SqlMigrate, Self::Atlas];

    /// What `database.format` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GolangMigrate => "golang-migrate",
            Self::Goose => "goose",
            Self::Dbmate => "dbmate",
            Self::SqlMigrate => "sql-migrate",
            Self::Atlas => "atlas",
            Self::Command => "command",
        }
    }

    /// The format with files of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What a product's format may be: one with files, or none, because it migrates itself.
    ///
    /// # Errors
    /// Another name.
    pub fn of_product(name: &str) -> Result<Self, FormatError> {
        let known = Self::ALL.into_iter().chain([Self::Command]);
        known.clone().find(|format| format.name() == name).ok_or_else(|| FormatError::among(name, known.collect()))
    }

    /// The schema that somebody typed: a number where the format counts, else its name as it is.
    pub fn schema(self, typed: &str) -> Option<SchemaVersion> {
        match self {
            Self::GolangMigrate | Self::Goose => typed.parse().ok().map(SchemaVersion::Number),
            Self::Dbmate | Self::SqlMigrate | Self::Atlas | Self::Command => {
                Some(SchemaVersion::Text(typed.to_owned()))
            }
        }
    }

    /// Whether its files can say how to take a migration back.
    pub fn goes_back(self) -> bool {
        !matches!(self, Self::Atlas | Self::Command)
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(name: &str) -> Result<Self, FormatError> {
        Self::named(name).ok_or_else(|| FormatError::among(name, Self::ALL.to_vec()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
