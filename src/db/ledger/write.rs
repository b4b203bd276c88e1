//! Writes to a ledger: the statements of its shape, with what is known of a migration.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement};

use super::{LedgerError, Result, kind};
use crate::migration::ledger::Model;
use crate::migration::{Direction, Half, Ledger, Script, Work};
use crate::version::SchemaVersion;

/// Writes to the ledger of one database; what it writes more than once it prepares once.
pub(crate) struct Writer<'a> {
    connection: &'a Connection,
    ledger: &'a Ledger,
    prepared: RefCell<HashMap<&'static str, Statement<'a>>>,
}

impl<'a> Writer<'a> {
    /// A writer that has written nothing yet.
    pub(crate) fn new(connection: &'a Connection, ledger: &'a Ledger) -> Self {
        Self { connection, ledger, prepared: RefCell::default() }
    }

    /// Makes the ledger where it is missing, as its engine does before it migrates.
    pub(crate) fn create(&self) -> Result<()> {
        let made = kind(self.connection, &self.ledger.table).and_then(|kind| {
            let create = if kind.is_none() { self.ledger.shape.create } else { &[] };
            let all = create.iter().chain(self.ledger.shape.complete);
            let all = all.map(|statement| self.ledger.sql(statement));
            all.into_iter().try_for_each(|sql| self.connection.execute(&sql, []).map(|_| ()))
        });
        made.map_err(|source| self.error(source))
    }

    /// The entry of a migration that begins at this time. What is written of it is to be written inside the
    /// transaction that it belongs to.
    ///
    /// What a ledger keeps of a migration that is under way is told by its script.
    pub(crate) fn entry<'w>(&'w self, work: &'w Work, script: Option<&Script>, began: Timestamp) -> Entry<'w, 'a> {
        let keeps = work.migration().sum.is_some();
        let digests = script.filter(|_| keeps).map(Script::running_digests).unwrap_or_default();
        Entry { writer: self, work, digests, began }
    }

    /// Writes of all of these that they were run, in their order, and forgets them.
    pub(crate) fn end_all(&self, ended: &mut Vec<Ended<'_>>) -> Result<()> {
        let is_down = |one: &Ended<'_>| one.work.direction() == Direction::Down;
        match self.ledger.shape.down_together {
            Some(statement) if ended.len() > 1 && ended.iter().all(is_down) => {
                let versions: Vec<_> = ended.drain(..).map(|one| one.work.version()).collect();
                let versions = serde_json::to_string(&versions).unwrap_or_default();
                let value = |_: &str| Ok(Value::Text(versions.clone()));
                self.execute(statement, value).map_err(|source| self.error(source))
            }
            _ => ended.drain(..).try_for_each(|one| self.entry(one.work, None, one.began).end(one.took)),
        }
    }

    fn execute(
        &self,
        statement: &'static str,
        value: impl Fn(&str) -> rusqlite::Result<Value>,
    ) -> rusqlite::Result<()> {
        let mut all = self.prepared.borrow_mut();
        let prepared = match all.remove(statement) {
            Some(prepared) => prepared,
            None => self.connection.prepare(&self.ledger.sql(statement))?,
        };
        let prepared = all.entry(statement).or_insert(prepared);
        for index in 1..=prepared.parameter_count() {
            let value = value(prepared.parameter_name(index).unwrap_or_default())?;
            prepared.raw_bind_parameter(index, value)?;
        }
        prepared.raw_execute().map(|_| ())
    }

    fn error(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::Sqlite { table: self.ledger.table.clone(), source }
    }
}

/// A migration that was run, and whose entry is not written yet: after each change of the schema the statements for it
/// would be compiled anew.
pub(crate) struct Ended<'w> {
    pub work: &'w Work,
    pub began: Timestamp,
    pub took: Duration,
}

impl<'w> Ended<'w> {
    /// Puts it off until the others. Of a ledger with one row only the last content is left.
    pub(crate) fn join(self, ended: &mut Vec<Ended<'w>>, ledger: &Ledger) {
        if ledger.shape.model == Model::Position {
            ended.clear();
        }
        ended.push(self);
    }
}

/// What is written of one migration.
pub(crate) struct Entry<'w, 'a> {
    writer: &'w Writer<'a>,
    work: &'w Work,
    /// Of its pieces, where the ledger keeps them.
    digests: Vec<String>,
    began: Timestamp,
}

/// How far a migration came.
struct Reached<'a> {
    pieces: usize,
    all: bool,
    took: Duration,
    broken: Option<(&'a str, &'a str)>,
}

impl Entry<'_, '_> {
    /// The migration was run: the ledger says what its engine leaves after it.
    pub(crate) fn end(&self, took: Duration) -> Result<()> {
        let statements = match self.work.direction() {
            Direction::Up => self.writer.ledger.shape.up,
            Direction::Down => self.writer.ledger.shape.down,
        };
        self.write(statements, &Reached { pieces: self.total(), all: true, took, broken: None })
    }

    /// The migration is about to run outside a transaction, and so many of its pieces ran before: the ledger says what
    /// its engine leaves should it be killed.
    pub(crate) fn open(&self, pieces: usize) -> Result<()> {
        let so_far = Reached { pieces, all: pieces == 0, took: Duration::ZERO, broken: None };
        self.write(self.writer.ledger.shape.begin, &so_far)
    }

    /// So many of its pieces were run, outside a transaction.
    pub(crate) fn piece(&self, pieces: usize) -> Result<()> {
        self.write(self.writer.ledger.shape.piece, &Reached { pieces, all: false, took: Duration::ZERO, broken: None })
    }

    /// So many of its pieces were run outside a transaction; the next one, `sql`, failed.
    pub(crate) fn fail(&self, pieces: usize, took: Duration, why: &str, sql: &str) -> Result<()> {
        let reached = Reached { pieces, all: pieces == 0, took, broken: Some((why, sql)) };
        self.write(self.writer.ledger.shape.fail, &reached)
    }

    fn total(&self) -> usize {
        self.work.half().map_or(0, Half::pieces)
    }

    fn write(&self, statements: &[&'static str], reached: &Reached<'_>) -> Result<()> {
        let mut statements = statements.iter();
        let written = statements.try_for_each(|sql| self.writer.execute(sql, |name| self.value(name, reached)));
        written.map_err(|source| self.writer.error(source))
    }

    fn value(&self, name: &str, reached: &Reached<'_>) -> rusqlite::Result<Value> {
        let migration = self.work.migration();
        let text = |text: &str| Value::Text(text.to_owned());
        Ok(match name {
            ":version" => version(Some(self.work.version())),
            ":lands_on" => version(self.work.lands_on()),
            ":description" => text(&migration.name),
            ":hash" => text(migration.sum.as_deref().unwrap_or_default()),
            ":now" => Value::Text(in_words(self.began)),
            ":nanoseconds" => Value::Integer(i64::try_from(reached.took.as_nanos()).unwrap_or(i64::MAX)),
            ":total" => count(self.total()),
            ":applied" => count(reached.pieces),
            ":hashes" => Value::Blob(self.hashes(reached).into_bytes()),
            ":error" => text(reached.broken.map_or("", |(why, _)| why)),
            ":failed" => text(reached.broken.map_or("", |(_, sql)| sql)),
            ":operator" => text(concat!("gantry-installer ", env!("CARGO_PKG_VERSION"))),
            _ => return Err(rusqlite::Error::InvalidParameterName(name.to_owned())),
        })
    }

    /// The digests of the pieces that were run, where not all of them were.
    fn hashes(&self, reached: &Reached<'_>) -> String {
        if reached.all {
            return "null".to_owned();
        }
        // Base64 needs nothing escaped.
        let quoted: Vec<_> = self.digests.iter().take(reached.pieces).map(|sum| format!("\"{sum}\"")).collect();
        format!("[{}]", quoted.join(","))
    }
}

fn version(version: Option<&SchemaVersion>) -> Value {
    match version {
        None => Value::Null,
        Some(SchemaVersion::Number(number)) => Value::Integer(*number),
        Some(SchemaVersion::Text(text)) => Value::Text(text.clone()),
    }
}

fn count(count: usize) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A time as mattn's driver, which sql-migrate and Atlas use, writes one: in UTC, for the installer knows no zones.
fn in_words(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S%.f+00:00").to_string()
}
