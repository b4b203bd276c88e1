//! Runs migrations for real: on a copy that nobody else has open and that is thrown away if anything fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use crate::config::ForeignKeys;
use crate::db::check::{self, Dangling, Scope};
use crate::db::execute::{Executed, execute};
use crate::db::header::{self, Kind};
use crate::db::open::{OpenError, open_owned, side_file};
use crate::db::receipt::{Effect, Receipt, TableCount};
use crate::db::watch::Stop;
use crate::db::{count, ledger, schema};
use crate::migration::{Ledger, Work};
use crate::sys::clock::Stopwatch;
use crate::sys::fs;
use crate::sys::seam;

mod error;

pub use error::MigrateError;
pub(crate) use error::name;

/// How migrations are run.
pub struct Settings<'a> {
    /// The product's ledger.
    pub ledger: &'a Ledger,
    /// The product's own setting.
    pub foreign_keys: ForeignKeys,
    /// What is counted and checked.
    pub checks: Checks,
    /// What they may do.
    pub manner: Manner,
    /// Asked while they run whether to give up.
    pub stop: Stop,
    /// Told of each migration before it runs.
    pub progress: &'a dyn Fn(&Work),
}

/// Which tables are counted, and their references checked, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checks {
    /// All: takes time with the size of the database.
    Everything,
    /// Those that the rehearsal saw written ([`Receipt::written`]), those that the run writes, and their children.
    Written(BTreeSet<String>),
}

/// What migrations may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// On a copy of what an installer looks after: they leave no reference that leads nowhere, do not write to the
    /// schema behind SQLite's back, and the journal mode is none of theirs.
    Guarded,
    /// As with their engine: all of that is theirs, and what is odd about it is a warning.
    AsEngine,
}

impl<'a> Settings<'a> {
    /// SQLite's own foreign key setting, all checks, guarded, never stopped, silent.
    pub fn of(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            foreign_keys: ForeignKeys::Ignored,
            checks: Checks::Everything,
            manner: Manner::Guarded,
            stop: Arc::new(|| false),
            progress: &|_| {},
        }
    }
}

pub(crate) fn sqlite(tried: &'static str) -> impl FnOnce(rusqlite::Error) -> MigrateError {
    move |source| MigrateError::Sqlite { tried, source }
}

/// Runs `works` on the copy `database`. When it returns, the copy is one durable file in the journal mode that it had,
/// with nothing beside it.
///
/// # Errors
/// Whatever fails: the copy is then only good for being thrown away, with what lies beside it.
pub fn run(database: &Path, works: &[Work], settings: &Settings<'_>) -> Result<Receipt, MigrateError> {
    let was_wal = matches!(header::examine(database)?, Kind::Database { wal: true, .. });
    let mut connection = open_owned(database, settings.foreign_keys)?;
    work_in_wal(&connection)?;
    let receipt = measured(&mut connection, works, settings)?;
    finish(database, connection, was_wal)?;
    Ok(receipt)
}

/// A log bounds the memory of a large change, and without syncs it costs nothing: durable is only the end.
pub(crate) fn work_in_wal(connection: &Connection) -> Result<(), MigrateError> {
    seam::cross("switch the copy to WAL mode");
    let mode: Result<String, _> = connection
        .execute_batch("PRAGMA synchronous = OFF")
        .and_then(|()| connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)));
    mode.map(|_| ()).map_err(sqlite("switch the copy to WAL mode"))
}

pub(crate) fn finish(database: &Path, connection: Connection, was_wal: bool) -> Result<(), MigrateError> {
    seam::cross("checkpoint the copy");
    let checkpointed = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE);
    checkpointed.map_err(sqlite("checkpoint the copy"))?;
    // A migration may have switched it, so it is set in either case.
    let mode = if was_wal { "WAL" } else { "DELETE" };
    let set: String = connection
        .pragma_update_and_check(None, "journal_mode", mode, |row| row.get(0))
        .map_err(sqlite("restore the journal mode of the copy"))?;
    connection.close().map_err(|(_, source)| MigrateError::Sqlite { tried: "close the copy", source })?;
    if !set.eq_ignore_ascii_case(mode) {
        return Err(OpenError::Setting { path: database.to_owned(), pragma: "journal_mode" }.into());
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let path = side_file(database, suffix);
        if fs::exists(&path)? {
            return Err(MigrateError::SideFile { path });
        }
    }
    Ok(fs::sync_file(&fs::open_regular(database)?, database)?)
}

/// Gives a database of our own, which is closed, the journal mode that another one has. It is one durable file before and
/// after.
///
/// # Errors
/// A mode that does not take, or a file that stays beside it.
pub fn give_mode(database: &Path, wal: bool) -> Result<(), MigrateError> {
    finish(database, open_owned(database, ForeignKeys::Ignored)?, wal)
}

/// Runs `works` between two looks at rows and references.
pub(crate) fn measured(
    connection: &mut Connection,
    works: &[Work],
    settings: &Settings<'_>,
) -> Result<Receipt, MigrateError> {
    let before = Look::before(connection, settings)?;
    let stopwatch = Stopwatch::start();
    let executed = execute(connection, works, settings)?;
    before.receipt(connection, settings, works, executed, stopwatch.millis())
}

/// Tables, rows and references before the migrations.
pub(crate) struct Look {
    /// All tables, in ASCII lower case.
    names: BTreeSet<String>,
    /// How they refer to each other.
    references: BTreeMap<String, Vec<String>>,
    rows: BTreeMap<String, u64>,
    dangling: Dangling,
}

impl Look {
    /// All that the settings name.
    pub(crate) fn before(connection: &Connection, settings: &Settings<'_>) -> Result<Self, MigrateError> {
        Self::at(connection, settings, |_| BTreeSet::new())
    }

    /// What the migrations did since, with what the schema looks like now.
    ///
    /// # Errors
    /// References that lead nowhere and did not before, where they are not let through.
    pub(crate) fn receipt(
        &self,
        connection: &Connection,
        settings: &Settings<'_>,
        works: &[Work],
        executed: Executed,
        ms: u64,
    ) -> Result<Receipt, MigrateError> {
        // A table that was only altered has all of its rows; where they refer to others now, these must be there.
        let references = check::references(connection).map_err(sqlite("list the references"))?;
        let changed = references.iter().filter(|(table, words)| self.references.get(*table) != Some(*words));
        let written: BTreeSet<_> =
            executed.written.into_iter().chain(changed.map(|(table, _)| table.clone())).collect();
        // A rename makes a name that no statement wrote to.
        let touched = |now: &BTreeSet<String>| &written | &(now - &self.names);
        let effect = self.effect(connection, settings, works, touched, executed.warnings, ms)?;
        Ok(Receipt {
            tables: effect.tables,
            schema: effect.schema,
            print: schema::print(connection, settings.ledger).map_err(sqlite("read the schema"))?,
            ms: effect.ms,
            written,
            warnings: effect.warnings,
        })
    }

    /// What the migrations did since to schema, rows and references. `also` says which of the tables that are there to
    /// look at besides those that the settings name.
    ///
    /// # Errors
    /// As of a receipt.
    pub(crate) fn effect(
        &self,
        connection: &Connection,
        settings: &Settings<'_>,
        works: &[Work],
        also: impl FnOnce(&BTreeSet<String>) -> BTreeSet<String>,
        mut warnings: Vec<String>,
        ms: u64,
    ) -> Result<Effect, MigrateError> {
        let after = Self::at(connection, settings, also)?;
        let violations = after.dangling.since(&self.dangling);
        match settings.manner {
            _ if violations.is_empty() => {}
            Manner::Guarded => return Err(MigrateError::Dangling { violations }),
            Manner::AsEngine => warnings.push(MigrateError::Dangling { violations }.to_string()),
        }
        let schema = ledger::stand(connection, settings.ledger, works)?.schema;
        Ok(Effect { tables: pairs(&self.rows, after.rows), schema, ms, warnings })
    }

    /// `also` says which of the tables that are there to look at besides those that the settings name.
    fn at(
        connection: &Connection,
        settings: &Settings<'_>,
        also: impl FnOnce(&BTreeSet<String>) -> BTreeSet<String>,
    ) -> Result<Self, MigrateError> {
        let mut tables = count::tables(connection, settings.ledger).map_err(sqlite("list the tables"))?;
        let names = tables.iter().map(|table| table.to_ascii_lowercase()).collect();
        let some = match &settings.checks {
            Checks::Everything => None,
            Checks::Written(written) => Some(written | &also(&names)),
        };
        if let Some(some) = &some {
            tables.retain(|table| some.contains(&table.to_ascii_lowercase()));
        }
        let scope = some.as_ref().map_or(Scope::Everything, Scope::Tables);
        let dangling = Dangling::find(connection, scope).map_err(sqlite("check the references"))?;
        let references = check::references(connection).map_err(sqlite("list the references"))?;
        Ok(Self { names, references, rows: count::rows(connection, tables).map_err(sqlite("count rows"))?, dangling })
    }
}

fn pairs(before: &BTreeMap<String, u64>, after: BTreeMap<String, u64>) -> Vec<TableCount> {
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name));
    let gone: Vec<_> = gone.map(|(name, rows)| (name.clone(), Some(*rows), None)).collect();
    let there = after.into_iter().map(|(name, rows)| {
        let before = before.get(&name).copied();
        (name, before, Some(rows))
    });
    let count = |(name, before, after)| TableCount { name, before, after };
    let mut counts: Vec<_> = there.chain(gone).map(count).collect();
    counts.sort_by(|one, other| one.name.cmp(&other.name));
    counts
}

#[cfg(test)]
mod tests;
