//! Runs migrations on a connection: all that can be in one transaction is in one, with the ledger.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode};

use crate::config::ForeignKeys;
use crate::db::foreign::ForeignPart;
use crate::db::ledger::{self, Ended, Writer};
use crate::db::migrate::{Manner, MigrateError, Settings, sqlite};
use crate::db::open::set_foreign_keys;
use crate::db::watch::Watch;
use crate::migration::{Half, Place, Script, Statement, Work};
use crate::sys::clock::{self, Stopwatch};
use crate::sys::seam;

mod sight;
mod start;

pub(crate) use start::{fits, in_order};

/// What running did besides the changes.
pub(crate) struct Executed {
    /// The tables that were written, in ASCII lower case.
    pub written: BTreeSet<String>,
    /// What an operator should know.
    pub warnings: Vec<String>,
}

/// Runs `works` in order. Where it fails, the database is only good for being thrown away: files that cannot be in a
/// transaction have had their effect.
pub(crate) fn execute(
    connection: &mut Connection,
    works: &[Work],
    settings: &Settings<'_>,
) -> Result<Executed, MigrateError> {
    execute_each(connection, works, settings, &mut |_, _| Ok(()))
}

/// The same, and calls `after` after each of them.
pub(crate) fn execute_each(
    connection: &mut Connection,
    works: &[Work],
    settings: &Settings<'_>,
    after: &mut dyn FnMut(&Work, &Connection) -> Result<(), MigrateError>,
) -> Result<Executed, MigrateError> {
    let state = fits(connection, works, settings)?;
    let watch =
        Watch::over(connection, settings.manner, settings.stop.clone()).map_err(sqlite("watch the migrations"))?;
    let execution = Execution::new(connection, settings, &watch);
    let outcome = execution.all(&in_order(works, &state, settings), after).map(|()| execution.executed());
    drop(execution);
    Watch::end(connection).map_err(sqlite("end the watch"))?;
    outcome
}

/// A script that was broken off.
pub(crate) struct Broken {
    /// So many of its pieces were run.
    pub pieces: usize,
    /// Why it did not go on.
    pub error: MigrateError,
}

/// A run of migrations on a watched connection.
pub(crate) struct Execution<'a> {
    pub connection: &'a Connection,
    pub settings: &'a Settings<'a>,
    pub watch: &'a Watch,
    pub ledger: Writer<'a>,
    /// What an operator should know.
    warnings: RefCell<Vec<String>>,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(connection: &'a Connection, settings: &'a Settings<'a>, watch: &'a Watch) -> Self {
        let ledger = Writer::new(connection, settings.ledger);
        Self { connection, settings, watch, ledger, warnings: RefCell::default() }
    }

    fn all(
        &self,
        works: &[Work],
        after: &mut dyn FnMut(&Work, &Connection) -> Result<(), MigrateError>,
    ) -> Result<(), MigrateError> {
        if works.is_empty() {
            return Ok(());
        }
        self.begin()?;
        // As the engine does when it opens the database, so that its objects come before those of the migrations.
        self.ledger.create()?;
        let mut ended = Vec::new();
        for work in works {
            self.unless_stopped()?;
            (self.settings.progress)(work);
            let (began, took) = (clock::now(), Stopwatch::start());
            let script = script(work)?;
            let place = work.half().map(|half| self.settings.ledger.place(half, self.foreign_keys()));
            match script.as_ref().zip(place) {
                None => {}
                Some((script, Place::Together)) => {
                    self.before(work, script, began, 0, &mut ended)?;
                    self.script(script)?;
                }
                Some((script, Place::Alone(_))) => {
                    self.ledger.end_all(&mut ended)?;
                    self.commit()?;
                    self.alone(script)?;
                    self.begin()?;
                }
            }
            if let (Some(script), Manner::Guarded) = (&script, self.settings.manner) {
                self.warnings.borrow_mut().extend(odd(script));
            }
            Ended { work, began, took: took.elapsed() }.join(&mut ended, self.settings.ledger);
            after(work, self.connection)?;
        }
        self.ledger.end_all(&mut ended)?;
        self.commit()
    }

    /// A script that sees the ledger finds there what its engine would have written by now: of those before it, and of
    /// itself after so many pieces.
    pub(crate) fn before(
        &self,
        work: &Work,
        script: &Script,
        began: Timestamp,
        pieces: usize,
        ended: &mut Vec<Ended<'_>>,
    ) -> Result<(), MigrateError> {
        if sight::sees_ledger(script, &self.settings.ledger.table) {
            self.ledger.end_all(ended)?;
            self.ledger.entry(work, Some(script), began).open(pieces)?;
        }
        Ok(())
    }

    /// What running did so far.
    fn executed(&self) -> Executed {
        let mut written = self.watch.written();
        written.remove(&self.settings.ledger.table.to_ascii_lowercase());
        Executed { written, warnings: self.warnings.take() }
    }

    /// Whether foreign keys are enforced inside a transaction.
    fn foreign_keys(&self) -> ForeignKeys {
        if self.settings.ledger.shape.without_foreign_keys { ForeignKeys::Ignored } else { self.settings.foreign_keys }
    }

    fn begin(&self) -> Result<(), MigrateError> {
        // A file that ran alone may have changed the setting, and inside the transaction it cannot be set.
        set_foreign_keys(self.connection, self.foreign_keys())?;
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite("begin the transaction of the migrations"))
    }

    fn commit(&self) -> Result<(), MigrateError> {
        seam::cross("commit the migrations on the copy");
        let committed = self.connection.execute_batch("COMMIT");
        committed.map_err(|source| self.told(source, sqlite("commit the migrations")))
    }

    fn alone(&self, script: &Script) -> Result<(), MigrateError> {
        set_foreign_keys(self.connection, self.settings.foreign_keys)?;
        self.stays_inside(script)?;
        seam::cross("run a migration outside a transaction on the copy");
        let begun = self.settings.ledger.begins_for(script);
        if begun {
            self.connection.execute_batch("BEGIN").map_err(sqlite("begin the transaction of a migration"))?;
        }
        self.script(script)?;
        let file = || script.file.clone();
        match (begun, self.connection.is_autocommit()) {
            (false, true) => Ok(()),
            (false, false) => Err(MigrateError::LeftOpen { file: file() }),
            (true, true) => Err(MigrateError::LeftClosed { file: file() }),
            (true, false) => self.commit(),
        }
    }

    /// Refuses what reaches out of the database before anything of the file is run.
    pub(crate) fn stays_inside(&self, script: &Script) -> Result<(), MigrateError> {
        script.statements().try_for_each(|statement| attached(&statement, script))
    }

    /// Runs the statements of a file, wherever the caller wants them: inside a transaction or outside.
    pub(crate) fn script(&self, script: &Script) -> Result<(), MigrateError> {
        self.pieces(script, 0, &mut |_| Ok(())).map_err(|broken| broken.error)
    }

    /// The same from the piece `from` on, and calls `after` after each piece with how many of them were run.
    pub(crate) fn pieces(
        &self,
        script: &Script,
        from: usize,
        after: &mut dyn FnMut(usize) -> Result<(), MigrateError>,
    ) -> Result<(), Broken> {
        let mut statement = 0;
        for (pieces, piece) in script.pieces.iter().enumerate() {
            if pieces < from {
                statement += piece.statements().len();
                continue;
            }
            for each in piece.statements() {
                statement += 1;
                self.statement(&each, statement, script).map_err(|error| Broken { pieces, error })?;
            }
            after(pieces + 1).map_err(|error| Broken { pieces: pieces + 1, error })?;
        }
        Ok(())
    }

    /// How many pieces of `script` were run already, by whoever broke it off.
    pub(crate) fn reached(&self, work: &Work, script: &Script) -> Result<usize, MigrateError> {
        let Some(reached) = ledger::reached(self.connection, self.settings.ledger, work.version())? else {
            return Ok(0);
        };
        let known = script.running_digests();
        let same = |(position, digest): &(usize, &String)| known.get(*position) == Some(digest);
        let same = reached.iter().enumerate().take_while(same).count();
        if same < reached.len() {
            return Err(MigrateError::HistoryChanged { file: script.file.clone(), statement: same + 1 });
        }
        Ok(reached.len())
    }

    fn statement(&self, statement: &Statement<'_>, number: usize, script: &Script) -> Result<(), MigrateError> {
        attached(statement, script)?;
        let denied = |what| MigrateError::Denied { file: script.file.clone(), line: statement.line, what };
        self.run(statement.text).map_err(|source| match self.watch.denied() {
            Some(what) => denied(what),
            None if let Some(part) = ForeignPart::missing(&source, script, statement.line) => part.into(),
            None => self.told(source, |source| MigrateError::Statement {
                file: script.file.clone(),
                statement: number,
                line: statement.line,
                source: plain(source),
            }),
        })
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        let mut prepared = self.connection.prepare(sql)?;
        // Engines ask for no row but the first: what a later one fails at is nothing to them.
        let reads = prepared.readonly();
        let mut rows = prepared.query([])?;
        while rows.next()?.is_some() && !reads {}
        Ok(())
    }

    /// A statement that was interrupted because of a stop did not fail.
    pub(crate) fn told(
        &self,
        source: rusqlite::Error,
        otherwise: impl FnOnce(rusqlite::Error) -> MigrateError,
    ) -> MigrateError {
        let interrupted = source.sqlite_error_code() == Some(ErrorCode::OperationInterrupted);
        if interrupted && (self.settings.stop)() { MigrateError::Stopped } else { otherwise(source) }
    }

    pub(crate) fn unless_stopped(&self) -> Result<(), MigrateError> {
        if (self.settings.stop)() { Err(MigrateError::Stopped) } else { Ok(()) }
    }
}

/// What a work runs, read now; nothing where only the ledger changes.
pub(crate) fn script(work: &Work) -> Result<Option<Arc<Script>>, MigrateError> {
    Ok(work.half().map(Half::script).transpose()?)
}

fn odd(script: &Script) -> Option<String> {
    let sets = script.statements().any(|statement| statement.is_pragma("journal_mode"));
    sets.then(|| format!("`{}` sets the journal mode: the database keeps the mode that it has", script.file))
}

fn attached(statement: &Statement<'_>, script: &Script) -> Result<(), MigrateError> {
    let word = ["ATTACH", "DETACH"].into_iter().find(|word| statement.begins_with(word));
    let denied =
        |what: &str| MigrateError::Denied { file: script.file.clone(), line: statement.line, what: what.to_owned() };
    word.map_or(Ok(()), |word| Err(denied(word)))
}

/// SQLite's words without the text of the statement, which the file and line stand for.
pub(crate) fn plain(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => rusqlite::Error::SqliteFailure(error, Some(msg)),
        other => other,
    }
}
