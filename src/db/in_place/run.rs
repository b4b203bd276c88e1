//! One run on an open connection: all that can be together is in one transaction, and the rest between two.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::ErrorCode;

use super::keep_journal;
use crate::config::ForeignKeys;
use crate::db::execute::{Execution, fits, in_order, script};
use crate::db::ledger::{self, Ended, Entry};
use crate::db::migrate::{Look, MigrateError, sqlite};
use crate::db::open::{foreign_keys, set_foreign_keys, told};
use crate::db::orphans::{Orphans, OrphansError};
use crate::db::receipt::Effect;
use crate::migration::ledger::{Model, Stand};
use crate::migration::{Place, Script, Work};
use crate::sys::clock::{self, Stopwatch};
use crate::sys::seam;
use crate::version::SchemaVersion;

/// What there is after the last commit.
pub(super) struct Kept {
    pub schema: Option<SchemaVersion>,
    pub dirty: bool,
    /// The file that runs outside a transaction.
    pub within: Option<String>,
}

/// A run of migrations on an open connection.
pub(super) struct Run<'a> {
    database: &'a Path,
    execution: Execution<'a>,
    alone: &'a AtomicBool,
    /// The journal mode at the beginning.
    mode: &'a str,
    /// Whether foreign keys are enforced, as the last file that ran alone left it.
    keys: Cell<ForeignKeys>,
    kept: RefCell<Option<Kept>>,
}

impl<'a> Run<'a> {
    /// While `alone` is set, nobody stops it; `mode` is the journal mode.
    pub fn new(database: &'a Path, execution: Execution<'a>, alone: &'a AtomicBool, mode: &'a str) -> Self {
        Self { database, execution, alone, mode, keys: Cell::new(ForeignKeys::Ignored), kept: RefCell::new(None) }
    }

    /// What there is after the last commit, if there was one.
    pub fn ended(self) -> Option<Kept> {
        self.kept.into_inner()
    }

    /// Runs them all, in one transaction as far as that can be. Where it fails one may be open still.
    pub fn all(&self, works: &[Work]) -> Result<Effect, MigrateError> {
        let Execution { connection, settings, ledger, .. } = &self.execution;
        self.begin()?;
        // Inside the transaction: somebody else may have migrated since the works were chosen.
        let state = fits(connection, works, settings)?;
        let works = in_order(works, &state, settings);
        let before = Look::before(connection, settings).map_err(|error| self.unless_stopped(error))?;
        let stopwatch = Stopwatch::start();
        ledger.create()?;
        let (mut ended, mut orphans) = (Vec::new(), None);
        for (index, work) in works.iter().enumerate() {
            self.execution.unless_stopped()?;
            (settings.progress)(work);
            let (began, took) = (clock::now(), Stopwatch::start());
            // Whatever was broken off comes first.
            let script = script(work)?;
            let from = match &script {
                Some(script) if index == 0 => self.execution.reached(work, script)?,
                _ => 0,
            };
            let place = work.half().map(|half| settings.ledger.place(half, ForeignKeys::Ignored));
            match script.as_ref().zip(place) {
                None => {}
                Some((script, Place::Together)) => {
                    let known = orphans.take().map_or_else(|| self.orphans(script), |known| Ok(Some(known)))?;
                    self.execution.before(work, script, began, from, &mut ended)?;
                    let ran = self.execution.pieces(script, from, &mut |_| Ok(()));
                    ran.map_err(|broken| broken.error)?;
                    if let Some(known) = known {
                        orphans = self.orphans(script)?;
                        orphans.iter().try_for_each(|now: &Orphans| now.none_since(&known, &script.file))?;
                    }
                }
                Some((script, Place::Alone(_))) => {
                    ledger.end_all(&mut ended)?;
                    self.alone(&ledger.entry(work, Some(script), began), script, from, &works, &before)?;
                    orphans = None;
                    self.begin()?;
                    fits(connection, works.get(index + 1..).unwrap_or_default(), settings)?;
                    continue;
                }
            }
            Ended { work, began, took: took.elapsed() }.join(&mut ended, settings.ledger);
        }
        ledger.end_all(&mut ended)?;
        let ms = stopwatch.millis();
        let effect = self.check(&before, &works, ms)?;
        self.execution.unless_stopped()?;
        self.commit(None, &works)?;
        Ok(effect)
    }

    /// Ends the transaction that is open, and leaves none. In between the ledger says what the engine lets it say while
    /// a file runs.
    fn alone(
        &self,
        entry: &Entry<'_, '_>,
        script: &Script,
        from: usize,
        works: &[Work],
        before: &Look,
    ) -> Result<(), MigrateError> {
        self.execution.stays_inside(script)?;
        entry.open(from)?;
        self.check(before, works, 0)?;
        self.commit(Some(&script.file), works)?;
        self.set(self.keys.get())?;
        seam::cross("run a migration outside a transaction");
        let took = Stopwatch::start();
        self.alone.store(true, Ordering::Relaxed);
        let begun = self.execution.settings.ledger.begins_for(script);
        if begun {
            let begun = self.execution.connection.execute_batch("BEGIN");
            begun.map_err(sqlite("begin the transaction of a migration"))?;
        }
        let ran = self.execution.pieces(script, from, &mut |pieces| Ok(entry.piece(pieces)?));
        self.alone.store(false, Ordering::Relaxed);
        ran.map_err(|broken| {
            let failed = script.pieces.get(broken.pieces).map_or("", |piece| &piece.sql);
            // Without this mark the ledger still says that it was not ended.
            let _ = entry.fail(broken.pieces, took.elapsed(), &words(&broken.error), failed);
            broken.error
        })?;
        self.keys.set(foreign_keys(self.execution.connection)?);
        let file = || script.file.clone();
        match (begun, self.execution.connection.is_autocommit()) {
            (false, true) => self.begin()?,
            (false, false) => return Err(MigrateError::LeftOpen { file: file() }),
            (true, false) => {}
            (true, true) => {
                // The engine writes its row all the same, and fails at the end of its transaction. One whose row names
                // a single schema stays dirty.
                if self.execution.settings.ledger.shape.model == Model::List {
                    entry.end(took.elapsed())?;
                    self.kept.replace(Some(self.now(None, works)?));
                }
                return Err(MigrateError::LeftClosed { file: file() });
            }
        }
        entry.end(took.elapsed())?;
        self.check(before, works, 0)?;
        self.commit(None, works)
    }

    /// The rows without their parent, where the engine counts them because it switched foreign keys off for the file.
    fn orphans(&self, script: &Script) -> Result<Option<Orphans>, MigrateError> {
        let without = self.execution.settings.ledger.shape.without_foreign_keys;
        if !without || self.keys.get() == ForeignKeys::Ignored {
            return Ok(None);
        }
        let found = Orphans::find(self.execution.connection, &script.file);
        found.map(Some).map_err(|error| self.unless_stopped(error))
    }

    fn begin(&self) -> Result<(), MigrateError> {
        let without = self.execution.settings.ledger.shape.without_foreign_keys;
        self.set(if without { ForeignKeys::Ignored } else { self.keys.get() })?;
        let begun = self.execution.connection.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|source| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) if (self.execution.settings.stop)() => MigrateError::Stopped,
            _ => told(self.database, source).into(),
        })
    }

    /// Outside a transaction, and again after each file that ran outside one: it may have changed them.
    fn set(&self, keys: ForeignKeys) -> Result<(), MigrateError> {
        let connection = self.execution.connection;
        set_foreign_keys(connection, keys)?;
        keep_journal(connection, self.mode).map_err(sqlite("restore the journal"))?;
        // Without a log the removal of the journal is the commit, and FULL does not wait until that is durable.
        let set = connection.execute_batch("PRAGMA synchronous = EXTRA");
        set.map_err(sqlite("set `synchronous`"))
    }

    fn check(&self, before: &Look, works: &[Work], ms: u64) -> Result<Effect, MigrateError> {
        let Execution { connection, settings, .. } = &self.execution;
        let effect = before.effect(connection, settings, works, |_| BTreeSet::new(), Vec::new(), ms);
        effect.map_err(|error| self.unless_stopped(error))
    }

    /// Commits what is done, before a file that runs alone or at the end.
    fn commit(&self, within: Option<&str>, works: &[Work]) -> Result<(), MigrateError> {
        let kept = self.now(within, works)?;
        seam::cross("commit the migrations in place");
        let committed = self.execution.connection.execute_batch("COMMIT");
        committed.map_err(|source| self.execution.told(source, sqlite("commit the migrations")))?;
        self.kept.replace(Some(kept));
        Ok(())
    }

    /// What the ledger says at this moment.
    fn now(&self, within: Option<&str>, works: &[Work]) -> Result<Kept, MigrateError> {
        let Execution { connection, settings, .. } = &self.execution;
        let Stand { schema, dirty, .. } = ledger::stand(connection, settings.ledger, works)?;
        Ok(Kept { schema, dirty, within: within.map(str::to_owned) })
    }

    /// A look that was interrupted because of a stop did not fail.
    fn unless_stopped(&self, error: MigrateError) -> MigrateError {
        match error {
            MigrateError::Sqlite { source, tried } => self.execution.told(source, sqlite(tried)),
            MigrateError::Uncounted { source: OrphansError::Sqlite(source), file } => self
                .execution
                .told(source, |source| MigrateError::Uncounted { file, source: OrphansError::Sqlite(source) }),
            error => error,
        }
    }
}

/// The words of a failure that an engine writes down: SQLite's own.
fn words(error: &MigrateError) -> String {
    match error {
        MigrateError::Statement { source, .. } => source.to_string(),
        error => error.to_string(),
    }
}
