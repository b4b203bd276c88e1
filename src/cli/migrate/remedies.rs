//! The way out of what is wrong with a database, its ledger or a directory of migrations.

use crate::db::ledger::LedgerError;
use crate::db::open::OpenError;
use crate::migration::MigrationError;

/// What to do about files that cannot be run.
pub(super) fn remedy_for_files(error: &MigrationError) -> String {
    match error {
        MigrationError::Foreign { found, .. } => format!("run the same command with `--format {found}`"),
        _ => "mend the directory after `--dir`".to_owned(),
    }
}

/// What to do about a ledger that cannot be read.
pub(super) fn remedy_for_ledger(error: &LedgerError) -> String {
    match error {
        LedgerError::Engine { found, .. } => format!("give `--format {found}`, with the migrations that belong to it"),
        LedgerError::Undone { table, version, .. } => format!(
            "find out whether migration {version} is applied; then leave of its rows in `{table}` only what says so"
        ),
        _ => "see which engine made it, and give its name with `--format`".to_owned(),
    }
}

/// What to do about a database that is damaged.
pub(super) const DAMAGED: &str = "put a backup of it back";

/// What to do about a database that cannot be opened.
pub(super) fn remedy(error: &OpenError) -> &'static str {
    match error {
        OpenError::Locked { .. } => "see who uses it, and run the same command again",
        OpenError::HotJournal { .. } => "start its program as its owner: SQLite then undoes what a crash left",
        OpenError::ReadOnly { .. } | OpenError::Permission { .. } => "run the command as the owner of the database",
        OpenError::Corrupt { .. } => DAMAGED,
        _ => "check the path after `--database`",
    }
}
