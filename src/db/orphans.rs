//! The rows without their parent, one by one, as Atlas counts them around a transaction.
//!
//! Where foreign keys are enforced, Atlas switches them off for each of its transactions, asks `PRAGMA foreign_key_check`
//! before and after, and takes the transaction back if there is an answer that was not there before: the same table,
//! row, parent and reference. A row that was without its parent before and has another number now counts as a new one.
//! An answer without the number of a row Atlas cannot read: it fails every file then, also where that answer was there before.

use std::collections::BTreeSet;

use rusqlite::Connection;
use thiserror::Error;

use crate::db::check::Violation;
use crate::db::migrate::MigrateError;

/// All rows without their parent.
#[derive(Debug)]
pub(crate) struct Orphans(BTreeSet<Orphan>);

/// A row without its parent: its table, its number, the table of its parent, and which reference of its table that is.
type Orphan = (String, i64, String, i64);

/// Why the rows without their parent cannot be counted as Atlas does.
#[derive(Debug, Error)]
pub enum OrphansError {
    /// SQLite cannot tell.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// There is one in a table without rowids.
    #[error("a row of `{table}` refers to no row of `{parent}`, and has no number, which Atlas fails at")]
    Unnumbered {
        /// The table.
        table: String,
        /// The table that it refers to.
        parent: String,
    },
}

/// Rows that an error names.
const EXAMPLES: usize = 10;

impl Orphans {
    /// Those that there are around `file`.
    ///
    /// # Errors
    /// Whatever Atlas fails at: references that are declared wrongly, rows without a number.
    pub(crate) fn find(connection: &Connection, file: &str) -> Result<Self, MigrateError> {
        all(connection).map(Self).map_err(|source| MigrateError::Uncounted { file: file.to_owned(), source })
    }

    /// Refuses those that there were not `before`, which `file` has left.
    pub(crate) fn none_since(&self, before: &Self, file: &str) -> Result<(), MigrateError> {
        let new = self.0.difference(&before.0).take(EXAMPLES);
        let told = new.map(|(table, rowid, parent, _)| {
            Violation { table: table.clone(), rowid: Some(*rowid), parent: parent.clone() }.to_string()
        });
        match told.collect::<Vec<_>>() {
            none if none.is_empty() => Ok(()),
            orphans => Err(MigrateError::Orphaned { file: file.to_owned(), orphans }),
        }
    }
}

fn all(connection: &Connection) -> Result<BTreeSet<Orphan>, OrphansError> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    let mut found = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (table, parent) = (row.get(0)?, row.get(2)?);
        let Some(rowid) = row.get(1)? else { return Err(OrphansError::Unnumbered { table, parent }) };
        found.insert((table, rowid, parent, row.get(3)?));
    }
    Ok(found)
}
