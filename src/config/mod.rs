//! The product's configuration: as written (`raw`), then checked (`validate`). Nothing after this module sees the raw form.

pub mod address;
mod error;
mod format;
mod migrator;
mod publisher;
mod raw;
mod validate;
mod values;

use std::path::PathBuf;
use std::time::Duration;

pub use error::{ConfigError, Fault};
pub use format::{Format, FormatError};
pub use publisher::{Publisher, publisher};
pub use validate::parse;
pub use values::{database_path, duration};

use crate::layout::Layout;

/// A validated `installer.toml`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The product's name: lower-case letters, digits and dashes.
    pub product: String,
    /// Where everything lives.
    pub layout: Layout,
    /// Versions kept beside the current one.
    pub keep_versions: u32,
    /// Where releases come from, and whom to believe.
    pub manifest: ManifestSource,
    /// The product's database.
    pub database: Database,
    /// How the service is started and stopped.
    pub service: Service,
    /// How it shows that it is well.
    pub health: Health,
    /// Backups kept, newest first.
    pub keep_backups: u32,
    /// Bytes that the backups may take.
    pub max_backup_bytes: u64,
    /// What a package's script answers after a failure that was undone.
    pub on_failure: OnFailure,
}

/// Where the signed manifest is found.
#[derive(Clone, Debug)]
pub struct ManifestSource {
    /// `https://`, `http://` or `file://`; plain paths became `file://`.
    pub url: String,
    /// Minisign public keys as written in the file; any one may sign.
    pub keys: Vec<String>,
    /// The channel that is followed beside `stable`.
    pub channel: String,
    /// Root certificates to trust besides the system's, PEM.
    pub ca_file: Option<PathBuf>,
}

/// The product's database.
#[derive(Clone, Debug)]
pub struct Database {
    /// As configured, symlinks not resolved.
    pub path: PathBuf,
    /// Whose migrations and ledger these are.
    pub format: Format,
    /// The product's own setting of `PRAGMA foreign_keys`.
    pub foreign_keys: ForeignKeys,
    /// The ledger's table, where it is not the format's own name.
    pub table: Option<String>,
    /// Whether the engine runs a file without a transaction of its own.
    pub wrap: Wrap,
    /// `user:group` of a database that the installer creates.
    pub owner: Option<String>,
    /// The product's own migrator, with [`Format::Command`].
    pub migrator: Option<Migrator>,
}

/// The commands of a product that migrates its database itself: a program and its arguments, in which `{binary}` and
/// `{database}` stand for the release's program and the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrator {
    /// Brings the database to the schema of the program, whatever schema it is at, and makes one of an empty file.
    pub up: Vec<String>,
    /// Prints the schema of the database.
    pub version: Vec<String>,
}

/// Whether foreign keys are enforced when the product opens its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKeys {
    /// `PRAGMA foreign_keys = ON`.
    Enforced,
    /// `PRAGMA foreign_keys = OFF`, SQLite's own default.
    Ignored,
}

/// Whether the product's engine wraps each migration file in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// It does; golang-migrate's default.
    Transaction,
    /// It does not: `x-no-tx-wrap`.
    Nothing,
}

/// The service and its manager.
#[derive(Clone, Debug)]
pub struct Service {
    /// Who starts and stops it.
    pub manager: Manager,
    /// How long a stop may take.
    pub stop_timeout: Duration,
}

/// Who starts and stops the service.
#[derive(Clone, Debug)]
pub enum Manager {
    /// systemd, by `systemctl`.
    Systemd {
        /// The service's unit.
        unit: String,
        /// Units stopped before and started after it.
        also: Vec<String>,
    },
    /// Commands of the operator, `{root}`, `{binary}` and `{database}` already replaced.
    Command {
        /// Starts it; may stay in the foreground or return.
        start: Vec<String>,
        /// Stops it.
        stop: Vec<String>,
        /// Exits 0 if and only if it runs.
        status: Vec<String>,
        /// Holds the process id of the service's main process.
        pid_file: Option<PathBuf>,
    },
    /// Nobody: only if nobody holds the database.
    None,
}

/// How the service shows that it is well.
#[derive(Clone, Debug)]
pub struct Health {
    /// How it is asked.
    pub probe: Probe,
    /// How long it may take until it is well for the first time.
    pub timeout: Duration,
    /// How long an upgrade stays under watch after it is well; zero where it does not.
    pub probation: Duration,
    /// What is done about a crash in that time, where going back would lose rows.
    pub on_crash: OnCrash,
}

/// What is done about a release that crashes on probation, where going back would lose rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCrash {
    /// It is told, and nothing is changed.
    Report,
    /// The backup from before the upgrade is restored; what was written since is lost.
    Restore,
}

/// What the script of a package answers after a failure that was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// A failure: dpkg calls the package half-configured for as long as it is.
    Fail,
    /// Nothing but words: dpkg calls the package installed, and the activation waits.
    Defer,
}

/// How the service is asked whether it is well.
#[derive(Clone, Debug)]
pub enum Probe {
    /// An HTTP address that answers 2xx when it is well.
    Url(String),
    /// A command that exits 0 when it is well; placeholders already replaced.
    Command(Vec<String>),
    /// It is alive five seconds after the start.
    Alive,
}
