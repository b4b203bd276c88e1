//! Runs migrations on an empty database in memory, statement by statement, and tells what each of them did.

use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::config::ForeignKeys;
use crate::db::execute::plain;
use crate::db::ledger::Writer;
use crate::db::migrate::{MigrateError, sqlite};
use crate::db::open::{open_memory, set_foreign_keys};
use crate::db::schema;
use crate::db::watch::Stop;
use crate::migration::difference::between;
use crate::migration::lint::account::{Account, Act, Failure, Told};
use crate::migration::{Direction, Half, Ledger, Place, SchemaRow, Set, Statement};

mod deeds;
mod witness;

use witness::Witness;

/// What each migration did, in order, up to the first whose up fails. Every down is tried too, on a copy.
///
/// # Errors
/// SQLite itself fails, not a migration; or `stop` said so.
pub fn tell(set: &Set, ledger: &Ledger, foreign_keys: ForeignKeys, stop: &Stop) -> Result<Vec<Account>, MigrateError> {
    let mut scratch = Scratch::new(foreign_keys, stop)?;
    // As the engine does when it opens the database.
    Writer::new(&scratch.connection, ledger).create()?;
    let mut accounts = Vec::new();
    for migration in set.migrations() {
        let before = scratch.rows()?;
        let mut account = Account::default();
        if let Some(up) = &migration.up {
            account.up = Some(scratch.run(up, ledger)?);
        }
        let failed = account.up.as_ref().is_some_and(|told| told.failure.is_some());
        if let (false, Some(down)) = (failed, &migration.down) {
            let mut copy = scratch.copy()?;
            account.down = Some(copy.run(down, ledger)?);
            account.remains = remains(&before, &copy.rows()?, ledger);
        }
        accounts.push(account);
        if failed {
            break;
        }
    }
    Ok(accounts)
}

fn remains(before: &[SchemaRow], after: &[SchemaRow], ledger: &Ledger) -> Vec<String> {
    // Most downs restore what was written to the letter, and then nothing has to be taken apart.
    if before == after {
        return Vec::new();
    }
    let differences = between(before, after, ledger);
    differences.iter().map(|difference| difference.as_remains(Direction::Down)).collect()
}

/// The transaction that is begun for a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// None is: what the file begins it has to end.
    Nothing,
    /// All of the file is in it.
    Whole,
    /// The file ends it, and has to begin another.
    Ended,
}

/// A database that nobody has but this.
struct Scratch<'s> {
    connection: Connection,
    witness: Witness,
    foreign_keys: ForeignKeys,
    stop: &'s Stop,
}

impl<'s> Scratch<'s> {
    fn new(foreign_keys: ForeignKeys, stop: &'s Stop) -> Result<Self, MigrateError> {
        Self::over(open_memory(foreign_keys)?, foreign_keys, stop)
    }

    fn over(mut connection: Connection, foreign_keys: ForeignKeys, stop: &'s Stop) -> Result<Self, MigrateError> {
        let witness = Witness::over(&mut connection, stop.clone()).map_err(sqlite("watch the migrations"))?;
        Ok(Self { connection, witness, foreign_keys, stop })
    }

    fn rows(&self) -> Result<Vec<SchemaRow>, MigrateError> {
        schema::rows(&self.connection).map_err(sqlite("read the schema"))
    }

    fn copy(&self) -> Result<Self, MigrateError> {
        let mut connection = open_memory(self.foreign_keys)?;
        Backup::new(&self.connection, &mut connection)
            .and_then(|backup| backup.step(-1))
            .map_err(sqlite("copy the scratch database"))?;
        Self::over(connection, self.foreign_keys, self.stop)
    }

    /// Runs a script where its engine would: in a transaction if it can be in one.
    fn run(&mut self, half: &Half, ledger: &Ledger) -> Result<Told, MigrateError> {
        if (self.stop)() {
            return Err(MigrateError::Stopped);
        }
        let script = half.script()?;
        let around = match ledger.place(half, self.foreign_keys) {
            Place::Together => Around::Whole,
            Place::Alone(_) if ledger.begins_for(&script) => Around::Ended,
            Place::Alone(_) => Around::Nothing,
        };
        set_foreign_keys(&self.connection, self.foreign_keys)?;
        if around != Around::Nothing {
            self.connection.execute_batch("BEGIN").map_err(sqlite("begin on the scratch database"))?;
        }
        let mut told = Told { file: script.file.clone(), ..Told::default() };
        for statement in script.statements() {
            match self.act(&statement) {
                Ok(act) => told.acts.push(act),
                Err(_) if (self.stop)() => return Err(MigrateError::Stopped),
                Err(error) => {
                    let message = match self.witness.denied() {
                        Some(what) => format!("{what} is nothing that a migration may use"),
                        None => plain(error).to_string(),
                    };
                    let (line, text) = (Some(statement.line), Some(statement.text.to_owned()));
                    told.failure = Some(Failure { line, text, message });
                    break;
                }
            }
        }
        self.close(around, &mut told);
        Ok(told)
    }

    /// Ends the transaction that is open. What failed first counts.
    fn close(&self, around: Around, told: &mut Told) {
        let mut fail = |message: String| {
            told.failure.get_or_insert(Failure { line: None, text: None, message });
        };
        let open = !self.connection.is_autocommit();
        match around {
            Around::Ended if !open => fail("it ends the transaction around it and begins no other".to_owned()),
            Around::Nothing if open => fail("it leaves its transaction open".to_owned()),
            _ => {}
        }
        if open && let Err(error) = self.connection.execute_batch("COMMIT") {
            fail(plain(error).to_string());
        }
    }

    fn act(&self, statement: &Statement<'_>) -> rusqlite::Result<Act> {
        self.witness.begin();
        let prepared = self.connection.prepare(statement.text);
        let seen = self.witness.end();
        let mut prepared = prepared?;
        let before = deeds::Before::look(&self.connection, seen)?;
        let mut rows = prepared.query([])?;
        while rows.next()?.is_some() {}
        drop(rows);
        let deeds = before.deeds(&self.connection, statement)?;
        Ok(Act { line: statement.line, text: statement.text.to_owned(), deeds })
    }
}

#[cfg(test)]
mod tests;
