//! Migrations: files into an ordered set, ledger shapes as data, and what a schema looks like.
//!
//! A format is one file here and one line in the match of [`Set::read`]; everything after that is the same for all.

use serde::{Deserialize, Serialize};

use crate::version::SchemaVersion;

mod atlas;
mod dbmate;
pub mod difference;
mod error;
mod files;
pub mod fingerprint;
mod golang_migrate;
mod goose;
mod half;
mod layout;
pub mod ledger;
pub mod lexer;
pub mod lint;
mod lines;
mod names;
pub mod naming;
mod piece;
mod recognise;
pub mod script;
mod set;
mod sql_migrate;
mod warning;
mod work;

pub use difference::{Change, Difference};
pub use error::MigrationError;
pub use files::Shelf;
pub use fingerprint::{Drift, DriftKind, SchemaPrint, SchemaRow, Severity};
pub use half::Half;
pub use ledger::{Ledger, LedgerNameError, LedgerState, Stand};
pub use piece::Piece;
pub use recognise::recognise;
pub use script::{Place, Reason, Script, Statement, Transaction};
pub use set::Set;
pub use warning::Warning;
pub use work::{Work, deleted_from};

/// One step between two schemas, and what its engine's ledger writes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The schema that it leads to, just as the ledger has it: golang-migrate's and goose's number, dbmate's digits as
    /// they are written, sql-migrate's file name, Atlas's version.
    pub version: SchemaVersion,
    /// What its author called it; Atlas's ledger writes it as the description.
    pub name: String,
    /// From the one before it; none where the format has no such file or section.
    pub up: Option<Half>,
    /// Back to the one before it; none where the format has no such file or section.
    pub down: Option<Half>,
    /// The file's entry of `atlas.sum`, without `h1:`, which Atlas's ledger writes; none in the other formats.
    pub sum: Option<String>,
}

/// Which way a migration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To a newer schema.
    Up,
    /// To an older one.
    Down,
}
