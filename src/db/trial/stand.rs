//! The database on which one migration after the other is tried.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Answer, Ground, Trial, TrialError, position};
use crate::causes;
use crate::db::check::{self, Dangling, Scope};
use crate::db::execute::execute;
use crate::db::migrate::{MigrateError, Settings, sqlite};
use crate::db::{count, schema};
use crate::migration::difference::{between, listing};
use crate::migration::{Difference, Direction, Ledger, Migration, MigrationError, SchemaRow, Work, deleted_from};
use crate::version::SchemaVersion;

/// A database somewhere between the first migration and the last.
pub(super) struct Stand<'a> {
    ground: &'a Ground<'a>,
    connection: Connection,
    seen: Seen,
    /// Differences to the migrations' own schema that were there before any of them was tried.
    drifted: Vec<Difference>,
}

/// What a database looks like between two migrations.
struct Seen {
    rows: Vec<SchemaRow>,
    counts: BTreeMap<String, u64>,
    dangling: Dangling,
}

impl<'a> Stand<'a> {
    /// A new database that stands at a schema, reached by ways up alone.
    pub(super) fn new(ground: &'a Ground<'a>, at: Option<&SchemaVersion>) -> Result<Self, TrialError> {
        let mut connection = (ground.open)()?;
        if let Some(at) = at {
            let works = ground.migrations.set.up(ground.from.as_ref(), at)?;
            execute(&mut connection, &works, &settings(ground))?;
        }
        let seen = Seen::of(&connection, ground.migrations.ledger)?;
        Ok(Self { ground, connection, seen, drifted: Vec::new() })
    }

    /// The same where the database may have drifted from the schema that the migrations make, which is no fault of
    /// theirs.
    pub(super) fn drifted_from(self, expected: &[SchemaRow]) -> Self {
        let drifted = between(expected, &self.seen.rows, self.ground.migrations.ledger);
        Self { drifted, ..self }
    }

    /// The schema as it is now.
    pub(super) fn schema(&self) -> Vec<SchemaRow> {
        self.seen.rows.clone()
    }

    /// Down to the schema `below` and up again, from where the migration leads.
    pub(super) fn back_and_again(
        &mut self,
        migration: &Migration,
        below: &[SchemaRow],
        trial: &mut Trial,
    ) -> Result<(), TrialError> {
        let above = self.schema();
        if migration.down.is_none() {
            trial.down = Answer::Missing;
            trial.integrity = self.integrity()?;
            return Ok(());
        }
        trial.down = self.go(Direction::Down, migration, trial)?;
        if trial.down != Answer::Done {
            return Ok(());
        }
        self.compare(below, Direction::Down, trial);
        self.forget_temporary().map_err(sqlite("remove what is temporary"))?;
        trial.again = self.go(Direction::Up, migration, trial)?;
        if trial.again == Answer::Done {
            self.compare(&above, Direction::Up, trial);
        }
        trial.integrity = self.integrity()?;
        Ok(())
    }

    /// What is temporary is gone by the time somebody goes up again, by another command.
    fn forget_temporary(&self) -> rusqlite::Result<()> {
        let sql = "SELECT 'DROP ' || type || ' IF EXISTS temp.\"' || replace(name, '\"', '\"\"') || '\"' FROM temp.sqlite_schema
                   WHERE type IN ('table', 'view', 'trigger') AND name NOT LIKE 'sqlite#_%' ESCAPE '#'";
        let drops: Vec<String> =
            self.connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        self.connection.execute_batch(&drops.join(";"))
    }

    /// One migration in one direction, with what it does to rows and references.
    pub(super) fn go(
        &mut self,
        direction: Direction,
        migration: &Migration,
        trial: &mut Trial,
    ) -> Result<Answer, TrialError> {
        let work = self.work(direction, migration)?;
        if let Err(error) = execute(&mut self.connection, &work, &settings(self.ground)) {
            if matches!(error, MigrateError::Stopped) {
                return Err(TrialError::Stopped);
            }
            return Ok(Answer::Failed(causes::in_one_line(&error)));
        }
        let seen = Seen::of(&self.connection, self.ground.migrations.ledger)?;
        let meant = deleted_from(&work).map_err(MigrateError::from)?;
        let way = if direction == Direction::Up { "up" } else { "down" };
        for (table, before) in &self.seen.counts {
            let after = seen.counts.get(table).copied().unwrap_or(*before);
            if after < *before && !meant.contains(&table.to_ascii_lowercase()) {
                trial.rows.push(format!("`{table}` has {after} rows after the way {way}, and had {before}"));
            }
        }
        trial.foreign_keys.extend(seen.dangling.since(&self.seen.dangling));
        self.seen = seen;
        Ok(Answer::Done)
    }

    fn work(&self, direction: Direction, migration: &Migration) -> Result<Vec<Work>, MigrateError> {
        let set = self.ground.migrations.set;
        let before = position(set, &migration.version)?.checked_sub(2).and_then(|before| set.migrations().get(before));
        let before = before.map(|before| &before.version);
        let work: Result<_, MigrationError> = match direction {
            Direction::Up => set.up(before, &migration.version),
            Direction::Down => set.down(&migration.version, before),
        };
        Ok(work?)
    }

    fn compare(&self, expected: &[SchemaRow], way: Direction, trial: &mut Trial) {
        let ledger = self.ground.migrations.ledger;
        let mut differences = between(expected, &self.seen.rows, ledger);
        let part = |difference: &Difference| (difference.object.clone(), difference.part.clone());
        differences.retain(|found| !self.drifted.iter().any(|before| part(before) == part(found)));
        trial.schema.extend(differences.iter().map(|difference| difference.as_remains(way)));
        if !differences.is_empty() {
            trial.difference.extend(listing(expected, &self.seen.rows, ledger));
        }
    }

    fn integrity(&self) -> Result<Vec<String>, TrialError> {
        Ok(check::integrity(&self.connection).map_err(sqlite("check the integrity"))?)
    }
}

fn settings<'a>(ground: &'a Ground<'_>) -> Settings<'a> {
    Settings {
        foreign_keys: ground.migrations.foreign_keys,
        stop: ground.migrations.stop.clone(),
        ..Settings::of(ground.migrations.ledger)
    }
}

impl Seen {
    fn of(connection: &Connection, ledger: &Ledger) -> Result<Self, MigrateError> {
        let tables = count::tables(connection, ledger).map_err(sqlite("list the tables"))?;
        Ok(Self {
            rows: schema::rows(connection).map_err(sqlite("read the schema"))?,
            counts: count::rows(connection, tables).map_err(sqlite("count rows"))?,
            dangling: Dangling::find(connection, Scope::Everything).map_err(sqlite("check the references"))?,
        })
    }
}
