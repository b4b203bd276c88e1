//! A migration file's SQL: its statements, and what they mean for the transaction around them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::migration::lexer::{Kind, Token, tokens};
use crate::migration::{MigrationError, Piece, atlas};

/// The SQL of one migration in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The file's name.
    pub file: String,
    /// What its engine hands to SQLite, one after the other: golang-migrate and dbmate one for the file or section,
    /// goose and sql-migrate one a chunk, Atlas one a statement. A piece may hold several statements, and the last of
    /// them needs no semicolon.
    pub pieces: Vec<Piece>,
    /// Whether its engine wraps it in a transaction.
    pub transaction: Transaction,
}

/// Whether an engine wraps a script in a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transaction {
    /// It does, with what it writes to its ledger.
    #[default]
    Around,
    /// The file asks it not to: `NO TRANSACTION`, `transaction:false`, `notransaction`, `txmode none`.
    Nothing,
}

/// One statement of a script.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// As written, with its semicolon.
    pub text: &'a str,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    pub(super) tokens: Vec<Token<'a>>,
}

/// Where a script can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Together with others in one transaction.
    Together,
    /// Alone, outside any transaction of ours, because of this statement of it.
    Alone(Reason),
}

/// Why a script cannot run inside a transaction of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its file asks for it.
    Declared,
    /// It begins, commits or rolls back itself.
    OwnTransaction,
    /// It compacts the database, which no transaction allows.
    Vacuum,
    /// It has a pragma that does nothing, or is an error, inside a transaction.
    Pragma(&'static str),
}

impl Reason {
    /// What changes the journal.
    pub(super) const JOURNAL_MODE: Self = Self::Pragma("journal_mode");
}

impl Script {
    /// A script of one piece.
    pub fn whole(file: impl Into<String>, sql: impl Into<String>) -> Self {
        let piece = Piece { sql: sql.into(), line: 1 };
        Self { file: file.into(), pieces: vec![piece], transaction: Transaction::Around }
    }

    /// Its statements in order. What SQLite would refuse is passed on as it is, for SQLite to say so.
    pub fn statements(&self) -> impl Iterator<Item = Statement<'_>> {
        self.pieces.iter().flat_map(Piece::statements)
    }

    /// Whether it does what another one does: comments, white space and names of files aside.
    pub fn does_as(&self, other: &Self) -> bool {
        let words = |script: &'_ Self| {
            let tokens = script.statements().flat_map(|statement| statement.tokens);
            tokens.map(|token| token.text.to_owned()).collect::<Vec<_>>()
        };
        self.pieces == other.pieces || words(self) == words(other)
    }

    /// Its words and names in order, in ASCII lower case and without their quotes. A text is one too, as SQLite may take it
    /// for a name.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let names = self.pieces.iter().flat_map(|piece| tokens(&piece.sql)).filter_map(|token| token.name());
        names.map(|name| name.to_ascii_lowercase())
    }

    /// Whether its file asks for no transaction.
    pub(super) fn declared(&self) -> Option<Reason> {
        (self.transaction == Transaction::Nothing).then_some(Reason::Declared)
    }

    /// For each piece the digest of it and all before it, as Atlas's ledger has them while a file runs.
    pub fn running_digests(&self) -> Vec<String> {
        atlas::running(self)
    }

    /// Whether it ends the transaction that its engine begins for it: some files do so to set a pragma, and begin
    /// another one that the engine then ends.
    pub fn ends_engines_transaction(&self) -> bool {
        let own = |statement: &Statement<'_>| statement.reason() == Some(Reason::OwnTransaction);
        self.transaction == Transaction::Around
            && self.statements().find(own).is_some_and(|first| !first.begins_with("begin"))
    }

    /// The tables, in ASCII lower case, whose rows it deletes or replaces by name: losing rows there is what its author
    /// wrote. What triggers, cascades and rebuilds delete is not.
    pub fn deletes_from(&self) -> BTreeSet<String> {
        self.statements().flat_map(|statement| statement.deletes_from()).collect()
    }
}

/// A file's content as text. In comments there may be bytes that are no UTF-8: old files have the letters of their time,
/// and SQLite looks past them.
///
/// # Errors
/// What SQLite would see another content of: no UTF-8, or a NUL byte.
pub(super) fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, MigrationError> {
    let text = String::from_utf8_lossy(bytes);
    let replaced = |token: Token<'_>| token.text.contains(char::REPLACEMENT_CHARACTER);
    let lost = matches!(text, Cow::Owned(_)) && tokens(&text).any(replaced);
    if lost || text.contains('\0') { Err(MigrationError::NotText { file: file.to_owned() }) } else { Ok(text) }
}

/// Pragmas without effect, or refused, inside a transaction.
const OUTSIDE: [&str; 7] =
    ["foreign_keys", "journal_mode", "synchronous", "auto_vacuum", "page_size", "locking_mode", "wal_checkpoint"];

impl Statement<'_> {
    /// Whether its first word is this keyword.
    pub fn begins_with(&self, keyword: &str) -> bool {
        self.tokens.first().is_some_and(|token| token.is(keyword))
    }

    /// Whether it is this pragma, in lower case.
    pub fn is_pragma(&self, name: &str) -> bool {
        self.pragma().is_some_and(|pragma| pragma == name)
    }

    /// Whether it changes rows or the schema, whatever is there.
    pub(super) fn writes(&self) -> bool {
        let sure = !self.tokens.iter().any(|token| token.is("exists"));
        sure && ["create", "alter", "drop", "insert", "replace"].iter().any(|word| self.begins_with(word))
    }

    /// Why it cannot run inside a transaction of ours, if it cannot.
    pub fn reason(&self) -> Option<Reason> {
        let begins = |keyword| self.begins_with(keyword);
        if begins("begin") || begins("commit") || begins("end") || (begins("rollback") && !self.rolls_back_to()) {
            return Some(Reason::OwnTransaction);
        }
        if begins("vacuum") {
            return Some(Reason::Vacuum);
        }
        let pragma = self.pragma()?;
        OUTSIDE.iter().find(|name| **name == pragma).map(|name| Reason::Pragma(name))
    }

    /// `ROLLBACK TO` goes back to a savepoint and leaves the transaction open.
    fn rolls_back_to(&self) -> bool {
        self.tokens.iter().any(|token| token.is("to"))
    }

    /// The pragma that it is, without its schema.
    fn pragma(&self) -> Option<String> {
        let [first, name, rest @ ..] = self.tokens.as_slice() else { return None };
        let name = match rest {
            [dot, name, ..] if dot.is_operator(".") => name,
            _ => name,
        };
        if first.is("pragma") { name.name().map(|name| name.to_ascii_lowercase()) } else { None }
    }

    fn deletes_from(&self) -> Vec<String> {
        // A trigger that is made here says what happens later.
        if self.begins_with("create") {
            return Vec::new();
        }
        (0..self.tokens.len()).filter_map(|at| target(self.tokens.get(at..)?)).collect()
    }
}

/// The table after `DELETE FROM`, `REPLACE INTO`, `INSERT OR REPLACE INTO` or `UPDATE OR REPLACE`.
fn target(tokens: &[Token<'_>]) -> Option<String> {
    let after = match tokens {
        [delete, from, after @ ..] if delete.is("delete") && from.is("from") => after,
        [replace, into, after @ ..] if replace.is("replace") && into.is("into") => after,
        [update, or, replace, after @ ..] if update.is("update") && or.is("or") && replace.is("replace") => after,
        _ => return None,
    };
    let name = match after {
        [_, dot, name, ..] if dot.is_operator(".") => name,
        [name, ..] => name,
        [] => return None,
    };
    let is_name = matches!(name.kind, Kind::Word | Kind::Quoted | Kind::Literal);
    if is_name { name.name().map(|name| name.to_ascii_lowercase()) } else { None }
}

#[cfg(test)]
mod tests;
