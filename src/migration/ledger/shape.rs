//! What a ledger is made of.

use super::shapes;
use crate::config::Format;

/// An engine's ledger: its table, how it is read, and what is written to it.
///
/// In all statements `{table}` stands for the table. What is written may use these parameters:
///
/// | parameter | what it is |
/// | --- | --- |
/// | `:version` | the migration's own version |
/// | `:versions` | the versions of several, as a JSON array |
/// | `:lands_on` | the schema after it, NULL for none |
/// | `:description`, `:hash` | Atlas's description and digest of the file |
/// | `:now` | when the migration began |
/// | `:nanoseconds` | how long it took; 0 before its end |
/// | `:total`, `:applied` | of how many pieces it is made, and how many of them were run |
/// | `:hashes` | the digests of those, as JSON; `null` when all were run |
/// | `:error`, `:failed` | why it was broken off, and at which piece |
/// | `:operator` | who wrote it |
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    /// Whose it is.
    pub format: Format,
    /// The table's usual name.
    pub table: &'static str,
    /// The table's columns: by them a ledger is told from another engine's.
    pub columns: &'static [&'static str],
    /// How a version is written.
    pub key: Key,
    /// What a row stands for.
    pub model: Model,
    /// What makes it where it is missing, word for word as the engine does.
    pub create: &'static [&'static str],
    /// What the engine adds whenever it opens one that is there.
    pub complete: &'static [&'static str],
    /// Two columns a row, the version and what the row means, in the order in which the rows count:
    ///
    /// * `applied`: the migration is applied;
    /// * `broken`: it was begun, and not ended;
    /// * `undone`: it was taken back, and the row stayed;
    /// * `origin`: the row that stands for a new database;
    /// * `other`: the engine's own affair;
    /// * anything else: the engine never writes that.
    pub read: &'static str,
    /// Whether there must be an `origin`.
    pub has_origin: bool,
    /// Whether what comes before the first applied migration counts as applied too: the ledger was begun later.
    pub has_baseline: bool,
    /// What is written once a migration was applied.
    pub up: &'static [&'static str],
    /// What is written once it was taken back.
    pub down: &'static [&'static str],
    /// What takes the rows of several back at once, where the engine's own statement reads the whole table for each.
    pub down_together: Option<&'static str>,
    /// What is written before a migration outside a transaction.
    pub begin: &'static [&'static str],
    /// What is written after each piece of a migration outside a transaction.
    pub piece: &'static [&'static str],
    /// What is written when a migration outside a transaction is broken off.
    pub fail: &'static [&'static str],
    /// Two columns of the row of a migration, `?1`, which was broken off: how many of its pieces were run, and their
    /// digests as JSON. None where the engine does not go on from there.
    pub reached: Option<&'static str>,
    /// What the engine does about a migration that was left out.
    pub left_out: LeftOut,
    /// Whether the last applied migration is the first to be taken back, wherever it stands among the files.
    pub undoes_latest: bool,
    /// Whether what comes next is told by versions, compared as texts, and not by the order of the files.
    pub goes_by_version: bool,
    /// Whether the engine switches foreign keys off around a transaction, whatever the product's setting is.
    pub without_foreign_keys: bool,
}

/// How a version is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// As an integer.
    Number,
    /// As text of digits.
    Digits,
    /// As any text.
    Text,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// There is one, with the version that the schema is at.
    Position,
    /// One for each migration that is applied.
    List,
}

/// What an engine does about a migration that was left out, though a later one is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// It goes up no more until somebody decides; it takes back what is applied.
    Refused,
    /// It applies it with the next way up, and takes back what is applied.
    Applied,
    /// It applies it with whatever comes next, a way down among that: to be refused there.
    AppliedFirst,
}

impl Shape {
    /// The ledger of a format.
    pub fn of(format: Format) -> &'static Self {
        match format {
            Format::GolangMigrate => &shapes::GOLANG_MIGRATE,
            Format::Goose => &shapes::GOOSE,
            Format::Dbmate => &shapes::DBMATE,
            Format::SqlMigrate => &shapes::SQL_MIGRATE,
            Format::Atlas => &shapes::ATLAS,
            Format::Command => &shapes::NONE,
        }
    }

    /// Whether a table with these columns, in any order and case, is a ledger of this shape.
    pub fn has_columns(&self, columns: &[String]) -> bool {
        let known = |column: &String| self.columns.iter().any(|known| known.eq_ignore_ascii_case(column));
        columns.len() == self.columns.len() && columns.iter().all(known)
    }
}
