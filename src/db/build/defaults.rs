//! Columns that a statement of the mapping leaves to their defaults: a default may be the present moment or chance.

use rusqlite::Connection;

use crate::migration::lexer::{Token, tokens};
use crate::transfer::mapping::chance::chance;

/// The first column that an `INSERT` does not name and whose default answers something else each time, as
/// `table.column` and what it uses.
pub(super) fn unsteady(connection: &Connection, sql: &str) -> rusqlite::Result<Option<(String, String)>> {
    let all: Vec<_> = tokens(sql).collect();
    let Some((table, named)) = target(&all) else { return Ok(None) };
    let mut columns = connection.prepare("SELECT name, dflt_value FROM pragma_table_xinfo(?1, 'main')")?;
    let mut rows = columns.query([&table])?;
    while let Some(row) = rows.next()? {
        let (column, default): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let given = named.as_ref().is_none_or(|named| named.iter().any(|name| name.eq_ignore_ascii_case(&column)));
        let uses = default.filter(|_| !given).and_then(|default| chance(&default));
        if let Some((_, what)) = uses {
            return Ok(Some((format!("{table}.{column}"), what)));
        }
    }
    Ok(None)
}

/// The table of an `INSERT` and the columns that it names; none of them where it gives all.
fn target(tokens: &[Token<'_>]) -> Option<(String, Option<Vec<String>>)> {
    let mut rest = tokens.iter().skip_while(|token| !token.is("into")).skip(1).peekable();
    let mut table = rest.next()?.name()?;
    if rest.next_if(|token| token.is_operator(".")).is_some() {
        table = rest.next()?.name()?;
    }
    if rest.next_if(|token| token.is("as")).is_some() {
        rest.next();
    }
    if rest.next_if(|token| token.is("default")).is_some() {
        return Some((table, Some(Vec::new())));
    }
    let named = rest
        .next_if(|token| token.is_operator("("))
        .map(|_| rest.take_while(|token| !token.is_operator(")")).filter_map(|token| token.name()).collect());
    Some((table, named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_left_to_the_present_moment_or_to_chance_is_found() {
        let connection = Connection::open_in_memory().unwrap();
        let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, made TEXT DEFAULT CURRENT_TIMESTAMP, token BLOB DEFAULT \
                     (randomblob(8)), kind TEXT DEFAULT 'now')";
        connection.execute_batch(table).unwrap();
        let found = |sql| unsteady(&connection, sql).unwrap().map(|(column, what)| format!("{column} {what}"));
        for sql in [
            "INSERT INTO main.t (id, token) SELECT 1, 2",
            "WITH a AS (SELECT 1) INSERT OR IGNORE INTO t AS x (id, \"token\") SELECT 1, 2",
            "REPLACE INTO t DEFAULT VALUES",
        ] {
            assert_eq!(found(sql).as_deref(), Some("t.made CURRENT_TIMESTAMP"), "{sql}");
        }
        assert_eq!(found("INSERT INTO [t] (id, MADE) VALUES (1, 2)").as_deref(), Some("t.token randomblob()"));
        for sql in [
            "INSERT INTO t SELECT 1, 2, 3, 4",
            "INSERT INTO t (made, token) VALUES (1, 2)",
            "UPDATE t SET kind = 1",
            "INSERT INTO",
        ] {
            assert_eq!(found(sql), None, "{sql}");
        }
    }
}
