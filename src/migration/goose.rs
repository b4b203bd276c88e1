//! goose v3: `N_title.sql` with `-- +goose Up` and `-- +goose Down`, numeric order, a row for each in the ledger.
//!
//! A file is a version if the text before its first `_` is a number above zero and it ends in `.sql`. goose itself skips
//! other names in one of its two interfaces and fails at them in the other; here they are skipped, with a warning.
//! A section is split where a line ends in `;`, whatever the `;` belongs to: triggers need `StatementBegin`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Format;
use crate::migration::files::Reading;
use crate::migration::lines::{Chunk, Line, ends_statement, lines};
use crate::migration::script::text;
use crate::migration::{Direction, Migration, MigrationError, Piece, Script, Set, Transaction, names};
use crate::version::SchemaVersion;

mod annotation;
mod environment;
#[cfg(test)]
mod tests;

use annotation::Annotation;

/// Bytes of the longest line, and of the longest word, that goose can read.
const LONGEST: usize = 4 << 20;

/// Makes the set of files that are sorted by name.
pub(super) fn read(mut files: Reading<'_>) -> Result<Set, MigrationError> {
    let mut migrations: BTreeMap<i64, Arc<Migration>> = BTreeMap::new();
    let mut warnings = Vec::new();
    for entry in files.files.entries() {
        let Some((version, title, kind)) = version(entry.name)? else {
            warnings.push(names::ignored(Format::Goose, entry.name));
            continue;
        };
        if kind == Kind::Go {
            return Err(MigrationError::Go { file: entry.name.to_owned() });
        }
        let taken = files.take(entry)?;
        let (up, down) = scripts(entry.name, &taken.bytes)?;
        let migration = Migration {
            version: SchemaVersion::Number(version),
            name: title.to_owned(),
            up: Some(files.half(&taken, Direction::Up, up)?),
            down: files.some_half(&taken, Direction::Down, down)?,
            sum: None,
        };
        if let Some(first) = migrations.insert(version, Arc::new(migration)) {
            let first = first.up.as_ref().map_or_else(String::new, |half| half.file().to_owned());
            return Err(MigrationError::Duplicate { first, second: entry.name.to_owned() });
        }
    }
    Set::new(Format::Goose, migrations.into_values().collect(), warnings)
}

/// The scripts of one file.
pub(super) fn scripts(file: &str, bytes: &[u8]) -> Result<(Script, Option<Script>), MigrationError> {
    sections(file, &text(file, bytes)?)
}

/// Whether a file says that it is goose's.
pub(super) fn is_marked(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| line.starts_with("--") && line.contains("+goose"));
    lines.any(|line| Annotation::parse(line).is_ok())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sql,
    Go,
}

/// The version, the title and the kind of a file that goose takes. Like Go's parser of numbers it takes a sign.
fn version(file: &str) -> Result<Option<(i64, &str, Kind)>, MigrationError> {
    let (stem, kind) = match (file.strip_suffix(".sql"), file.strip_suffix(".go")) {
        (Some(stem), _) => (stem, Kind::Sql),
        (_, Some(stem)) if !stem.ends_with("_test") => (stem, Kind::Go),
        _ => return Ok(None),
    };
    let Some((number, title)) = stem.split_once('_') else { return Ok(None) };
    let digits = number.strip_prefix('+').unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let too_large = |_| MigrationError::VersionTooLarge { file: file.to_owned() };
    let number: i64 = digits.parse().map_err(too_large)?;
    Ok((number > 0).then_some((number, title, kind)))
}

/// The scripts of a file: goose reads it once for each direction, and what is wrong in one of them stops both.
fn sections(file: &str, text: &str) -> Result<(Script, Option<Script>), MigrationError> {
    let (up, _) = section(file, text, Direction::Up)?;
    let (down, last) = section(file, text, Direction::Down)?;
    Ok((up, (last == Direction::Down).then_some(down)))
}

/// The script of one direction, and the section in which the file ends.
fn section(file: &str, text: &str, wanted: Direction) -> Result<(Script, Direction), MigrationError> {
    let mut reader = Reader {
        file,
        wanted,
        section: None,
        block: Block::None,
        transaction: Transaction::Around,
        substitutes: false,
        chunk: Chunk::default(),
        pieces: Vec::new(),
    };
    let mut last = 1;
    for line in lines(file, text, LONGEST) {
        let line = line?;
        last = line.number;
        reader.line(line)?;
    }
    let Some(section) = reader.section else {
        return Err(reader.wrong(1, format!("there is no `-- +goose Up` on a line of its own{}", after_mark(text))));
    };
    if reader.block == Block::Open {
        return Err(reader.wrong(last, "`-- +goose StatementBegin` has no `-- +goose StatementEnd`"));
    }
    reader.ended()?;
    let script = Script { file: file.to_owned(), pieces: reader.pieces, transaction: reader.transaction };
    Ok((script, section))
}

fn after_mark(text: &str) -> &'static str {
    if text.starts_with('\u{feff}') {
        ": the file begins with a byte order mark, which goose takes for text"
    } else {
        ""
    }
}

/// The state of goose's reader between two lines.
struct Reader<'a> {
    file: &'a str,
    wanted: Direction,
    section: Option<Direction>,
    block: Block,
    transaction: Transaction,
    substitutes: bool,
    chunk: Chunk,
    pieces: Vec<Piece>,
}

/// Where a line stands to `StatementBegin` and `StatementEnd`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Open,
    /// At its end; and after an empty one on the lines up to the next that is no comment, which goose loses.
    Ended,
}

impl Reader<'_> {
    fn line(&mut self, line: Line<'_>) -> Result<(), MigrationError> {
        let trimmed = line.text.trim();
        if self.section.is_none() && trimmed.is_empty() {
            return Ok(());
        }
        if trimmed.starts_with("--") && line.text.contains("+goose") {
            let annotation = Annotation::parse(line.text).map_err(|problem| self.wrong(line.number, problem))?;
            self.annotation(annotation, line.number)?;
            if annotation != Annotation::StatementEnd {
                return Ok(());
            }
        }
        // A line of spaces is not empty: it opens a chunk, in which comments are kept.
        if self.chunk.is_empty() && (trimmed.starts_with("--") || line.text.is_empty()) {
            return Ok(());
        }
        let expanded;
        let mut sql = line.text;
        if self.block != Block::Ended {
            if self.substitutes {
                expanded = environment::expand(sql).map_err(|problem| self.wrong(line.number, problem))?;
                sql = &expanded;
            }
            self.chunk.push(line.number, sql);
        }
        match self.section {
            None => {
                let problem = format!("there is text before `-- +goose Up`{}", after_mark(line.text));
                return Err(self.wrong(line.number, problem));
            }
            Some(section) if section != self.wanted => self.chunk.clear(),
            Some(_) if self.block == Block::Ended || (self.block == Block::None && ends_statement(sql, LONGEST)) => {
                self.keep();
                self.block = Block::None;
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn annotation(&mut self, annotation: Annotation, line: usize) -> Result<(), MigrationError> {
        match (annotation, self.section, self.block) {
            (Annotation::Up, None, _) => self.section = Some(Direction::Up),
            (Annotation::Up, Some(_), _) => return Err(self.wrong(line, "a second `-- +goose Up`")),
            (Annotation::Down, Some(Direction::Up), Block::None | Block::Ended) => {
                self.ended()?;
                (self.section, self.block) = (Some(Direction::Down), Block::None);
            }
            (Annotation::Down, None, _) => {
                return Err(self.wrong(line, "`-- +goose Down` stands before `-- +goose Up`"));
            }
            (Annotation::Down, ..) => {
                return Err(self.wrong(line, "a second `-- +goose Down`, or one inside a statement block"));
            }
            (Annotation::StatementBegin, Some(_), Block::None | Block::Ended) => self.block = Block::Open,
            (Annotation::StatementBegin, ..) => {
                return Err(self.wrong(line, "`-- +goose StatementBegin` stands outside of a section, or in a block"));
            }
            (Annotation::StatementEnd, Some(_), Block::Open) => self.block = Block::Ended,
            (Annotation::StatementEnd, ..) => {
                return Err(self.wrong(line, "`-- +goose StatementEnd` has no `-- +goose StatementBegin`"));
            }
            (Annotation::NoTransaction, ..) => self.transaction = Transaction::Nothing,
            (Annotation::EnvironmentOn, ..) => self.substitutes = true,
            (Annotation::EnvironmentOff, ..) => self.substitutes = false,
        }
        Ok(())
    }

    /// A section may only end where a statement has ended.
    fn ended(&self) -> Result<(), MigrationError> {
        if self.chunk.is_blank() {
            return Ok(());
        }
        let problem = "the statement has no end: goose wants a `;` as the last character of a line before any comment";
        Err(self.wrong(self.chunk.line(), problem))
    }

    fn keep(&mut self) {
        let Piece { sql, line } = self.chunk.take();
        let start = sql.trim_start();
        let skipped = sql.get(..sql.len() - start.len()).unwrap_or_default();
        self.pieces.push(Piece { line: line + skipped.matches('\n').count(), sql: start.trim_end().to_owned() });
    }

    fn wrong(&self, line: usize, problem: impl Into<String>) -> MigrationError {
        MigrationError::Syntax { file: self.file.to_owned(), line, problem: problem.into() }
    }
}
