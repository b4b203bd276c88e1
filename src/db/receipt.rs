//! What running migrations did: written down at the rehearsal, compared when they run for real.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Fingerprint;
use crate::migration::SchemaPrint;
use crate::version::SchemaVersion;

/// What running migrations did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Rows per table, by name.
    pub tables: Vec<TableCount>,
    /// The schema that the ledger says now.
    pub schema: Option<SchemaVersion>,
    /// What the schema looks like now.
    pub print: SchemaPrint,
    /// How long the migrations took, without the checks around them.
    pub ms: u64,
    /// The tables that were written, made or dropped, triggers and foreign-key actions included, and those that refer to
    /// others in another way than before; in ASCII lower case. A table that was only altered keeps its rows.
    pub written: BTreeSet<String>,
    /// What an operator should know.
    pub warnings: Vec<String>,
}

/// What running migrations in place did: as much of a receipt as an answer needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Rows per table, by name.
    pub tables: Vec<TableCount>,
    /// The schema that the ledger says now.
    pub schema: Option<SchemaVersion>,
    /// How long the migrations took, without the checks around them.
    pub ms: u64,
    /// What an operator should know.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

/// The rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCount {
    /// The table.
    pub name: String,
    /// Its rows before; nothing where it was not there.
    pub before: Option<u64>,
    /// Its rows after; nothing where it is not there any more.
    pub after: Option<u64>,
}

impl TableCount {
    /// Whether a table that is still there has fewer rows.
    pub fn lost_rows(&self) -> bool {
        matches!((self.before, self.after), (Some(before), Some(after)) if after < before)
    }
}

/// How a run differs from its rehearsal.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Deviation {
    /// Another schema came of it.
    #[error(
        "the migrations made schema {found} ({found_print}); in the rehearsal it was {expected} ({expected_print})"
    )]
    Schema {
        /// What the ledger says.
        found: String,
        /// What the schema looks like.
        found_print: Fingerprint,
        /// What the ledger said in the rehearsal.
        expected: String,
        /// What the schema looked like.
        expected_print: Fingerprint,
    },
    /// A table lost rows that it kept in the rehearsal.
    #[error("the migrations took `{table}` from {before} to {after} rows; in the rehearsal it kept all of its rows")]
    Rows {
        /// The table.
        table: String,
        /// Its rows before.
        before: u64,
        /// Its rows after.
        after: u64,
    },
    /// A table was written that the rehearsal left alone.
    #[error("the migrations wrote `{table}`, which they did not in the rehearsal")]
    Written {
        /// The table.
        table: String,
    },
}

impl Receipt {
    /// Whether the real run did what this rehearsal did: the same schema, no other table written, and no rows lost
    /// where none were lost then.
    ///
    /// # Errors
    /// The first difference.
    pub fn confirm(&self, real: &Self) -> Result<(), Deviation> {
        if (real.print.fingerprint, &real.schema) != (self.print.fingerprint, &self.schema) {
            let name = |schema: &Option<SchemaVersion>| schema.as_ref().map_or("none".to_owned(), ToString::to_string);
            return Err(Deviation::Schema {
                found: name(&real.schema),
                found_print: real.print.fingerprint,
                expected: name(&self.schema),
                expected_print: self.print.fingerprint,
            });
        }
        if let Some(table) = real.written.difference(&self.written).next() {
            return Err(Deviation::Written { table: table.clone() });
        }
        for count in real.tables.iter().filter(|count| count.lost_rows()) {
            let rehearsed = self.tables.iter().find(|rehearsed| rehearsed.name == count.name);
            if !rehearsed.is_some_and(TableCount::lost_rows) {
                let (before, after) = (count.before.unwrap_or(0), count.after.unwrap_or(0));
                return Err(Deviation::Rows { table: count.name.clone(), before, after });
            }
        }
        Ok(())
    }
}
