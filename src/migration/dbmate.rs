//! dbmate v2: `N….sql` with `-- migrate:up` and `-- migrate:down`, bytewise by name, a row for each in the ledger.
//!
//! The digits that a name begins with are its version, as a text: `001` is not `1`, and `10_a.sql` runs before
//! `9_a.sql`. A block goes to SQLite whole, with the line of its marker.

use std::sync::Arc;

use crate::config::Format;
use crate::migration::files::Reading;
use crate::migration::script::text;
use crate::migration::{Direction, Migration, MigrationError, Piece, Script, Set, Transaction, names};
use crate::version::SchemaVersion;

#[cfg(test)]
mod tests;

/// Makes the set of files that are sorted by name.
pub(super) fn read(mut files: Reading<'_>) -> Result<Set, MigrationError> {
    let (mut migrations, mut names_taken, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for entry in files.files.entries() {
        let Some((digits, name)) = version(entry.name) else {
            warnings.push(names::ignored(Format::Dbmate, entry.name));
            continue;
        };
        let taken = files.take(entry)?;
        let (up, down) = scripts(entry.name, &taken.bytes)?;
        migrations.push(Arc::new(Migration {
            version: SchemaVersion::Text(digits.to_owned()),
            name: name.to_owned(),
            up: Some(files.half(&taken, Direction::Up, up)?),
            down: Some(files.half(&taken, Direction::Down, down)?),
            sum: None,
        }));
        names_taken.push(entry.name);
    }
    warnings.extend(names::out_of_order(names_taken.into_iter()));
    Set::new(Format::Dbmate, migrations, warnings)
}

/// The scripts of one file.
pub(super) fn scripts(file: &str, bytes: &[u8]) -> Result<(Script, Script), MigrationError> {
    blocks(file, &text(file, bytes)?)
}

/// Whether a file says that it is dbmate's.
pub(super) fn is_marked(text: &str) -> bool {
    !markers(text, "migrate:up").is_empty()
}

/// The version and the name of a file that matches `^(\d+).*\.sql$`.
fn version(file: &str) -> Option<(&str, &str)> {
    let stem = file.strip_suffix(".sql")?;
    let name = stem.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = stem.strip_suffix(name)?;
    (!digits.is_empty() && !name.contains('\n')).then_some((digits, name.trim_start_matches(['_', '-'])))
}

/// The scripts of a file. One with several pairs of blocks is refused: dbmate writes its version once for each pair,
/// which its own table does not take.
fn blocks(file: &str, text: &str) -> Result<(Script, Script), MigrationError> {
    let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let wrong = |at: usize, problem: &str| {
        Err(MigrationError::Syntax { file: file.to_owned(), line: line(at), problem: problem.to_owned() })
    };
    let Some((up, mut more)) = markers(text, "migrate:up").split_first().map(|(first, rest)| (*first, rest.to_vec()))
    else {
        let problem = match text.starts_with('\u{feff}') {
            false => "there is no `-- migrate:up` at the beginning of a line",
            true => "there is no `-- migrate:up` at the beginning of a line: the file begins with a byte order mark",
        };
        return wrong(0, problem);
    };
    let (before, _) = text.split_at_checked(up).unwrap_or((text, ""));
    if let Some(at) = statement(before) {
        return wrong(at, "there is a statement before `-- migrate:up`");
    }
    if let Some(second) = more.pop() {
        return wrong(second, "a second `-- migrate:up`: dbmate cannot record such a file; make it a file of its own");
    }
    let downs = markers(text, "migrate:down");
    let down = match *downs.iter().filter(|down| **down > up).collect::<Vec<_>>() {
        [] => return wrong(up, "there is no `-- migrate:down` after `-- migrate:up`; it may be empty"),
        [down] => *down,
        [_, second, ..] => return wrong(*second, "a second `-- migrate:down`"),
    };
    let block = |from: usize, to: usize, direction| {
        let sql = text.get(from..to).unwrap_or_default().to_owned();
        let transaction = if wants_none(&sql, direction) { Transaction::Nothing } else { Transaction::Around };
        Script { file: file.to_owned(), pieces: vec![Piece { sql, line: line(from) }], transaction }
    };
    Ok((block(up, down, Direction::Up), block(down, text.len(), Direction::Down)))
}

/// Where lines begin that match `^--\s*NAME(\s*$|\s+\S+)`, in which white space may be a line feed too.
fn markers(text: &str, name: &str) -> Vec<usize> {
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let is_marker = |at: &usize| {
        let after = text.get(*at..).and_then(|line| line.strip_prefix("--"));
        let after = after.and_then(|rest| rest.trim_start_matches(is_space).strip_prefix(name));
        after.is_some_and(|rest| rest.is_empty() || rest.starts_with(is_space))
    };
    starts.filter(is_marker).collect()
}

/// `\s` of Go's patterns.
fn is_space(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// Where a line begins that is neither empty nor a comment.
fn statement(before: &str) -> Option<usize> {
    let mut at = 0;
    for line in before.split('\n') {
        let content = line.trim_start_matches(is_space);
        if !content.is_empty() && !content.starts_with("--") {
            return Some(at);
        }
        at += line.len() + 1;
    }
    None
}

/// Whether the options on a block's first line have `transaction:false`; of several the last counts.
fn wants_none(block: &str, direction: Direction) -> bool {
    let line = block.split('\n').next().unwrap_or_default();
    let name = match direction {
        Direction::Up => "migrate:up",
        Direction::Down => "migrate:down",
    };
    let marker = line.strip_prefix("--").and_then(|rest| rest.trim_start_matches(is_space).strip_prefix(name));
    let options = marker.unwrap_or(line).trim().split(is_space);
    let mut pairs = options.filter_map(|option| option.split_once(':')).filter(|(_, value)| !value.contains(':'));
    pairs.rfind(|(key, _)| *key == "transaction").is_some_and(|(_, value)| value == "false")
}
