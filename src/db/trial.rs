//! Tries migrations: each one up, down and up again, on a database of nobody's. The schema must come back, rows must
//! stay in the tables that stay, and references must lead somewhere.

use std::path::Path;

use rusqlite::Connection;
use thiserror::Error;

use crate::config::ForeignKeys;
use crate::db::copy::{CopyError, CopyOutcome, copy};
use crate::db::look::{LookError, look};
use crate::db::migrate::{MigrateError, work_in_wal};
use crate::db::open::{open_memory, open_owned};
use crate::db::schema;
use crate::db::watch::Stop;
use crate::migration::{Direction, Ledger, MigrationError, Set};
use crate::sys::dir::Dir;
use crate::sys::watch::Watch;
use crate::version::SchemaVersion;

mod answer;
mod stand;

pub use answer::{Answer, Trial, Verdict};
use stand::Stand;

/// What is tried.
pub struct Migrations<'a> {
    /// All migrations.
    pub set: &'a Set,
    /// The ledger of their engine.
    pub ledger: &'a Ledger,
    /// How the product opens its database.
    pub foreign_keys: ForeignKeys,
    /// Asked now and then whether to give up.
    pub stop: Stop,
}

/// Where it is tried.
struct Ground<'a> {
    migrations: &'a Migrations<'a>,
    /// Makes the database, each time anew; whatever is done to it is thrown away.
    open: &'a dyn Fn() -> Result<Connection, TrialError>,
    /// Where that database stands.
    from: Option<SchemaVersion>,
}

/// Why nothing could be tried.
#[derive(Debug, Error)]
pub enum TrialError {
    /// Somebody asked for the end.
    #[error("stopped before all migrations were tried")]
    Stopped,
    /// The database or its schema.
    #[error(transparent)]
    Database(#[from] MigrateError),
    /// The set has no such schema.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// There is no copy.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// Without a write-ahead log a copy needs a moment in which nobody writes.
    #[error("`{path}` is written too much to be copied")]
    Busy {
        /// The database.
        path: String,
    },
    /// The copy could not be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
}

/// Tries all migrations, oldest first, on an empty database.
///
/// # Errors
/// It cannot be made; migrations that fail are part of the answer.
pub fn on_empty(migrations: &Migrations<'_>) -> Result<Vec<Trial>, TrialError> {
    let open = || Ok(open_memory(migrations.foreign_keys).map_err(MigrateError::from)?);
    upward(&Ground { migrations, open: &open, from: None })
}

/// Tries all migrations, oldest first, on copies of `database`, whose path has no symlinks: one is made in `directory`,
/// and of that one as many as are needed, one after the other. The database itself is only read.
///
/// # Errors
/// No copy can be made, or it is no clean database of these migrations; migrations that fail are part of the answer.
pub fn on_copy(
    migrations: &Migrations<'_>,
    database: &Path,
    directory: &Dir,
    watch: &dyn Watch,
) -> Result<Vec<Trial>, TrialError> {
    if let CopyOutcome::AfterStop { .. } = copy(database, directory, PRISTINE, watch)? {
        return Err(TrialError::Busy { path: database.display().to_string() });
    }
    let (pristine, scratch) = (directory.path().join(PRISTINE), directory.path().join(SCRATCH));
    let open = || {
        copy(&pristine, directory, SCRATCH, watch)?;
        let connection = open_owned(&scratch, migrations.foreign_keys).map_err(MigrateError::from)?;
        work_in_wal(&connection)?;
        Ok(connection)
    };
    let state = look(&pristine, migrations.ledger)?.ledger;
    let stand = state.stand(migrations.set.versions());
    if stand.dirty {
        return Err(MigrateError::Dirty { schema: stand.schema }.into());
    }
    let ground = Ground { migrations, open: &open, from: stand.schema };
    let mut trials = downward(&ground)?;
    trials.reverse();
    trials.extend(upward(&ground)?);
    Ok(trials)
}

const PRISTINE: &str = "pristine.db";
const SCRATCH: &str = "scratch.db";

/// Tries the migrations that the database does not have yet, oldest first.
fn upward(ground: &Ground<'_>) -> Result<Vec<Trial>, TrialError> {
    let start = ground.from.as_ref().map_or(Ok(0), |from| position(ground.migrations.set, from))?;
    let mut stand = Some(Stand::new(ground, ground.from.as_ref())?);
    let mut trials = Vec::new();
    for migration in ground.migrations.set.migrations().iter().skip(start) {
        let mut trial = Trial::of(migration);
        if let Some(mut here) = stand.take() {
            let below = here.schema();
            trial.up = here.go(Direction::Up, migration, &mut trial)?;
            if trial.up == Answer::Done {
                here.back_and_again(migration, &below, &mut trial)?;
                // What a bad one left would be blamed on the next: that begins on a database that only went up.
                let sound = trial.verdict() != Verdict::Bad;
                stand = if sound { Some(here) } else { Stand::new(ground, Some(&migration.version)).ok() };
            }
        }
        trials.push(trial);
    }
    Ok(trials)
}

/// Tries the migrations that the database has already, newest first: down and up again.
fn downward(ground: &Ground<'_>) -> Result<Vec<Trial>, TrialError> {
    let Some(from) = &ground.from else { return Ok(Vec::new()) };
    let applied = position(ground.migrations.set, from)?;
    let schemas =
        schema::all_rows(ground.migrations.set, ground.migrations.ledger, ground.migrations.foreign_keys, applied)?;
    let made = |position: usize| schemas.get(position).map(Vec::as_slice).unwrap_or_default();
    let mut stand = Some(Stand::new(ground, Some(from))?.drifted_from(made(applied)));
    let mut trials = Vec::new();
    for (position, migration) in ground.migrations.set.migrations().iter().enumerate().take(applied).rev() {
        let mut trial = Trial { up: Answer::Applied, ..Trial::of(migration) };
        if let Some(mut here) = stand.take() {
            here.back_and_again(migration, made(position), &mut trial)?;
            let sound = trial.verdict() == Verdict::Good;
            if sound && here.go(Direction::Down, migration, &mut Trial::of(migration))? == Answer::Done {
                stand = Some(here);
            }
        }
        trials.push(trial);
    }
    Ok(trials)
}

fn position(set: &Set, schema: &SchemaVersion) -> Result<usize, MigrationError> {
    set.position(schema).map(|position| position + 1).ok_or_else(|| MigrationError::Unknown(schema.clone()))
}

#[cfg(test)]
mod tests;
