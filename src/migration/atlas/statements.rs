//! Statements as Atlas's scanner for SQLite finds them: their digests, and how many there are, stand in the ledger.

use std::collections::HashMap;

use crate::migration::atlas::directive::Directive;
use crate::migration::{MigrationError, Piece};

/// The statements of a file, in order.
///
/// # Errors
/// Quotes and parentheses without their counterpart, and a delimiter that is none.
pub(super) fn scan(file: &str, text: &str) -> Result<Vec<Piece>, MigrationError> {
    let wrong = |fault: Fault| {
        let line = 1 + text.bytes().take(fault.at).filter(|byte| *byte == b'\n').count();
        MigrationError::Syntax { file: file.to_owned(), line, problem: fault.problem.to_owned() }
    };
    let blocks = blocks(text);
    let mut scanner = Scanner::new(text, 0, &blocks);
    scanner.delimiter_above().map_err(wrong)?;
    let (mut pieces, mut line, mut counted) = (Vec::new(), 1, 0);
    while let Some(statement) = scanner.statement().map_err(wrong)? {
        line += text.get(counted..statement.at).unwrap_or_default().matches('\n').count();
        counted = statement.at;
        pieces.push(Piece { sql: statement.text.to_owned(), line });
    }
    Ok(pieces)
}

struct Fault {
    at: usize,
    problem: &'static str,
}

struct Statement<'a> {
    at: usize,
    text: &'a str,
}

/// Where the block ends that begins behind a `BEGIN`, for each place behind one: none if it is no block.
type Blocks = HashMap<usize, usize>;

/// From the last to the first: so none has to look into another one, however deep they lie in each other.
fn blocks(text: &str) -> Blocks {
    let mut blocks = Blocks::new();
    let Some(last_end) = text.to_ascii_lowercase().rfind("end") else { return blocks };
    let starts: Vec<_> =
        (0..last_end).filter_map(|at| Some(at + begin(text.as_bytes().get(at..)?, Space::None)?)).collect();
    for start in starts.into_iter().rev() {
        if let Some(end) = block(text, start, &blocks) {
            blocks.insert(start, end);
        }
    }
    blocks
}

/// Where the statement ends that is `END` or `END;`.
fn block(text: &str, start: usize, blocks: &Blocks) -> Option<usize> {
    let mut scanner = Scanner::new(text, start, blocks);
    scanner.delimiter_above().ok()?;
    // Atlas forgets that it has passed over such a line, and so comes to an end before the end.
    let forgotten = scanner.start - start;
    loop {
        let statement = scanner.statement().ok()??;
        let rest = statement.text.get(..3).filter(|word| word.eq_ignore_ascii_case("end")).and(statement.text.get(3..));
        if rest.is_some_and(|rest| matches!(rest.trim_start_matches(is_space), "" | ";")) {
            return Some(scanner.at - forgotten).filter(|end| text.is_char_boundary(*end));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    None,
    Before,
}

/// The length of `BEGIN` with the white space after it, which must be there, and before it where that may be.
fn begin(bytes: &[u8], space: Space) -> Option<usize> {
    let spaces = |bytes: &[u8]| bytes.iter().take_while(|byte| is_space(char::from(**byte))).count();
    let before = if space == Space::Before { spaces(bytes) } else { 0 };
    let word = bytes.get(before..before + 5)?;
    let after = spaces(bytes.get(before + 5..)?);
    (word.eq_ignore_ascii_case(b"begin") && after > 0).then_some(before + 5 + after)
}

/// `\s` of Go's patterns.
fn is_space(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

struct Scanner<'a> {
    text: &'a str,
    blocks: &'a Blocks,
    delimiter: String,
    /// Where the statement begins, and how far it is read.
    start: usize,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, start: usize, blocks: &'a Blocks) -> Self {
        Self { text, blocks, delimiter: ";".to_owned(), start, at: start }
    }

    /// `-- atlas:delimiter X` on the very first line: of the file, and of a block.
    fn delimiter_above(&mut self) -> Result<(), Fault> {
        match Directive::first(self.rest()) {
            Some(first) if first.prefix == "-- " && first.name == "delimiter" => {
                self.delimit(first.value)?;
                let Some(end) = self.rest().find('\n') else {
                    return Err(Fault { at: self.start, problem: "nothing follows the delimiter" });
                };
                self.begin_at(self.start + end + 1);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn delimit(&mut self, written: &str) -> Result<(), Fault> {
        if written.is_empty() {
            return Err(Fault { at: self.start, problem: "the delimiter is empty" });
        }
        self.delimiter = written.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
        Ok(())
    }

    fn begin_at(&mut self, start: usize) {
        (self.start, self.at) = (start, start);
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.text.get(self.start..).unwrap_or_default();
        self.begin_at(self.start + rest.len() - rest.trim_start().len());
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.rest().chars().next()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn statement(&mut self) -> Result<Option<Statement<'a>>, Fault> {
        self.skip_space();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let before = self.at;
            let Some(letter) = self.next() else {
                return match open.first() {
                    Some(at) => Err(Fault { at: *at, problem: "`(` has no `)`" }),
                    None if self.at > self.start => Ok(Some(self.finish())),
                    None => Ok(None),
                };
            };
            let here = self.text.get(before..).unwrap_or_default();
            match letter {
                '(' => open.push(before),
                ')' => {
                    open.pop().ok_or(Fault { at: before, problem: "`)` has no `(`" })?;
                }
                '\'' | '"' | '`' => self.skip_quote(before, letter)?,
                _ if before == self.start && names_delimiter(here) => self.delimiter_command()?,
                _ if open.is_empty() && here.starts_with(&self.delimiter) => {
                    self.at = before + self.delimiter.len();
                    return Ok(Some(self.finish()));
                }
                '-' if here.starts_with("--") => self.skip_comment("\n"),
                '/' if here.starts_with("/*") => self.skip_comment("*/"),
                _ if self.delimiter == ";" => {
                    if let Some(inside) = self.inside_block() {
                        self.at = inside;
                        if let Some(end) = self.blocks.get(&inside) {
                            self.at = *end;
                            return Ok(Some(self.finish()));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The place behind a `BEGIN` that begins at the last letter, or at the white space there. Inside a statement there
    /// must be white space before it.
    fn inside_block(&self) -> Option<usize> {
        let last = self.at - 1;
        let bytes = self.text.as_bytes();
        let length = begin(bytes.get(last..)?, Space::Before)?;
        let alone = last == self.start || begin(bytes.get(last - 1..)?, Space::Before).is_some();
        alone.then_some(last + length)
    }

    /// What was read, as a statement without the delimiter, if that is not `;`.
    fn finish(&mut self) -> Statement<'a> {
        let at = self.start;
        let text = self.text.get(at..self.at).unwrap_or_default();
        let text = if self.delimiter == ";" { text } else { text.strip_suffix(&self.delimiter).unwrap_or(text) };
        self.begin_at(self.at);
        Statement { at, text: text.trim() }
    }

    fn skip_quote(&mut self, from: usize, quote: char) -> Result<(), Fault> {
        let length = self.rest().find(quote).ok_or(Fault { at: from, problem: "the quote has no end" })?;
        self.at += length + 1;
        Ok(())
    }

    /// A comment without its end is none. Before a statement it does not become part of it.
    fn skip_comment(&mut self, end: &str) {
        // The second letter of what opens it was not read yet.
        self.at += 1;
        let opens_statement = self.at == self.start + 2;
        let Some(length) = self.rest().find(end) else { return };
        self.at += length + end.len();
        if opens_statement {
            self.begin_at(self.at);
            self.skip_space();
        }
    }

    /// `DELIMITER X`, as MySQL's client knows it: the rest of the line, quoted or not.
    fn delimiter_command(&mut self) -> Result<(), Fault> {
        self.at = self.start + DELIMITER.len();
        let rest = self.rest();
        if !rest.starts_with(' ') {
            return Ok(());
        }
        let line = rest.split_inclusive('\n').next().unwrap_or(rest);
        let written = line.trim();
        let quoted = written.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
        self.delimit(&quoted.map_or_else(|| written.to_owned(), |inner| inner.replace("''", "'")))?;
        self.begin_at(self.at + line.len());
        self.skip_space();
        Ok(())
    }
}

const DELIMITER: &str = "delimiter";

fn names_delimiter(text: &str) -> bool {
    text.len() > DELIMITER.len() && text.get(..DELIMITER.len()).is_some_and(|word| word.eq_ignore_ascii_case(DELIMITER))
}
