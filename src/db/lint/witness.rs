//! Writes down what SQLite asks its authorizer while it compiles a statement.
//!
//! What modules and VACUUM do inside happens while a statement runs, so it is not written down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::db::migrate::Manner;
use crate::db::watch::{Stop, forbidden};
use crate::migration::lint::account::Kind;

/// What was asked, of the database itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// To make an object.
    Creates { kind: Kind, name: String, table: String },
    /// To drop one.
    Drops { kind: Kind, name: String, table: String },
    /// To alter a table, and a column of it where SQLite says so.
    Alters { table: String, column: Option<String> },
    /// To use one of the functions that only `ALTER TABLE` uses.
    Calls(Alteration),
    /// To write rows.
    Writes { write: Write, table: String, by: Option<String> },
}

/// What kind of `ALTER TABLE` a function stands for. A new column has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alteration {
    RenamesTable,
    RenamesColumn,
    DropsColumn,
    AddsConstraint,
    DropsConstraint,
}

/// How rows are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Inserts,
    Updates(String),
    Deletes,
}

const FUNCTIONS: [(&str, Alteration); 5] = [
    ("sqlite_rename_table", Alteration::RenamesTable),
    ("sqlite_rename_column", Alteration::RenamesColumn),
    ("sqlite_drop_column", Alteration::DropsColumn),
    ("sqlite_add_constraint", Alteration::AddsConstraint),
    ("sqlite_drop_constraint", Alteration::DropsConstraint),
];

#[derive(Clone, Default)]
pub(super) struct Witness(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    writing: bool,
    seen: Vec<Seen>,
    denied: Option<String>,
}

impl Witness {
    /// Watches a connection for good, and interrupts it when `stop` says so.
    pub(super) fn over(connection: &mut Connection, stop: Stop) -> rusqlite::Result<Self> {
        let witness = Self::default();
        let hook = witness.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| hook.look(&context)))?;
        connection.progress_handler(10_000, Some(move || stop()))?;
        Ok(witness)
    }

    /// From here on everything is written down.
    pub(super) fn begin(&self) {
        *self.notes() = Notes { writing: true, ..Notes::default() };
    }

    /// What was asked since.
    pub(super) fn end(&self) -> Vec<Seen> {
        let mut notes = self.notes();
        notes.writing = false;
        std::mem::take(&mut notes.seen)
    }

    /// What was denied last, once.
    pub(super) fn denied(&self) -> Option<String> {
        self.notes().denied.take()
    }

    fn look(&self, context: &AuthContext<'_>) -> Authorization {
        if let Some(what) = attached(&context.action).or_else(|| forbidden(&context.action, Manner::Guarded)) {
            self.notes().denied = Some(what);
            return Authorization::Deny;
        }
        let mut notes = self.notes();
        if notes.writing
            && let Some(seen) = seen(context)
            && !notes.seen.contains(&seen)
        {
            notes.seen.push(seen);
        }
        Authorization::Allow
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seen(context: &AuthContext<'_>) -> Option<Seen> {
    let main = context.database_name == Some("main");
    let by = context.accessor.map(str::to_owned);
    let creates = |kind, name: &str, table: &str| Seen::Creates { kind, name: name.into(), table: table.into() };
    let drops = |kind, name: &str, table: &str| Seen::Drops { kind, name: name.into(), table: table.into() };
    let writes = |write, table: &str| Seen::Writes { write, table: table.into(), by: by.clone() };
    let (seen, name) = match context.action {
        AuthAction::AlterTable { database_name: "main", table_name } => {
            let column = context.database_name.map(str::to_owned);
            return Some(Seen::Alters { table: table_name.to_owned(), column });
        }
        AuthAction::Function { function_name } => {
            let known = FUNCTIONS.iter().find(|(name, _)| *name == function_name);
            return known.map(|(_, alteration)| Seen::Calls(*alteration));
        }
        _ if !main => return None,
        AuthAction::CreateTable { table_name } | AuthAction::CreateVtable { table_name, .. } => {
            (creates(Kind::Table, table_name, table_name), table_name)
        }
        AuthAction::CreateIndex { index_name, table_name } => {
            (creates(Kind::Index, index_name, table_name), index_name)
        }
        AuthAction::CreateView { view_name } => (creates(Kind::View, view_name, view_name), view_name),
        AuthAction::CreateTrigger { trigger_name, table_name } => {
            (creates(Kind::Trigger, trigger_name, table_name), trigger_name)
        }
        AuthAction::DropTable { table_name } | AuthAction::DropVtable { table_name, .. } => {
            (drops(Kind::Table, table_name, table_name), table_name)
        }
        AuthAction::DropIndex { index_name, table_name } => (drops(Kind::Index, index_name, table_name), index_name),
        AuthAction::DropView { view_name } => (drops(Kind::View, view_name, view_name), view_name),
        AuthAction::DropTrigger { trigger_name, table_name } => {
            (drops(Kind::Trigger, trigger_name, table_name), trigger_name)
        }
        AuthAction::Insert { table_name } => (writes(Write::Inserts, table_name), table_name),
        AuthAction::Update { table_name, column_name } => {
            (writes(Write::Updates(column_name.to_owned()), table_name), table_name)
        }
        AuthAction::Delete { table_name } => (writes(Write::Deletes, table_name), table_name),
        _ => return None,
    };
    let internal = name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"));
    (!internal).then_some(seen)
}

/// On the scratch database nothing is attached, not even an unnamed one; VACUUM attaches one of its own.
fn attached(action: &AuthAction<'_>) -> Option<String> {
    matches!(action, AuthAction::Attach { filename } if !filename.is_empty()).then(|| "ATTACH".to_owned())
}
