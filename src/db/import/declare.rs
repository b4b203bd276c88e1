//! The schema of an export in an empty database.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::{ImportError, Result, sqlite};
use crate::migration::Script;
use crate::sys::seam;
use crate::transfer::SCHEMA;

/// Makes the schema that an export names. Its SQL comes from a file that nobody signed, so it may declare things and do
/// nothing else; whether it is the right schema the fingerprint tells.
///
/// # Errors
/// Statements that declare nothing, and SQLite's.
pub fn declare(connection: &mut Connection, schema: &str) -> Result<()> {
    connection.authorizer(Some(|context: AuthContext<'_>| allowed(&context))).map_err(sqlite("watch the schema"))?;
    seam::cross("make the schema of the export");
    let made = statements(connection, schema);
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
