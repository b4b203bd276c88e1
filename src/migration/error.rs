//! Why files make no set of migrations, or a set has no way to a schema.

use thiserror::Error;

use super::Direction;
use crate::config::Format;
use crate::version::SchemaVersion;

/// Files that are no migrations, or migrations that do not lead there.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MigrationError {
    /// Two files claim one version and direction.
    #[error("`{first}` and `{second}` have the same version and direction")]
    Duplicate {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A number that its engine cannot count to.
    #[error("the version of `{file}` is above {}", i64::MAX)]
    VersionTooLarge {
        /// The file.
        file: String,
    },
    /// A content that cannot be handed to SQLite whole.
    #[error("`{file}` has a NUL byte, or bytes that are no UTF-8: write it as text in UTF-8")]
    NotText {
        /// The file.
        file: String,
    },
    /// A file that cannot be read.
    #[error("cannot read `{file}`: {reason}")]
    Unread {
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// A file that is not what it was when the way was planned.
    #[error("`{file}` was changed while the migrations ran: nothing of what it says now is run")]
    Changed {
        /// The file.
        file: String,
    },
    /// A content that its engine would not read, or not as anybody means it.
    #[error("`{file}`, line {line}: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A directory in the layout of another engine.
    #[error("these are migrations of {found}, not of {format} (see `{file}`): set `format = \"{found}\"`")]
    Foreign {
        /// The format that was asked for.
        format: Format,
        /// The one that the files look like.
        found: Format,
        /// A file that shows it.
        file: String,
    },
    /// A migration that is a program.
    #[error(
        "`{file}` is a Go migration, which only the program that it is compiled into can run: let the program migrate \
         itself, with `format = \"command\"`"
    )]
    Go {
        /// The file.
        file: String,
    },
    /// A text that something would have to fill in.
    #[error(
        "`{file}`, line {line}: `{mark}` begins a template, which {format} does not fill in: ship the migrations as the \
         program's build leaves them, or let the program migrate itself, with `format = \"command\"`"
    )]
    Template {
        /// Whose format it is.
        format: Format,
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What the template begins with.
        mark: String,
    },
    /// Files that are not those that `atlas.sum` vouches for.
    #[error("{problem}: restore what was released, or, where the change is meant, run `atlas migrate hash`")]
    Sum {
        /// What does not fit, with the file.
        problem: String,
    },
    /// The product migrates itself.
    #[error("the product has a migrator of its own, and no files of migrations")]
    NoFiles,
    /// A schema that none of the migrations leads to.
    #[error("there is no migration for schema {0}")]
    Unknown(SchemaVersion),
    /// A way that goes in the other direction.
    #[error("schema {to} is not {} schema {from}", match direction { Direction::Up => "above", Direction::Down => "below" })]
    WrongWay {
        /// Where it starts.
        from: String,
        /// Where it should end.
        to: String,
        /// Which way was asked for.
        direction: Direction,
    },
    /// A way down in a format that has none.
    #[error("{engine} has no down migrations: from schema {from} a backup leads back, and nothing else does")]
    NoWayBack {
        /// The format's engine.
        engine: &'static str,
        /// Where it starts.
        from: SchemaVersion,
    },
}
