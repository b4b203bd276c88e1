//! Runs migrations on a connection: all that can be in one transaction is in one, with the ledger.

use std::collections::BTreeSet;

use rusqlite::{Connection, ErrorCode};

use crate::db::ledger;
use crate::db::migrate::{MigrateError, Settings, sqlite};
use crate::db::open::set_foreign_keys;
use crate::db::watch::Watch;
use crate::migration::{Place, Reason, Script, Statement, Work};
use crate::sys::seam;

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
    fits(connection, works, settings)?;
    let watch = Watch::over(connection, settings.stop.clone()).map_err(sqlite("watch the migrations"))?;
    let execution = Execution { connection, settings, watch: &watch };
    let outcome = execution.all(works).map(|()| execution.executed(works));
    Watch::end(connection).map_err(sqlite("end the watch"))?;
    outcome
}

/// The ledger must be clean and say where the first migration starts.
pub(crate) fn fits(connection: &Connection, works: &[Work], settings: &Settings<'_>) -> Result<(), MigrateError> {
    let state = ledger::read(connection, settings.ledger)?;
    if state.is_dirty() {
        return Err(MigrateError::Dirty { schema: state.schema().cloned() });
    }
    match works.first() {
        Some(first) if first.starts_from() != state.schema() => Err(MigrateError::StartsElsewhere {
            file: first.label(),
            expected: first.starts_from().cloned(),
            found: state.schema().cloned(),
        }),
        _ => Ok(()),
    }
}

fn odd(work: &Work) -> Option<String> {
    let script = work.script()?;
    match script.place() {
        Place::Alone(Reason::Pragma("journal_mode")) => {
            Some(format!("`{}` sets the journal mode: the database keeps the mode that it has", script.file))
        }
        _ => None,
    }
}

/// A run of migrations on a watched connection.
pub(crate) struct Execution<'a> {
    pub connection: &'a Connection,
    pub settings: &'a Settings<'a>,
    pub watch: &'a Watch,
}

impl Execution<'_> {
    fn all(&self, works: &[Work]) -> Result<(), MigrateError> {
        let Some(last) = works.last() else { return Ok(()) };
        self.begin()?;
        // As the engine does when it opens the database, so that its objects come before those of the migrations.
        ledger::create(self.connection, self.settings.ledger)?;
        for work in works {
            self.unless_stopped()?;
            (self.settings.progress)(work);
            let Some(script) = work.script() else { continue };
            match script.place() {
                Place::Together => self.script(script)?,
                Place::Alone(_) => {
                    self.commit()?;
                    self.alone(script)?;
                    self.begin()?;
                }
            }
        }
        ledger::write(self.connection, self.settings.ledger, last.lands_on())?;
        self.commit()
    }

    /// What running `works` did so far.
    pub(crate) fn executed(&self, works: &[Work]) -> Executed {
        let mut written = self.watch.written();
        written.remove(&self.settings.ledger.table.to_ascii_lowercase());
        Executed { written, warnings: works.iter().filter_map(odd).collect() }
    }

    fn begin(&self) -> Result<(), MigrateError> {
        // A file that ran alone may have changed the setting, and inside the transaction it cannot be set.
        set_foreign_keys(self.connection, self.settings.foreign_keys)?;
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(sqlite("begin the transaction of the migrations"))
    }

    fn commit(&self) -> Result<(), MigrateError> {
        seam::cross("commit the migrations on the copy");
        let committed = self.connection.execute_batch("COMMIT");
        committed.map_err(|source| self.told(source, sqlite("commit the migrations")))
    }

    fn alone(&self, script: &Script) -> Result<(), MigrateError> {
        set_foreign_keys(self.connection, self.settings.foreign_keys)?;
        seam::cross("run a migration outside a transaction on the copy");
        self.script(script)?;
        if self.connection.is_autocommit() { Ok(()) } else { Err(MigrateError::LeftOpen { file: script.file.clone() }) }
    }

    /// Runs the statements of a file, wherever the caller wants them: inside a transaction or outside.
    pub(crate) fn script(&self, script: &Script) -> Result<(), MigrateError> {
        for (index, statement) in script.statements().enumerate() {
            let file = &script.file;
            if statement.begins_with("attach") || statement.begins_with("detach") {
                let what = if statement.begins_with("attach") { "ATTACH" } else { "DETACH" };
                return Err(MigrateError::Denied { file: file.clone(), line: statement.line, what: what.to_owned() });
            }
            self.statement(&statement).map_err(|source| match self.watch.denied() {
                Some(what) => MigrateError::Denied { file: file.clone(), line: statement.line, what },
                None => self.told(source, |source| MigrateError::Statement {
                    file: file.clone(),
                    statement: index + 1,
                    line: statement.line,
                    source: plain(source),
                }),
            })?;
        }
        Ok(())
    }

    fn statement(&self, statement: &Statement<'_>) -> rusqlite::Result<()> {
        let mut prepared = self.connection.prepare(statement.text)?;
        let mut rows = prepared.query([])?;
        while rows.next()?.is_some() {}
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

/// SQLite's words without the text of the statement, which the file and line stand for.
pub(crate) fn plain(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => rusqlite::Error::SqliteFailure(error, Some(msg)),
        other => other,
    }
}
