//! The ledgers as data: which table an engine keeps its account in, what it writes there, and what a look may say.

use thiserror::Error;

use super::{Half, Place, Script};
use crate::config::{ForeignKeys, Format, Wrap, is_ledger_name};

mod shape;
mod shapes;
mod state;

pub use shape::{Key, LeftOut, Model, Shape};
pub use state::{LedgerState, Stand};

/// Where and how an engine writes down which migrations were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Its table.
    pub table: String,
    /// What it looks like, and what its engine writes.
    pub shape: &'static Shape,
    /// Whether its engine puts a file into a transaction of its own, unless the file says otherwise.
    pub wrap: Wrap,
}

/// A name that no engine could use as it does.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` cannot name a ledger: its engine writes the name without quotes")]
pub struct LedgerNameError(String);

/// Ledgers of engines that no database here belongs to, and a lock of goose's.
const OTHERS: [&str; 4] = ["_sqlx_migrations", "refinery_schema_history", "__diesel_schema_migrations", "goose_lock"];

impl Ledger {
    /// The ledger of `format`, in `table` where that is not the format's own.
    ///
    /// # Errors
    /// A name that is not letters, digits and `_`.
    pub fn of(format: Format, table: Option<&str>) -> Result<Self, LedgerNameError> {
        let shape = Shape::of(format);
        let (table, wrap) = (table.unwrap_or(shape.table), Wrap::Transaction);
        if format == Format::Command {
            return Ok(Self { table: String::new(), shape, wrap });
        }
        if !is_ledger_name(table) {
            return Err(LedgerNameError(table.to_owned()));
        }
        Ok(Self { table: table.to_owned(), shape, wrap })
    }

    /// The same where the engine is told whether to wrap files: golang-migrate's `x-no-tx-wrap`.
    pub fn wrapping(self, wrap: Wrap) -> Self {
        Self { wrap, ..self }
    }

    /// Where a file can run on a connection that treats foreign keys like this. Outside of a transaction of the engine's
    /// the pragma for them counts.
    pub fn place(&self, half: &Half, foreign_keys: ForeignKeys) -> Place {
        match self.wrap {
            Wrap::Transaction => half.place(foreign_keys),
            Wrap::Nothing => half.place_unwrapped(),
        }
    }

    /// Whether a file that runs alone needs a transaction begun for it: its engine begins one, and the file ends it.
    pub fn begins_for(&self, script: &Script) -> bool {
        self.wrap == Wrap::Transaction && script.ends_engines_transaction()
    }

    /// A statement of the shape, for this table.
    pub fn sql(&self, statement: &str) -> String {
        statement.replace("{table}", &self.table)
    }

    /// Whether a table is a ledger or something of one: this, or that of any engine. Its content says nothing of what
    /// the product's schema is.
    pub fn covers(&self, table: &str) -> bool {
        let own = Format::ALL.into_iter().map(|format| Shape::of(format).table);
        std::iter::once(self.table.as_str()).chain(own).chain(OTHERS).any(|known| known.eq_ignore_ascii_case(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_ledger_is_written_as_its_engine_does() {
        let ledger = Ledger::of(Format::GolangMigrate, Some("my_ledger")).unwrap();
        let made = ledger.sql(ledger.shape.create[0]);
        assert_eq!(made, "CREATE TABLE IF NOT EXISTS my_ledger (version uint64,dirty bool)");
        assert!(ledger.covers("MY_LEDGER") && ledger.covers("goose_db_version") && !ledger.covers("users"));
    }

    #[test]
    fn a_name_that_would_need_quotes_is_refused() {
        for name in ["", "a b", "a;DROP TABLE t", "1a", "main.t"] {
            assert_eq!(Ledger::of(Format::GolangMigrate, Some(name)), Err(LedgerNameError(name.to_owned())));
        }
    }
}
