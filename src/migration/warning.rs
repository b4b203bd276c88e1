//! What is odd about a set of migrations, though its engine would take it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::{ForeignKeys, Format, Wrap};
use crate::migration::ledger::Shape;
use crate::migration::script::{Place, Reason};
use crate::migration::{Direction, Half, Set};
use crate::version::SchemaVersion;

/// Something odd about a set of migrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warning {
    /// A file whose name is not one of the format: its engine never looks at it.
    Ignored(String),
    /// A file that its engine never looks at, though its name is nearly that of a migration.
    Misnamed {
        /// The file.
        file: String,
        /// Whose format it is.
        format: Format,
        /// Why it does not count.
        reason: String,
    },
    /// A file that its engine runs before one with a smaller number, because it compares names as texts.
    Order {
        /// The one that runs first.
        earlier: String,
        /// The one with the smaller number.
        later: String,
    },
    /// A migration without a file for one direction: its engine changes nothing there but the ledger.
    Nil {
        /// The migration.
        version: SchemaVersion,
        /// The direction that is missing.
        direction: Direction,
    },
    /// A file that its own engine would fail at, because it wraps the file in a transaction.
    Refused {
        /// The file.
        file: String,
        /// What it has.
        what: String,
    },
    /// A file that ends the transaction in which its engine runs it.
    Ends(String),
    /// A pragma that its own engine would run without effect, because it wraps the file in a transaction.
    Ineffective {
        /// The file.
        file: String,
        /// The pragma.
        pragma: String,
    },
}

impl Set {
    /// What is odd about it, where its engine wraps files as `wrap` says.
    pub fn warnings(&self, wrap: Wrap) -> Vec<Warning> {
        let mut warnings = self.remarks().to_vec();
        // Where the engine switches them off itself, it is no matter that the pragma does nothing.
        let own = Shape::of(self.format()).without_foreign_keys;
        let keys = if own { ForeignKeys::Ignored } else { ForeignKeys::Enforced };
        for migration in self.migrations() {
            for (direction, half) in [(Direction::Up, &migration.up), (Direction::Down, &migration.down)] {
                match half {
                    None if direction == Direction::Down && !self.format().goes_back() => {}
                    None => warnings.push(Warning::Nil { version: migration.version.clone(), direction }),
                    Some(half) if wrap == Wrap::Transaction => warnings.extend(in_a_transaction(half, keys)),
                    Some(_) => {}
                }
            }
        }
        warnings
    }
}

fn in_a_transaction(half: &Half, keys: ForeignKeys) -> Option<Warning> {
    let file = half.file().to_owned();
    match half.place(keys) {
        Place::Together | Place::Alone(Reason::Declared) => None,
        Place::Alone(Reason::OwnTransaction) if half.ends_engines_transaction() => Some(Warning::Ends(file)),
        Place::Alone(Reason::OwnTransaction) => {
            Some(Warning::Refused { file, what: "a transaction of its own".into() })
        }
        Place::Alone(Reason::Vacuum) => Some(Warning::Refused { file, what: "VACUUM".into() }),
        Place::Alone(Reason::Pragma(pragma)) => Some(Warning::Ineffective { file, pragma: pragma.into() }),
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ignored(file) => write!(f, "`{file}` is not named like a migration and is ignored"),
            Self::Misnamed { file, format, reason } => {
                write!(f, "`{file}` looks like a migration, but {format} ignores it: {reason}")
            }
            Self::Order { earlier, later } => {
                write!(f, "`{earlier}` runs before `{later}`, because names are compared as texts: pad their numbers")
            }
            Self::Nil { version, direction: Direction::Up } => write!(f, "migration {version} has no up file"),
            Self::Nil { version, direction: Direction::Down } => {
                write!(f, "migration {version} has no down file: going down leaves the schema as it is")
            }
            Self::Refused { file, what } => write!(f, "`{file}` has {what}, which its own engine refuses"),
            Self::Ends(file) => {
                write!(f, "`{file}` ends its engine's transaction: what it did until then stays where the rest fails")
            }
            Self::Ineffective { file, pragma } => {
                write!(f, "`{file}` sets `{pragma}`, which does nothing or fails in its own engine's transaction")
            }
        }
    }
}
