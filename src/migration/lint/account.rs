//! What a migration did, as SQLite told it while it compiled and ran each statement on an empty database.

/// What one migration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// On the way up; none where there is nothing to run.
    pub up: Option<Told>,
    /// On the way down; none where there is nothing to run.
    pub down: Option<Told>,
    /// What is not as it was after going up and down, in words; nothing where the schema is restored exactly.
    pub remains: Vec<String>,
}

/// What a script did, statement by statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The file.
    pub file: String,
    /// Its statements, up to the one that failed.
    pub acts: Vec<Act>,
    /// Why it could not be run to its end.
    pub failure: Option<Failure>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The line that it begins on.
    pub line: usize,
    /// As written.
    pub text: String,
    /// What it did.
    pub deeds: Vec<Deed>,
}

/// Why a script could not be run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line of the statement; none where the file as a whole is to blame.
    pub line: Option<usize>,
    /// The statement.
    pub text: Option<String>,
    /// SQLite's words.
    pub message: String,
}

/// What kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A table, virtual ones included.
    Table,
    /// An index.
    Index,
    /// A view.
    View,
    /// A trigger.
    Trigger,
}

impl Kind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
        }
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it is declared `NOT NULL`.
    pub not_null: bool,
    /// Its default as written; none where that is NULL.
    pub default: Option<String>,
    /// How its value comes about.
    pub origin: Origin,
}

/// How the value of a column comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Whoever writes the row gives it.
    Written,
    /// SQLite numbers the rows.
    Numbered,
    /// It is computed when it is read.
    Computed,
    /// It is computed when the row is written, and kept.
    Stored,
}

impl Column {
    /// Whether a row cannot be written without it.
    pub fn is_required(&self) -> bool {
        self.not_null && self.default.is_none() && self.origin == Origin::Written
    }
}

/// One thing that a statement did to the database. Names are as the statement or the schema has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It made a table.
    CreatesTable {
        /// The table.
        table: String,
        /// Its columns.
        columns: Vec<Column>,
    },
    /// It made an index.
    CreatesIndex {
        /// The index.
        index: String,
        /// Its table.
        table: String,
        /// Whether it forbids rows.
        unique: bool,
        /// Its columns; none for an expression.
        columns: Vec<Option<String>>,
    },
    /// It made a view.
    CreatesView {
        /// The view.
        view: String,
    },
    /// It made a trigger.
    CreatesTrigger {
        /// The trigger.
        trigger: String,
        /// Its table or view.
        table: String,
    },
    /// It dropped an object, and all that belongs to it.
    Drops {
        /// What kind.
        kind: Kind,
        /// The object.
        name: String,
        /// The table that it belongs to; itself for a table or view.
        table: String,
        /// Whether it is an index that forbids rows.
        unique: bool,
    },
    /// It renamed a table.
    RenamesTable {
        /// Its name before.
        from: String,
        /// Its name now.
        to: String,
    },
    /// It added a column.
    AddsColumn {
        /// The table.
        table: String,
        /// The column.
        column: Column,
        /// Whether the statement has a check.
        checked: bool,
    },
    /// It dropped a column.
    DropsColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// It renamed a column.
    RenamesColumn {
        /// The table.
        table: String,
        /// Its name before.
        from: String,
        /// Its name now.
        to: String,
    },
    /// It changed what rows a table takes.
    Constrains {
        /// The table.
        table: String,
        /// Whether it takes fewer now, or more.
        tighter: bool,
    },
    /// It put rows in.
    Inserts {
        /// The table.
        table: String,
        /// The trigger that did it.
        by: Option<String>,
    },
    /// It changed rows.
    Updates {
        /// The table.
        table: String,
        /// The columns.
        columns: Vec<String>,
        /// The trigger that did it.
        by: Option<String>,
    },
    /// It deleted rows.
    Deletes {
        /// The table.
        table: String,
        /// The trigger that did it.
        by: Option<String>,
    },
}

impl Deed {
    /// The tables and views that it is about.
    pub fn tables(&self) -> Vec<&str> {
        match self {
            Self::CreatesTable { table, .. }
            | Self::CreatesIndex { table, .. }
            | Self::CreatesTrigger { table, .. }
            | Self::Drops { table, .. }
            | Self::AddsColumn { table, .. }
            | Self::DropsColumn { table, .. }
            | Self::RenamesColumn { table, .. }
            | Self::Constrains { table, .. }
            | Self::Inserts { table, .. }
            | Self::Updates { table, .. }
            | Self::Deletes { table, .. } => vec![table],
            Self::CreatesView { view } => vec![view],
            Self::RenamesTable { from, to } => vec![from, to],
        }
    }
}
