//! Files line by line, as Go's scanners see them: goose and sql-migrate both read that way.

use crate::migration::{MigrationError, Piece};

/// A line of a file.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    /// Without its end: a line feed, and one carriage return before it.
    pub(super) text: &'a str,
}

/// The lines of a file. What follows the last line feed is a line if there is anything.
///
/// # Errors
/// One that reaches the longest that its engine can read, in bytes.
pub(super) fn lines<'a>(
    file: &str,
    text: &'a str,
    longest: usize,
) -> impl Iterator<Item = Result<Line<'a>, MigrationError>> {
    text.split_inclusive('\n').zip(1..).map(move |(line, number)| {
        let text = line.strip_suffix('\n').unwrap_or(line);
        if text.len() >= longest {
            let problem = format!("the line has {longest} bytes or more, which its engine cannot read");
            return Err(MigrationError::Syntax { file: file.to_owned(), line: number, problem });
        }
        Ok(Line { number, text: text.strip_suffix('\r').unwrap_or(text) })
    })
}

/// Whether a line ends a statement: its last word, before the first that begins with `--`, ends with `;`. Neither
/// quotes nor block comments count. From a word on that reaches the longest that is read, nothing counts at all.
pub(super) fn ends_statement(line: &str, longest: usize) -> bool {
    if !line.as_bytes().contains(&b';') {
        return false;
    }
    let words = line.split_whitespace().take_while(|word| !word.starts_with("--") && word.len() < longest);
    words.last().is_some_and(|word| word.ends_with(';'))
}

/// Lines that become one piece of a script.
#[derive(Default)]
pub(super) struct Chunk {
    text: String,
    line: usize,
}

impl Chunk {
    /// Adds a line, which gets a line feed.
    pub(super) fn push(&mut self, number: usize, line: &str) {
        if self.text.is_empty() {
            self.line = number;
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether there is nothing but white space in it.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The line that it begins on.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
    }

    /// What it holds, as it is; it is empty afterwards.
    pub(super) fn take(&mut self) -> Piece {
        Piece { sql: std::mem::take(&mut self.text), line: self.line }
    }
}
