//! The schema of an export in an empty database.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::{ImportError, Result, sqlite};
use crate::db::Stop;
use crate::migration::Script;
use crate::sys::seam;
use crate::transfer::SCHEMA;

/// Makes the schema that an export names. Its SQL comes from a file that nobody signed, so it may declare things and do
/// nothing else; whether it is the right schema the fingerprint tells.
///
/// # Errors
/// Statements that declare nothing, SQLite's, and [`ImportError::Cancelled`] where `stop` says so: a query may never end.
pub fn declare(connection: &mut Connection, schema: &str, stop: Stop) -> Result<()> {
    connection.authorizer(Some(|context: AuthContext<'_>| allowed(&context))).map_err(sqlite("watch the schema"))?;
    let asked = stop.clone();
    connection.progress_handler(10_000, Some(move || asked())).map_err(sqlite("watch the schema"))?;
    seam::cross("make the schema of the export");
    let made = statements(connection, schema).map_err(|error| if stop() { ImportError::Cancelled } else { error });
    connection.progress_handler(0, None::<fn() -> bool>).map_err(sqlite("end the watch"))?;
    let end = connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    end.map_err(sqlite("end the watch")).and(made)
}

fn statements(connection: &Connection, schema: &str) -> Result<()> {
    for statement in Script::whole(SCHEMA, schema).statements() {
        if !statement.begins_with("CREATE") {
            return Err(ImportError::Declaration { line: statement.line, source: None });
        }
        let refused = |source| ImportError::Declaration { line: statement.line, source: Some(source) };
        connection.execute_batch(statement.text).map_err(refused)?;
    }
    Ok(())
}

/// `CREATE … AS SELECT` reads, and writes rows: those are cleared before the export's own come.
fn allowed(context: &AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        AuthAction::Pragma { pragma_value: Some(_), .. } => Authorization::Deny,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_declaration_without_end_is_called_off() {
        let mut connection = Connection::open_in_memory().unwrap();
        let endless =
            "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n;";
        let asked = Arc::new(AtomicBool::new(false));
        // Nothing at the beginning: it is the statement itself that is ended.
        let stop: Stop = Arc::new(move || asked.swap(true, Ordering::Relaxed));
        assert!(matches!(declare(&mut connection, endless, stop), Err(ImportError::Cancelled)));
    }

    #[test]
    fn a_schema_is_declared_where_nobody_asks_for_the_end() {
        let mut connection = Connection::open_in_memory().unwrap();
        declare(&mut connection, "CREATE TABLE t (a);", Arc::new(|| false)).unwrap();
        connection.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    }
}
