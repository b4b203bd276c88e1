//! The arguments of `migrate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Lint;
use crate::config::Format;

/// Arguments of `migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// Work in place on this database, without a configuration: `sqlite:PATH`
    #[arg(long, value_name = "URL", global = true)]
    pub database: Option<String>,
    /// The directory of migrations
    #[arg(long, value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
    /// Show what `up`, `down` or `goto` would do, and do nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// The format of the migrations [default: golang-migrate]
    #[arg(long, global = true)]
    pub format: Option<String>,
    /// Agree without being asked
    #[arg(long, global = true)]
    pub yes: bool,
    /// What to do
    #[command(subcommand)]
    pub verb: MigrateVerb,
}

impl Migrate {
    /// The format of the migrations in the directory.
    pub fn format(&self) -> &str {
        self.format.as_deref().unwrap_or(Format::GolangMigrate.name())
    }
}

/// What to do with migrations
#[derive(Debug, Subcommand)]
pub enum MigrateVerb {
    /// Apply the next migrations, or all
    Up {
        /// How many
        count: Option<usize>,
    },
    /// Take the last migrations back
    Down {
        /// How many
        count: usize,
    },
    /// Go to a schema version, up or down
    Goto {
        /// Which
        version: String,
    },
    /// Show the schema version
    Version,
    /// List migrations, and which are applied
    Status,
    /// Judge migrations: whether older releases run on after them, whether they can be taken back, whether they changed
    Lint(Lint),
    /// Try every migration up, down and up again: on an empty database, and on a copy of the one that is given
    Test {
        /// Enforce foreign keys, as a program may that opens its database so; a configuration says it by itself
        #[arg(long)]
        foreign_keys: bool,
    },
    /// Make the ledger say a schema version without running anything; a lie, unless the schema is that one
    Force {
        /// Which; `none` for an empty database
        #[arg(allow_hyphen_values = true)]
        version: String,
    },
    /// Make the files of a new migration in `--dir`
    New {
        /// What it is called: letters, digits, `_` and `-`
        name: String,
    },
}
