//! Makes a ledger say another schema without running anything. It is a lie unless the schema is that one, and whoever
//! calls this has said so.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::config::ForeignKeys;
use crate::db::header::{self, Kind};
use crate::db::ledger::{self, Writer};
use crate::db::migrate::{MigrateError, finish, sqlite, work_in_wal};
use crate::db::open::open_owned;
use crate::db::{in_place, schema};
use crate::migration::ledger::{LedgerState, Model};
use crate::migration::{Direction, Ledger, MigrationError, SchemaPrint, Set, Work};
use crate::sys::clock;
use crate::sys::seam;
use crate::version::SchemaVersion;

/// Makes the ledger of `database`, whose path has its symlinks resolved, say `to`, or nothing: as its engine would have
/// left it after migrating there, in one transaction. `seen` is what it said when somebody agreed.
///
/// # Errors
/// A schema that is not in the set, a ledger that says something else by now, and SQLite's. Then nothing was changed.
pub fn stamp(
    database: &Path,
    set: &Set,
    ledger: &Ledger,
    seen: &LedgerState,
    to: Option<&SchemaVersion>,
) -> Result<(), MigrateError> {
    let works = works(set, ledger, seen, to)?;
    let connection = in_place::open_existing(database)?;
    // Without a log the removal of the journal is the commit, and FULL does not wait until that is durable.
    connection
        .execute_batch("PRAGMA synchronous = EXTRA; BEGIN IMMEDIATE")
        .map_err(sqlite("begin to write the ledger"))?;
    let state = ledger::read(&connection, ledger)?;
    if state != *seen {
        let found = state.stand(set.versions()).schema;
        return Err(MigrateError::StartsElsewhere { file: "the stamp".to_owned(), expected: stood(seen, set), found });
    }
    write(&connection, ledger, &works)
}

/// The same on a copy that nobody else has open, whatever its ledger says; and what its schema looks like. When it returns,
/// the copy is one durable file in the journal mode that it had.
///
/// # Errors
/// A schema that is not in the set, and SQLite's. The copy is then only good for being thrown away.
pub fn stamp_copy(copy: &Path, set: &Set, ledger: &Ledger, to: &SchemaVersion) -> Result<SchemaPrint, MigrateError> {
    let was_wal = matches!(header::examine(copy)?, Kind::Database { wal: true, .. });
    let connection = open_owned(copy, ForeignKeys::Ignored)?;
    work_in_wal(&connection)?;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite("begin to write the ledger"))?;
    let works = works(set, ledger, &ledger::read(&connection, ledger)?, Some(to))?;
    write(&connection, ledger, &works)?;
    let print = schema::print(&connection, ledger).map_err(sqlite("read the schema"))?;
    finish(copy, connection, was_wal)?;
    Ok(print)
}

/// Ends the transaction that is open.
fn write(connection: &Connection, ledger: &Ledger, works: &[Work]) -> Result<(), MigrateError> {
    let writer = Writer::new(connection, ledger);
    writer.create()?;
    for work in works {
        writer.entry(work, None, clock::now()).end(Duration::ZERO)?;
    }
    drop(writer);
    seam::cross("commit the ledger");
    connection.execute_batch("COMMIT").map_err(sqlite("write the ledger"))
}

fn stood(seen: &LedgerState, set: &Set) -> Option<SchemaVersion> {
    seen.stand(set.versions()).schema
}

/// The migrations whose entries lead there, as though they had been run.
fn works(
    set: &Set,
    ledger: &Ledger,
    seen: &LedgerState,
    to: Option<&SchemaVersion>,
) -> Result<Vec<Work>, MigrationError> {
    let end = match to {
        None => 0,
        Some(to) => set.position(to).ok_or_else(|| MigrationError::Unknown(to.clone()))? + 1,
    };
    if ledger.shape.model != Model::List {
        // One row: what is written last is all that is left.
        return match end.checked_sub(1) {
            Some(last) => set.select(Direction::Up, |position, _| position == last),
            None => set.select(Direction::Down, |position, _| position == 0),
        };
    }
    let applied: HashSet<_> = match seen {
        LedgerState::Applied { versions, .. } => versions.iter().collect(),
        _ => HashSet::new(),
    };
    let mut works = set.select(Direction::Down, |position, version| position >= end && applied.contains(version))?;
    works.extend(set.select(Direction::Up, |position, version| position < end && !applied.contains(version))?);
    Ok(works)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::config::Format;

    fn number(number: i64) -> SchemaVersion {
        SchemaVersion::Number(number)
    }

    /// What the ledger says after it stood at 2 of 3 and was stamped.
    fn stamped(format: Format, files: [(&str, &str); 3], to: Option<i64>) -> Option<SchemaVersion> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.db");
        let set =
            Set::read(format, files.iter().map(|(name, sql)| ((*name).to_owned(), sql.as_bytes().to_vec()))).unwrap();
        let ledger = Ledger::of(format, None).unwrap();
        let works = set.up(None, &number(2)).unwrap();
        in_place::run(&path, &works, &ledger, std::sync::Arc::new(|| false), &|_| {}).unwrap();
        let read = || ledger::read(&Connection::open(&path).unwrap(), &ledger).unwrap();
        stamp(&path, &set, &ledger, &read(), to.map(number).as_ref()).unwrap();
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b', 'c')";
        let made: i64 = Connection::open(&path).unwrap().query_row(tables, [], |row| row.get(0)).unwrap();
        assert_eq!(made, 2, "nothing is run");
        let stand = read().stand(set.versions());
        assert!(stand.holes.is_empty() && !stand.dirty);
        stand.schema
    }

    #[test]
    fn the_ledger_says_what_it_was_told_in_every_kind_of_ledger() {
        let golang = [
            ("1_a.up.sql", "CREATE TABLE a (x)"),
            ("2_b.up.sql", "CREATE TABLE b (x)"),
            ("3_c.up.sql", "CREATE TABLE c (x)"),
        ];
        let goose = [
            ("1_a.sql", "-- +goose Up\nCREATE TABLE a (x);"),
            ("2_b.sql", "-- +goose Up\nCREATE TABLE b (x);"),
            ("3_c.sql", "-- +goose Up\nCREATE TABLE c (x);"),
        ];
        for to in [None, Some(1), Some(2), Some(3)] {
            assert_eq!(stamped(Format::GolangMigrate, golang, to), to.map(number));
            assert_eq!(stamped(Format::Goose, goose, to), to.map(number));
        }
    }

    #[test]
    fn a_ledger_that_moved_since_somebody_agreed_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.db");
        let set = Set::read(Format::GolangMigrate, [("1_a.up.sql".to_owned(), Vec::new())].into_iter()).unwrap();
        let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
        let works = set.up(None, &number(1)).unwrap();
        in_place::run(&path, &works, &ledger, std::sync::Arc::new(|| false), &|_| {}).unwrap();
        let refused = stamp(&path, &set, &ledger, &LedgerState::Empty, None);
        assert!(matches!(refused, Err(MigrateError::StartsElsewhere { .. })), "{refused:?}");
        assert!(stamp(&path, &set, &ledger, &LedgerState::Empty, Some(&number(9))).is_err());
    }
}
