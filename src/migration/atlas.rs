//! Atlas, its own layout: `VERSION_title.sql` in bytewise order, with `atlas.sum` over all of them; there is no way down.
//!
//! The text before the first `_` is the version. A file is run statement by statement, and the ledger keeps a digest of
//! the file and, while it runs, of the statements: both exactly as Atlas makes them.

use std::sync::Arc;

use crate::config::Format;
use crate::digest::Hasher;
use crate::migration::files::{File, Reading};
use crate::migration::{
    Direction, Half, Migration, MigrationError, Piece, Script, Set, Transaction, Warning, layout, names,
};
use crate::version::SchemaVersion;

mod directive;
mod statements;
mod sum;
#[cfg(test)]
mod tests;

use sum::Running;

/// The file that vouches for all others.
pub(super) const SUM: &str = "atlas.sum";

/// The content of `atlas.sum` for the files of a directory, in any order.
///
/// # Errors
/// A migration that is not text.
pub(super) fn sum_of(files: &[File]) -> Result<String, MigrationError> {
    let mut taken: Vec<_> = files.iter().filter(|(file, _)| file.ends_with(".sql")).collect();
    taken.sort();
    let texts: Result<Vec<_>, _> =
        taken.into_iter().map(|(file, bytes)| Ok((file.as_str(), whole(file, bytes)?))).collect();
    Ok(sum::written(&texts?))
}

/// Makes the set of files that are sorted by name.
pub(super) fn read(mut files: Reading<'_>) -> Result<Set, MigrationError> {
    let (mut warnings, mut summed, mut found) = (Vec::new(), Vec::new(), Vec::new());
    let (mut running, mut recorded, mut marked) = (Running::default(), None, None);
    for entry in files.files.entries() {
        if entry.name == SUM {
            recorded = Some(files.files.content(entry)?);
        } else if !entry.name.ends_with(".sql") {
            warnings.push(names::ignored(Format::Atlas, entry.name));
        } else {
            let taken = files.take(entry)?;
            let text = whole(entry.name, &taken.bytes)?;
            // Its files have no marks of their own: it would take any SQL, and run both ways of another engine's file.
            marked = marked.or_else(|| layout::marked(entry.name, text).map(|format| (format, entry.name)));
            let sum = running.entry(entry.name, text);
            let half = script(entry.name, &taken.bytes).and_then(|script| files.half(&taken, Direction::Up, script));
            found.push(half.map(|half| migration(entry.name, half, sum.clone().unwrap_or_default())));
            summed.push((entry.name, sum));
        }
    }
    if let Some((found, file)) = marked {
        return Err(MigrationError::Foreign { format: Format::Atlas, found, file: file.to_owned() });
    }
    sum::verify(&summed, recorded.as_deref())?;
    warnings.extend(names::out_of_order(summed.iter().map(|(file, _)| *file)));
    warnings.extend(
        summed
            .iter()
            .filter(|(_, sum)| sum.is_none())
            .map(|(file, _)| Warning::Refused { file: (*file).to_owned(), what: "`atlas:sum ignore`".to_owned() }),
    );
    Set::new(Format::Atlas, found.into_iter().collect::<Result<_, _>>()?, warnings)
}

fn migration(file: &str, half: Half, sum: String) -> Arc<Migration> {
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    let (version, name) = stem.split_once('_').unwrap_or((stem, ""));
    Arc::new(Migration {
        version: SchemaVersion::Text(version.to_owned()),
        name: name.to_owned(),
        up: Some(half),
        down: None,
        sum: Some(sum),
    })
}

/// A file's content as text, with nothing replaced: the digests are those of its bytes.
fn whole<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, MigrationError> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(MigrationError::NotText { file: file.to_owned() }),
    }
}

/// The script of a file, which has no way down.
pub(super) fn script(file: &str, bytes: &[u8]) -> Result<Script, MigrationError> {
    let text = whole(file, bytes)?;
    let wrong = |problem| MigrationError::Syntax { file: file.to_owned(), line: 1, problem };
    if !directive::of_file(text, "checkpoint").is_empty() {
        let problem = "`atlas:checkpoint` makes a new database another way than an old one, which is not supported: \
                       let the program migrate itself, with `format = \"command\"`";
        return Err(wrong(problem.to_owned()));
    }
    let transaction = transaction(text).map_err(wrong)?;
    Ok(Script { file: file.to_owned(), pieces: statements::scan(file, text)?, transaction })
}

/// For each piece of a script the digest of it and all before it, with `h1:`, as the ledger has them while it runs.
pub(super) fn running(script: &Script) -> Vec<String> {
    let mut hasher = Hasher::new();
    let digest = |piece: &Piece| {
        hasher.update(piece.sql.as_bytes());
        format!("h1:{}", hasher.clone().finish().base64())
    };
    script.pieces.iter().map(digest).collect()
}

fn transaction(text: &str) -> Result<Transaction, String> {
    match *directive::of_file(text, "txmode") {
        [] | ["file"] => Ok(Transaction::Around),
        ["none"] => Ok(Transaction::Nothing),
        ["all"] => Err("`atlas:txmode all` is not allowed in a file".to_owned()),
        [mode] => Err(format!("`atlas:txmode {mode}` is neither `file` nor `none`")),
        [..] => Err("there are several `atlas:txmode`".to_owned()),
    }
}
