//! What the SQL of a mapping may do, and what it does: watched while it is compiled.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode};

/// What was seen.
#[derive(Clone, Default)]
pub(super) struct Guard(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    denied: Option<String>,
    reads: BTreeSet<String>,
}

impl Guard {
    /// Guards a connection: rows of `main` may be written, if `writes`, and nothing else.
    pub(super) fn over(connection: &mut Connection, writes: bool) -> rusqlite::Result<Self> {
        let guard = Self::default();
        let hook = guard.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| hook.look(&context, writes)))?;
        Ok(guard)
    }

    /// Ends the watch.
    pub(super) fn end(connection: &mut Connection) -> rusqlite::Result<()> {
        connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)
    }

    /// What was denied, where that is why a statement cannot be compiled.
    pub(super) fn denied(&self, error: &rusqlite::Error) -> Option<String> {
        let denied = self.seen().denied.take();
        let refused = error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied);
        denied.or_else(|| refused.then(|| "what it may not".to_owned()))
    }

    /// The tables of `main` that were read, in ASCII lower case.
    pub(super) fn reads(&self) -> BTreeSet<String> {
        self.seen().reads.clone()
    }

    fn look(&self, context: &AuthContext<'_>, writes: bool) -> Authorization {
        let main = context.database_name == Some("main");
        let denied = match context.action {
            AuthAction::Select | AuthAction::Recursive => None,
            AuthAction::Read { table_name, .. } => {
                if main {
                    self.seen().reads.insert(table_name.to_ascii_lowercase());
                }
                None
            }
            AuthAction::Function { function_name } => {
                // The text of a statement does not show what a view calls.
                const NEVER: [&str; 6] =
                    ["load_extension", "random", "randomblob", "current_timestamp", "current_date", "current_time"];
                let never = NEVER.iter().any(|name| function_name.eq_ignore_ascii_case(name));
                never.then(|| format!("{function_name}()"))
            }
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } => {
                let allowed = writes && main && !table_name.eq_ignore_ascii_case("sqlite_schema");
                (!allowed).then(|| format!("a write to `{}.{table_name}`", context.database_name.unwrap_or("?")))
            }
            AuthAction::Pragma { pragma_name, .. } => Some(format!("PRAGMA {pragma_name}")),
            AuthAction::Attach { .. } => Some("ATTACH".to_owned()),
            AuthAction::Detach { .. } => Some("DETACH".to_owned()),
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
                Some("a transaction of its own".to_owned())
            }
            _ => Some("a change of the schema".to_owned()),
        };
        match denied {
            None => Authorization::Allow,
            Some(what) => {
                self.seen().denied = Some(what);
                Authorization::Deny
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
