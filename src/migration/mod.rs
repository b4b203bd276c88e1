//! Migrations: files into an ordered set, ledger shapes as data, and what a schema looks like.
//!
//! A format is one file here and one line in the match of [`Set::read`]; everything after that is the same for all.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::Format;
use crate::digest::{Hasher, Sha256};
use crate::version::SchemaVersion;

pub mod difference;
pub mod fingerprint;
mod golang_migrate;
pub mod ledger;
pub mod lexer;
pub mod lint;
pub mod script;
mod warning;

pub use difference::{Change, Difference};
pub use fingerprint::{Drift, DriftKind, SchemaPrint, SchemaRow, Severity};
pub use ledger::{Ledger, LedgerNameError, LedgerState};
pub use script::{Place, Reason, Script, Statement};
pub use warning::Warning;

/// The migrations of one release, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    migrations: Vec<Migration>,
    ignored: Vec<String>,
    digest: Sha256,
}

/// One step between two schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The schema that it leads to.
    pub version: SchemaVersion,
    /// What its author called it.
    pub name: String,
    /// From the one before it.
    pub up: Option<Script>,
    /// Back to the one before it.
    pub down: Option<Script>,
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

/// One migration that is to be run in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The migration's version.
    pub version: SchemaVersion,
    /// Which way.
    pub direction: Direction,
    /// What is run; nothing where its engine would run nothing either and only write the ledger.
    pub script: Option<Script>,
    /// What the ledger must say before it; nothing for an empty one.
    pub starts_from: Option<SchemaVersion>,
    /// What the ledger says after it; nothing for an empty one.
    pub lands_on: Option<SchemaVersion>,
}

/// Files that are no migrations, or migrations that do not lead there.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MigrationError {
    /// Two files claim one version and direction.
    #[error("`{first}` and `{second}` have the same version and direction")]
    Duplicate {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A number that its engine cannot count to.
    #[error("the version of `{file}` is above {}", i64::MAX)]
    VersionTooLarge {
        /// The file.
        file: String,
    },
    /// A content that cannot be handed to SQLite whole.
    #[error("`{file}` is not text in UTF-8 without NUL bytes")]
    NotText {
        /// The file.
        file: String,
    },
    /// A schema that none of the migrations leads to.
    #[error("there is no migration for schema {0}")]
    Unknown(SchemaVersion),
    /// A way that goes in the other direction.
    #[error("schema {to} is not {} schema {from}", match direction { Direction::Up => "above", Direction::Down => "below" })]
    WrongWay {
        /// Where it starts.
        from: String,
        /// Where it should end.
        to: String,
        /// Which way was asked for.
        direction: Direction,
    },
}

type Result<T> = std::result::Result<T, MigrationError>;

impl Set {
    /// Makes the set of the files of one directory, in any order.
    ///
    /// # Errors
    /// Two files for one thing, and files that match the format but cannot be run. Other files are ignored, as their
    /// engine does, and named by [`Set::warnings`].
    pub fn read(format: Format, files: impl Iterator<Item = (String, Vec<u8>)>) -> Result<Self> {
        let mut files: Vec<_> = files.collect();
        files.sort();
        match format {
            Format::GolangMigrate => golang_migrate::read(files),
        }
    }

    /// `files` are those that the format takes, in a fixed order.
    fn new(migrations: Vec<Migration>, ignored: Vec<String>, files: &[(String, Vec<u8>)]) -> Self {
        let mut hasher = Hasher::new();
        for (name, bytes) in files {
            hasher.update(format!("{}:{name}{}:", name.len(), bytes.len()).as_bytes());
            hasher.update(bytes);
        }
        Self { migrations, ignored, digest: hasher.finish() }
    }

    /// All migrations, oldest first.
    pub fn migrations(&self) -> &[Migration] {
        &self.migrations
    }

    /// The files that its engine never looks at.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Where a schema stands in the list: this is what newer and older mean.
    pub fn position(&self, schema: &SchemaVersion) -> Option<usize> {
        self.migrations.iter().position(|migration| migration.version == *schema)
    }

    /// The schema that all migrations together lead to.
    pub fn latest(&self) -> Option<&SchemaVersion> {
        self.migrations.last().map(|migration| &migration.version)
    }

    /// The digest of the names and contents of the files that the format takes.
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// The way up, oldest first; none when it is there already. From nothing, all migrations up to `to`.
    ///
    /// # Errors
    /// A schema that is not in the set, or `to` below `from`.
    pub fn up(&self, from: Option<&SchemaVersion>, to: &SchemaVersion) -> Result<Vec<Work>> {
        let (start, end) = (self.applied(from)?, self.applied(Some(to))?);
        self.between(start, end).ok_or_else(|| wrong_way(from, Some(to), Direction::Up)).map(|way| {
            way.map(|(before, migration)| Work {
                version: migration.version.clone(),
                direction: Direction::Up,
                script: migration.up.clone(),
                starts_from: before.cloned(),
                lands_on: Some(migration.version.clone()),
            })
            .collect()
        })
    }

    /// The way down, newest first; none when it is there already. To nothing, all of them.
    ///
    /// # Errors
    /// A schema that is not in the set, or `to` above `from`.
    pub fn down(&self, from: &SchemaVersion, to: Option<&SchemaVersion>) -> Result<Vec<Work>> {
        let (start, end) = (self.applied(to)?, self.applied(Some(from))?);
        let way = self.between(start, end).ok_or_else(|| wrong_way(Some(from), to, Direction::Down))?;
        let mut works: Vec<_> = way
            .map(|(before, migration)| Work {
                version: migration.version.clone(),
                direction: Direction::Down,
                script: migration.down.clone(),
                starts_from: Some(migration.version.clone()),
                lands_on: before.cloned(),
            })
            .collect();
        works.reverse();
        Ok(works)
    }

    /// How many migrations are applied at a schema.
    fn applied(&self, schema: Option<&SchemaVersion>) -> Result<usize> {
        let Some(schema) = schema else { return Ok(0) };
        self.position(schema).map(|position| position + 1).ok_or_else(|| MigrationError::Unknown(schema.clone()))
    }

    /// The migrations from `start` to `end`, each with the schema before it.
    fn between(&self, start: usize, end: usize) -> Option<impl Iterator<Item = (Option<&SchemaVersion>, &Migration)>> {
        let way = self.migrations.get(start..end)?;
        let before = start.checked_sub(1).and_then(|index| self.migrations.get(index));
        let befores = std::iter::once(before).chain(way.iter().map(Some));
        Some(befores.map(|before| before.map(|before| &before.version)).zip(way))
    }
}

fn wrong_way(from: Option<&SchemaVersion>, to: Option<&SchemaVersion>, direction: Direction) -> MigrationError {
    let name = |schema: Option<&SchemaVersion>| schema.map_or("nothing".to_owned(), ToString::to_string);
    MigrationError::WrongWay { from: name(from), to: name(to), direction }
}

impl Work {
    /// What an error calls it: its file, or its version where it has none.
    pub fn label(&self) -> String {
        self.script.as_ref().map_or_else(|| format!("migration {}", self.version), |script| script.file.clone())
    }
}
