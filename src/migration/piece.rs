//! What an engine hands to SQLite at once, and where its statements end.

use super::lexer::{Token, tokens};
use super::script::Statement;

/// What an engine hands to SQLite at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub sql: String,
    /// The line of the file that it begins on, counted from 1.
    pub line: usize,
}

impl Piece {
    /// Its statements in order.
    pub fn statements<'a>(&'a self) -> Vec<Statement<'a>> {
        let mut statements = Vec::new();
        // Room for most of them at once.
        let mut current = Vec::with_capacity(32);
        for token in tokens(&self.sql) {
            let ends = token.is_operator(";") && !inside_trigger(&current);
            if ends && current.is_empty() {
                continue;
            }
            current.push(token);
            if ends {
                statements.push(std::mem::take(&mut current));
            }
        }
        statements.push(current);
        let (mut line, mut counted) = (self.line, 0);
        let statement = |tokens: Vec<Token<'a>>| {
            let (first, last) = (tokens.first()?, tokens.last()?);
            line += self.sql.get(counted..first.offset)?.matches('\n').count();
            counted = first.offset;
            // To the end of the piece where no semicolon ends it: a view keeps the comments after it as part of its text.
            let end = if last.is_operator(";") { last.offset + last.text.len() } else { self.sql.len() };
            let text = self.sql.get(first.offset..end)?;
            Some(Statement { text, line, tokens })
        };
        statements.into_iter().filter_map(statement).collect()
    }
}

/// Whether the next `;` is one of a trigger's body. The body ends with `; END`, as in SQLite's `complete.c`.
fn inside_trigger(tokens: &[Token<'_>]) -> bool {
    let mut words = tokens.iter().skip_while(|token| ["explain", "query", "plan"].iter().any(|word| token.is(word)));
    let create = words.next().is_some_and(|token| token.is("create"));
    let next = words.next();
    let temporary = next.is_some_and(|token| token.is("temp") || token.is("temporary"));
    let trigger = if temporary { words.next() } else { next };
    if !create || !trigger.is_some_and(|token| token.is("trigger")) {
        return false;
    }
    !matches!(tokens, [.., semicolon, end] if semicolon.is_operator(";") && end.is("end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_statement_without_a_semicolon_belongs_to_it() {
        let piece = Piece { sql: "SELECT 1; -- c\nCREATE VIEW v AS SELECT 1 -- all\n".to_owned(), line: 3 };
        let found: Vec<_> = piece.statements().into_iter().map(|statement| (statement.line, statement.text)).collect();
        assert_eq!(found, [(3, "SELECT 1;"), (4, "CREATE VIEW v AS SELECT 1 -- all\n")]);
    }
}
