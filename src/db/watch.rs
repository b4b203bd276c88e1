//! Watches what statements do while they are compiled: which tables they write, triggers and foreign-key actions
//! included, and what no migration may do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ffi};

use crate::db::migrate::Manner;

/// Asked now and then whether to give up.
pub type Stop = Arc<dyn Fn() -> bool + Send + Sync>;

/// What was seen since [`Watch::over`].
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    written: BTreeSet<String>,
    denied: Option<String>,
}

impl Watch {
    /// Watches a connection until its hooks are replaced, and interrupts it when `stop` says so.
    pub(crate) fn over(connection: &mut Connection, manner: Manner, stop: Stop) -> rusqlite::Result<Self> {
        let watch = Self::default();
        let hook = watch.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| hook.look(&context, manner)))?;
        // About a thousand times a second; cheap beside the work.
        connection.progress_handler(10_000, Some(move || stop()))?;
        Ok(watch)
    }

    /// Ends the watch.
    pub(crate) fn end(connection: &mut Connection) -> rusqlite::Result<()> {
        connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        connection.progress_handler(0, None::<fn() -> bool>)
    }

    /// The tables of the database that were written, made or dropped, in ASCII lower case. ALTER TABLE writes no rows of
    /// its own account: SQLite keeps them all.
    pub(crate) fn written(&self) -> BTreeSet<String> {
        self.seen().written.clone()
    }

    /// What was denied last, once.
    pub(crate) fn denied(&self) -> Option<String> {
        self.seen().denied.take()
    }

    fn look(&self, context: &AuthContext<'_>, manner: Manner) -> Authorization {
        if let Some(what) = forbidden(&context.action, manner) {
            self.seen().denied = Some(what);
            return Authorization::Deny;
        }
        // In place nobody asks.
        if let (Some(table), Manner::Guarded) = (written(context), manner) {
            self.seen().written.insert(table.to_ascii_lowercase());
        }
        Authorization::Allow
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pragmas that reach out of the database file.
const OUTSIDE: [&str; 2] = ["temp_store_directory", "data_store_directory"];

/// Writes to the schema behind SQLite's back; some programs change a constraint so.
const BEHIND: &str = "writable_schema";

pub(crate) fn forbidden(action: &AuthAction<'_>, manner: Manner) -> Option<String> {
    match action {
        // VACUUM attaches a nameless file of its own. What a script attaches is found before it is compiled.
        AuthAction::Attach { filename: "" } => None,
        AuthAction::Attach { filename } => Some(format!("ATTACH or VACUUM INTO `{filename}`")),
        AuthAction::Unknown { code: ffi::SQLITE_ATTACH, .. } => Some("ATTACH".to_owned()),
        AuthAction::Detach { .. } | AuthAction::Unknown { code: ffi::SQLITE_DETACH, .. } => Some("DETACH".to_owned()),
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Some("load_extension()".to_owned())
        }
        AuthAction::Pragma { pragma_name, pragma_value: Some(_) } => {
            let behind = (manner == Manner::Guarded).then_some(BEHIND);
            let mut forbidden = OUTSIDE.into_iter().chain(behind);
            let found = forbidden.find(|name| name.eq_ignore_ascii_case(pragma_name));
            found.map(|name| format!("PRAGMA {name}"))
        }
        _ => None,
    }
}

fn written<'a>(context: &AuthContext<'a>) -> Option<&'a str> {
    let (database, table) = match context.action {
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name }
        | AuthAction::CreateTable { table_name }
        | AuthAction::DropTable { table_name }
        | AuthAction::CreateVtable { table_name, .. }
        | AuthAction::DropVtable { table_name, .. } => (context.database_name, table_name),
        _ => return None,
    };
    let internal = table.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"));
    (database == Some("main") && !internal).then_some(table)
}
