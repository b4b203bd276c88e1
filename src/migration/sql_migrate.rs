//! sql-migrate v1: every `*.sql` with `-- +migrate Up` and `-- +migrate Down`, a row for each in the ledger.
//!
//! The whole name of a file is its version. Names that begin with digits come first, by number; the rest follows
//! bytewise. Sections may come in any order and several times, and what stands before the first is dropped.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::config::Format;
use crate::migration::files::Reading;
use crate::migration::lines::{Chunk, Line, ends_statement, lines};
use crate::migration::script::text;
use crate::migration::{Direction, Migration, MigrationError, Piece, Script, Set, Transaction, names};
use crate::version::SchemaVersion;

#[cfg(test)]
mod tests;

/// Bytes of the longest line that sql-migrate can read.
const LONGEST_LINE: usize = 1 << 20;
/// Bytes of the longest word in which it looks for the end of a statement.
const LONGEST_WORD: usize = 64 << 10;
const MARK: &str = "-- +migrate ";

/// Makes the set of files that are sorted by name.
pub(super) fn read(mut files: Reading<'_>) -> Result<Set, MigrationError> {
    let (mut entries, mut migrations, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for entry in files.files.entries() {
        if !entry.name.ends_with(".sql") {
            warnings.push(names::ignored(Format::SqlMigrate, entry.name));
            continue;
        }
        entries.push((number(entry.name)?, entry));
    }
    // They come in the order of their names, which a stable sort keeps where the numbers are equal.
    entries.sort_by(|(left, _), (right, _)| by_number(*left, *right));
    for (_, entry) in entries {
        let taken = files.take(entry)?;
        let (up, down) = scripts(entry.name, &taken.bytes)?;
        let stem = entry.name.strip_suffix(".sql").unwrap_or(entry.name);
        let name = stem.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start_matches(['-', '_']);
        migrations.push(Arc::new(Migration {
            version: SchemaVersion::Text(entry.name.to_owned()),
            name: name.to_owned(),
            up: files.some_half(&taken, Direction::Up, up)?,
            down: files.some_half(&taken, Direction::Down, down)?,
            sum: None,
        }));
    }
    Set::new(Format::SqlMigrate, migrations, warnings)
}

/// The scripts of one file.
pub(super) fn scripts(file: &str, bytes: &[u8]) -> Result<(Option<Script>, Option<Script>), MigrationError> {
    sections(file, &text(file, bytes)?)
}

/// Whether a file says that it is sql-migrate's.
pub(super) fn is_marked(text: &str) -> bool {
    text.lines()
        .filter_map(|line| line.strip_prefix(MARK))
        .any(|command| command.starts_with("Up") || command.starts_with("Down"))
}

/// The digits that a name begins with, as a number. The engine crashes at one that it cannot count to.
fn number(file: &str) -> Result<Option<i64>, MigrationError> {
    let digits: String = file.chars().take_while(char::is_ascii_digit).collect();
    // The dot of the engine's pattern, `^(\d+).*$`, matches no line feed.
    if digits.is_empty() || file.contains('\n') {
        return Ok(None);
    }
    digits.parse().map(Some).map_err(|_| MigrationError::VersionTooLarge { file: file.to_owned() })
}

fn by_number(left: Option<i64>, right: Option<i64>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn sections(file: &str, text: &str) -> Result<(Option<Script>, Option<Script>), MigrationError> {
    let mut reader = Reader { file, section: None, block: Block::None, chunk: Chunk::default(), up: None, down: None };
    for line in lines(file, text, LONGEST_LINE) {
        reader.line(line?)?;
    }
    if let Block::Open { line } = reader.block {
        return Err(reader.wrong(line, "`-- +migrate StatementBegin` has no `-- +migrate StatementEnd`"));
    }
    if reader.section.is_none() {
        let problem =
            "there is neither `-- +migrate Up` nor `-- +migrate Down`, in just this spelling, on a line of its own";
        return Err(reader.wrong(1, problem));
    }
    reader.ended()?;
    Ok((reader.up, reader.down))
}

/// The state of sql-migrate's reader between two lines.
struct Reader<'a> {
    file: &'a str,
    section: Option<Direction>,
    block: Block,
    chunk: Chunk,
    up: Option<Script>,
    down: Option<Script>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Open {
        line: usize,
    },
    /// On the line that ends it.
    Ended,
}

impl Reader<'_> {
    fn line(&mut self, line: Line<'_>) -> Result<(), MigrationError> {
        let directive = line.text.starts_with("-- +");
        // Comments are dropped wherever they stand: inside a literal too.
        if line.text.starts_with("-- ") && !directive {
            return Ok(());
        }
        if let Some(command) = line.text.strip_prefix(MARK) {
            self.command(command, line.number)?;
        }
        let Some(section) = self.section else { return Ok(()) };
        if !directive {
            self.chunk.push(line.number, line.text);
        }
        let ends = match self.block {
            Block::None => ends_statement(line.text, LONGEST_WORD),
            Block::Open { .. } => false,
            Block::Ended => true,
        };
        if ends {
            self.block = if self.block == Block::Ended { Block::None } else { self.block };
            let piece = sent(self.chunk.take());
            self.script(section).pieces.push(piece);
        }
        Ok(())
    }

    fn command(&mut self, command: &str, line: usize) -> Result<(), MigrationError> {
        let mut words = command.split_whitespace();
        let section = match words.next() {
            Some("Up") => Direction::Up,
            Some("Down") => Direction::Down,
            Some("StatementBegin") if self.section.is_some() => {
                self.block = Block::Open { line };
                return Ok(());
            }
            Some("StatementEnd") => {
                self.block = if matches!(self.block, Block::Open { .. }) { Block::Ended } else { self.block };
                return Ok(());
            }
            // sql-migrate passes over commands that it does not know.
            Some(_) => return Ok(()),
            None => return Err(self.wrong(line, "a command must follow `-- +migrate`")),
        };
        self.ended()?;
        self.section = Some(section);
        let script = self.script(section);
        if words.any(|word| word == "notransaction") {
            script.transaction = Transaction::Nothing;
        }
        Ok(())
    }

    fn script(&mut self, section: Direction) -> &mut Script {
        let place = match section {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        };
        let file = self.file.to_owned();
        place.get_or_insert_with(|| Script { file, pieces: Vec::new(), transaction: Transaction::Around })
    }

    /// A section may only end where a statement has ended.
    fn ended(&self) -> Result<(), MigrationError> {
        if self.chunk.is_blank() {
            return Ok(());
        }
        let problem =
            "the statement has no end: sql-migrate wants a `;` as the last character of a line before any comment";
        Err(self.wrong(self.chunk.line(), problem))
    }

    fn wrong(&self, line: usize, problem: &str) -> MigrationError {
        MigrationError::Syntax { file: self.file.to_owned(), line, problem: problem.to_owned() }
    }
}

/// What sql-migrate sends of a chunk.
fn sent(piece: Piece) -> Piece {
    let mut sql = piece.sql.as_str();
    for end in ['\n', ' ', ';'] {
        sql = sql.strip_suffix(end).unwrap_or(sql);
    }
    Piece { sql: sql.to_owned(), line: piece.line }
}
