//! What a migration needs of a program: functions and the like that it registers with its own connection.

use rusqlite::Error;
use thiserror::Error;

use crate::migration::Script;

/// A statement needs what is not part of SQLite.
#[derive(Debug, Error)]
#[error(
    "`{file}` needs the {what} at line {line}, which is not part of SQLite: a program that brings its own has to migrate \
     itself, with `format = \"command\"`"
)]
pub struct ForeignPart {
    /// The migration's file.
    file: String,
    /// The line that the statement begins on.
    line: usize,
    /// The function, collation, module or tokenizer, with its name.
    what: String,
}

impl ForeignPart {
    /// The part that SQLite looked for in vain, if that is why a statement of `script` failed.
    pub(super) fn missing(error: &Error, script: &Script, line: usize) -> Option<Self> {
        let (Error::SqlInputError { msg, .. } | Error::SqliteFailure(_, Some(msg))) = error else { return None };
        let (kind, name) = msg.strip_prefix("no such ")?.split_once(": ")?;
        let known = ["function", "collation", "module", "tokenizer"];
        let kind = known.into_iter().find(|known| kind.starts_with(known))?;
        Some(Self { file: script.file.clone(), line, what: format!("{kind} `{name}`") })
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn missing(sql: &str) -> Option<String> {
        let error = Connection::open_in_memory().unwrap().execute_batch(sql).unwrap_err();
        ForeignPart::missing(&error, &Script::whole("7_a.up.sql", sql), 3).map(|part| part.to_string())
    }

    #[test]
    fn what_a_program_adds_to_sqlite_is_refused_by_name_with_the_way_out() {
        for (sql, what) in [
            ("SELECT regexp_replace('a', 'b', 'c')", "function `regexp_replace`"),
            ("SELECT 'a' REGEXP 'b'", "function `REGEXP`"),
            ("SELECT 1 ORDER BY 'a' COLLATE german", "collation `german`"),
            ("CREATE VIRTUAL TABLE v USING vec0(x)", "module `vec0`"),
            ("CREATE VIRTUAL TABLE v USING fts5(x, tokenize = 'jieba')", "tokenizer `jieba`"),
        ] {
            let words = format!(
                "`7_a.up.sql` needs the {what} at line 3, which is not part of SQLite: a program that brings its own has to \
                 migrate itself, with `format = \"command\"`"
            );
            assert_eq!(missing(sql), Some(words), "{sql}");
        }
        assert_eq!(missing("SELECT * FROM absent"), None);
    }
}
