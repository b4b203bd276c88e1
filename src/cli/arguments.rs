//! The command line, exactly as it may be typed.

mod gate;
mod hook;
mod lint;
mod manifest;
mod migrate;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config;
use crate::version::Target;
pub use gate::Gate;
pub use hook::{Hook, ScriptName};
pub use lint::Lint;
pub use manifest::{GraphFormat, Manifest};
pub use migrate::{Migrate, MigrateVerb};

/// Upgrade a program and its database as one unit, and put everything back if anything fails
#[derive(Debug, Parser)]
#[command(name = "gantry-installer", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Arguments {
    /// What every command takes
    #[command(flatten)]
    pub options: Options,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

// No line of documentation: it would become that of the program.
#[allow(missing_docs, reason = "said above")]
#[derive(Debug, Args)]
pub struct Options {
    /// The product's configuration
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "GANTRY_INSTALLER_CONFIG",
        default_value = "/etc/gantry/installer.toml",
        hide_env_values = true
    )]
    pub config: PathBuf,
    /// Answer with one JSON object on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Tell what happens while it happens, one JSON object a line; `-` is standard error
    #[arg(long, global = true, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Say more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// What to do
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install the product for the first time
    Install(Install),
    /// Upgrade to a newer release
    Upgrade(Upgrade),
    /// Go back to an older release
    Rollback(Rollback),
    /// End the probation of the last upgrade
    Confirm,
    /// Finish or undo a run that was interrupted
    Recover(Recover),
    /// Show what is installed, and what is available
    Status,
    /// Tell whether the installed release may run on the database, then start a command
    Gate(Gate),
    /// Check files, ledger and schema against what was trusted
    Verify,
    /// List past runs, or show one
    History(History),
    /// Create, list, verify, restore and prune backups
    #[command(subcommand)]
    Backup(Backup),
    /// Write the whole database into one file that any program can read
    Export(Export),
    /// Build a new database of such a file
    Import(Import),
    /// Migrate a database by hand
    Migrate(Migrate),
    /// Write, check and sign release manifests
    #[command(subcommand)]
    Manifest(Manifest),
    /// What a package's maintainer scripts call, with dpkg's own arguments
    Hook(Hook),
    /// Print what lets a shell complete commands and flags
    Completions(Completions),
    /// Write the manual pages into a directory
    Man(Man),
}

/// Arguments of `install`
#[derive(Debug, Args)]
pub struct Install {
    /// The release; without it the newest that is offered
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Target>,
    /// Agree without being asked
    #[arg(long)]
    pub yes: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    config::duration(text).ok_or_else(|| "expected a duration such as `500ms`, `10s` or `2m`".to_owned())
}

/// Arguments of `upgrade`
#[derive(Debug, Args)]
pub struct Upgrade {
    /// The release, or the beginning of one; without it the newest of the same major
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Target>,
    /// Follow this channel instead of the configured one
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// Take the manifest and all artifacts from this bundle, and nothing from anywhere else
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Believe a manifest that has expired
    #[arg(long)]
    pub allow_expired: bool,
    /// Refuse a downtime that is predicted to be longer, and go back before it becomes so, such as `500ms` or `10s`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_downtime: Option<Duration>,
    /// Show the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take a release again that failed here
    #[arg(long)]
    pub retry: bool,
    /// Agree without being asked
    #[arg(long)]
    pub yes: bool,
}

/// Arguments of `rollback`
#[derive(Debug, Args)]
pub struct Rollback {
    /// The release; without it the one that the last run came from
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Target>,
    /// How to go back; without it the one that loses least
    #[arg(long, value_enum)]
    pub strategy: Option<StrategyName>,
    /// The backup to restore
    #[arg(long, value_name = "ID")]
    pub backup: Option<String>,
    /// Count what would be lost and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Agree without being asked; a loss needs `--strategy` as well
    #[arg(long)]
    pub yes: bool,
}

/// How to go back
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StrategyName {
    /// The older program on the database as it is
    Binary,
    /// The older program, and the newer release's down migrations
    Down,
    /// The older program and a backup
    Restore,
}

/// Arguments of `recover`
#[derive(Debug, Args)]
pub struct Recover {
    /// Leave the service stopped
    #[arg(long)]
    pub no_start: bool,
    /// As a unit before the service: leave it stopped, and do nothing beside a run that is under way
    #[arg(long, conflicts_with = "no_start")]
    pub unit: bool,
    /// As the handler of a service that failed: go back from an upgrade that is on probation, if that loses nothing
    #[arg(long, conflicts_with_all = ["no_start", "unit"])]
    pub crashed: bool,
}

/// Arguments of `history`
#[derive(Debug, Args)]
pub struct History {
    /// The run to show
    pub run: Option<String>,
}

/// What to do with backups
#[derive(Debug, Subcommand)]
pub enum Backup {
    /// Back the live database up
    Create,
    /// List backups
    List,
    /// Compare backups with the digests that were taken when they were made
    Verify {
        /// Only this one
        id: Option<String>,
    },
    /// Put a backup in the place of the live database
    Restore {
        /// Which one
        id: String,
        /// Count what would be lost and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Agree without being asked, where nothing is lost
        #[arg(long)]
        yes: bool,
    },
    /// Remove backups beyond the configured number and size
    Prune {
        /// Agree without being asked
        #[arg(long)]
        yes: bool,
    },
}

/// Arguments of `export`
#[derive(Debug, Args)]
pub struct Export {
    /// The file, a `tar.gz`; it must not be there yet
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// Arguments of `import`
#[derive(Debug, Args)]
pub struct Import {
    /// The export
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The new database; it must not be there yet
    #[arg(long, value_name = "DB")]
    pub into: PathBuf,
    /// The release whose schema it gets
    #[arg(long, value_name = "VERSION")]
    pub release: Target,
}

/// Arguments of `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`
#[derive(Debug, Args)]
pub struct Man {
    /// The directory; it is made where it is missing
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}
