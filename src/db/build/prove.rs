//! Proves the file that will be used, by two threads.

mod parts;
mod question;

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;

use super::compare::{self, Pair, Side};
use super::count::OldSide;
use super::error::{BuildError, Unequal, sqlite};
use super::fill::Filled;
use super::origin::Origin;
use super::pulse::Pulse;
use super::{INTEGRITY, Recipe, Result, culprits};
use crate::db::{check, ledger, schema};
use crate::digest::{Fingerprint, Sha256};
use crate::sys::clock::Stopwatch;
use crate::sys::fs;
use crate::sys::watch::Watch;
use crate::transfer::account::{Checked, Compared, Left, NewTable};
use crate::transfer::mapping::{self, Shape};

use parts::{Part, parts, read};
use question::nothing_found;

/// What was proven.
pub(super) struct Proof {
    pub(super) fingerprint: Fingerprint,
    pub(super) tables: Vec<NewTable>,
    pub(super) compared: Vec<Compared>,
    pub(super) checks: Vec<Checked>,
    pub(super) constraints_ms: u64,
}

/// One thing to look at.
enum Task<'a> {
    Rows,
    References,
    Pages,
    Indexes,
    Check(&'a mapping::Check),
    Part(usize, Part),
    Source,
}

/// What came of it.
#[derive(Default)]
struct Found {
    rows: Vec<NewTable>,
    sides: Vec<Side>,
    checks: Vec<Checked>,
    constraints_ms: u64,
}

struct Proving<'a> {
    origin: &'a Origin,
    sha256: Sha256,
    new: &'a Path,
    recipe: &'a Recipe<'a>,
    shape: &'a Shape,
    filled: &'a Filled,
    old: &'a OldSide,
    pairs: &'a [Pair],
    stopwatch: &'a Stopwatch,
    tasks: Mutex<VecDeque<Task<'a>>>,
    found: Mutex<Found>,
}

#[allow(clippy::too_many_arguments, reason = "everything that was seen so far is looked at once more")]
pub(super) fn prove(
    origin: &Origin,
    sha256: Sha256,
    new: &Path,
    recipe: &Recipe<'_>,
    shape: &Shape,
    filled: &Filled,
    old: &OldSide,
    stopwatch: &Stopwatch,
    watch: &dyn Watch,
) -> Result<Proof> {
    let pairs = compare::pairs(recipe.mapping, shape);
    let pulse = Pulse::default();
    let connection = origin.beside(Some(new), &pulse)?;
    let fingerprint = standing(&connection, recipe)?;
    let tasks = tasks(&connection, recipe, &pairs, shape, &pulse)?;
    drop(connection);
    let found = Found { sides: vec![Side::EMPTY; pairs.len()], ..Found::default() };
    let (tasks, found) = (Mutex::new(tasks), Mutex::new(found));
    let proving = Proving { origin, sha256, new, recipe, shape, filled, old, pairs: &pairs, stopwatch, tasks, found };
    // The disk has its own time for what was written, and nobody waits for it meanwhile.
    thread::scope(|scope| {
        let durable = scope.spawn(|| proving.durable());
        pulse.both(watch, || proving.work(&pulse), || proving.work(&pulse))?;
        durable.join().unwrap_or_else(|panic| resume_unwind(panic))
    })?;
    let found = proving.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (mut compared, pulse) = (Vec::new(), Pulse::default());
    let connection = origin.beside(Some(new), &pulse)?;
    for (at, pair) in pairs.iter().enumerate() {
        let side = |sides: &[Side]| sides.get(at).copied().unwrap_or(Side::EMPTY);
        compared.push(same(&connection, pair, side(&found.sides), side(&filled.base), side(&old.sides))?);
    }
    let Found { rows, checks, constraints_ms, .. } = found;
    Ok(Proof { fingerprint, tables: rows, compared, checks, constraints_ms })
}

/// The ledger and the schema must be the release's.
fn standing(connection: &Connection, recipe: &Recipe<'_>) -> Result<Fingerprint> {
    let works = recipe.migrations.up(None, recipe.schema)?;
    let stand = ledger::stand(connection, recipe.ledger, &works)?;
    if stand.dirty || !stand.holes.is_empty() || stand.schema.as_ref() != Some(recipe.schema) {
        return Err(BuildError::LedgerAt { found: stand.schema, expected: recipe.schema.clone() });
    }
    let found = schema::print(connection, recipe.ledger).map_err(sqlite("read the new schema"))?.fingerprint;
    let expected = match recipe.fingerprint {
        Some(expected) => expected,
        None => {
            schema::of_migrations(recipe.migrations, recipe.schema, recipe.ledger, recipe.foreign_keys)?.fingerprint
        }
    };
    if found == expected { Ok(found) } else { Err(BuildError::Schema { found, expected }) }
}

/// What says most about rows first, then what takes long.
fn tasks<'a>(
    connection: &Connection,
    recipe: &Recipe<'a>,
    pairs: &[Pair],
    shape: &Shape,
    pulse: &Pulse,
) -> Result<VecDeque<Task<'a>>> {
    let pages = if recipe.integrity { Task::Indexes } else { Task::Pages };
    let mut tasks = VecDeque::from([Task::References, Task::Rows, pages]);
    for (at, pair) in pairs.iter().enumerate() {
        for part in parts(connection, pair, shape)? {
            tasks.push_back(Task::Part(at, part));
        }
        pulse.expect(compare::count(connection, "main", &pair.table, None)?);
    }
    tasks.extend(recipe.mapping.checks().iter().map(Task::Check));
    tasks.push_back(Task::Source);
    Ok(tasks)
}

impl Proving<'_> {
    fn work(&self, pulse: &Pulse) -> Result<()> {
        let mut connection = self.origin.beside(Some(self.new), pulse)?;
        loop {
            let next = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(task) = next else { return Ok(()) };
            self.look(&mut connection, &task, pulse)?;
        }
    }

    fn durable(&self) -> Result<()> {
        fs::sync_file(&fs::open_regular(self.new)?, self.new)?;
        let since = self.stopwatch.millis();
        self.note(|found| found.constraints_ms = found.constraints_ms.max(since));
        Ok(())
    }

    fn look(&self, connection: &mut Connection, task: &Task<'_>, pulse: &Pulse) -> Result<()> {
        let stopwatch = Stopwatch::start();
        let name = match task {
            Task::Rows => {
                let rows = self.rows(connection)?;
                self.note(|found| found.rows = rows);
                "rows per table".to_owned()
            }
            Task::References => {
                culprits::dangling(connection, self.shape)?.map_or(Ok(()), Err)?;
                "foreign_key_check".to_owned()
            }
            Task::Pages => {
                sound(check::quick(connection))?;
                "quick_check".to_owned()
            }
            Task::Indexes => {
                sound(check::integrity(connection))?;
                INTEGRITY.to_owned()
            }
            Task::Check(check) => {
                nothing_found(connection, check)?;
                check.words.clone()
            }
            Task::Part(at, part) => {
                let Some(pair) = self.pairs.get(*at) else { return Ok(()) };
                let side = read(connection, pair, *part, pulse)?;
                self.note(|found| found.sides.get_mut(*at).into_iter().for_each(|sum| sum.combine(&side)));
                return Ok(());
            }
            Task::Source => {
                self.origin.unchanged(self.sha256)?;
                "the old database is unchanged".to_owned()
            }
        };
        let constraint = matches!(task, Task::Rows | Task::References);
        let (ms, since) = (stopwatch.millis(), self.stopwatch.millis());
        self.note(|found| {
            found.checks.push(Checked { name, ms });
            if constraint {
                found.constraints_ms = found.constraints_ms.max(since);
            }
        });
        Ok(())
    }

    fn note(&self, note: impl FnOnce(&mut Found)) {
        note(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Rows per table as the mapping says.
    fn rows(&self, connection: &Connection) -> Result<Vec<NewTable>> {
        let mut tables = Vec::new();
        for name in self.shape.tables.keys() {
            let found = compare::count(connection, "main", name, None)?;
            let seeded = self.filled.seeded.get(name).copied().unwrap_or(0);
            let mut words = vec![format!("{seeded} of the migrations")];
            let mut expected = seeded;
            for old in &self.old.tables {
                for into in old.into.iter().filter(|into| into.table.eq_ignore_ascii_case(name) && into.adds > 0) {
                    expected += into.adds;
                    words.push(format!("{} of `{}`", into.adds, old.name));
                }
            }
            let mut made = Vec::new();
            for (one, rows) in self.recipe.mapping.made().iter().zip(&self.old.made) {
                if one.table.eq_ignore_ascii_case(name) {
                    expected += rows;
                    words.push(format!("{rows} made"));
                    made.push(Left { rows: *rows, reason: one.reason.clone() });
                }
            }
            if found != expected {
                let words = words.join(", ");
                return Err(BuildError::Count { table: name.clone(), found, expected, words });
            }
            tables.push(NewTable { name: name.clone(), rows: found, seeded, made });
        }
        Ok(tables)
    }
}

/// Both sides, the new one without what the migrations put there.
fn same(connection: &Connection, pair: &Pair, found: Side, base: Side, old: Side) -> Result<Compared> {
    let mut expected = base;
    expected.combine(&old);
    let (table, columns) = (pair.table.clone(), pair.columns.clone());
    if found != expected {
        return Err(BuildError::Content(Box::new(Unequal {
            table,
            from: pair.sources().join("` + `"),
            columns: columns.join(", "),
            found: found.words(),
            expected: expected.words(),
            examples: compare::examples(connection, pair)?,
        })));
    }
    Ok(Compared { table, from: pair.sources(), columns, rows: old.rows, digest: old.digest })
}

fn sound(found: rusqlite::Result<Vec<String>>) -> Result<()> {
    let found = found.map_err(sqlite("check the new database"))?;
    if found.is_empty() { Ok(()) } else { Err(BuildError::Damaged(found.join("; "))) }
}
