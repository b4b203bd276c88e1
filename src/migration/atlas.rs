//! Atlas, its own layout: `VERSION_title.sql` in bytewise order, with `atlas.sum` over all of them; there is no way down.
//!
//! The text before the first `_` is the version. A file is run statement by statement, and the ledger keeps a digest of
//! the file and, while it runs, of the statements: both exactly as Atlas makes them.

use crate::config::Format;
use crate::digest::Hasher;
use crate::migration::set::File;
use crate::migration::{Migration, MigrationError, Script, Set, Sums, Transaction, Warning, names};
use crate::version::SchemaVersion;

mod directive;
mod statements;
mod sum;
#[cfg(test)]
mod tests;

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
pub(super) fn read(files: &[File]) -> Result<Set, MigrationError> {
    let (taken, others): (Vec<_>, Vec<_>) = files.iter().partition(|(file, _)| file.ends_with(".sql"));
    let mut texts = Vec::with_capacity(taken.len());
    for (file, bytes) in &taken {
        texts.push((file.as_str(), whole(file, bytes)?));
    }
    let sum = others.iter().find(|(file, _)| file == SUM).map(|(_, bytes)| bytes.as_slice());
    let entries = sum::verified(&texts, sum)?;
    let ignored = others.iter().filter(|(file, _)| file != SUM);
    let mut warnings: Vec<_> = ignored.map(|(file, _)| names::ignored(Format::Atlas, file)).collect();
    warnings.extend(names::out_of_order(texts.iter().map(|(file, _)| *file)));
    let mut migrations = Vec::with_capacity(texts.len());
    for ((file, text), entry) in texts.into_iter().zip(entries) {
        if entry.is_none() {
            let what = "`atlas:sum ignore`".to_owned();
            warnings.push(Warning::Refused { file: file.to_owned(), what });
        }
        migrations.push(migration(file, text, entry.unwrap_or_default())?);
    }
    Set::new(Format::Atlas, migrations, warnings, &taken)
}

/// A file's content as text, with nothing replaced: the digests are those of its bytes.
fn whole<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, MigrationError> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(MigrationError::NotText { file: file.to_owned() }),
    }
}

fn migration(file: &str, text: &str, entry: String) -> Result<Migration, MigrationError> {
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    let (version, name) = stem.split_once('_').unwrap_or((stem, ""));
    let wrong = |problem| MigrationError::Syntax { file: file.to_owned(), line: 1, problem };
    if !directive::of_file(text, "checkpoint").is_empty() {
        let problem = "`atlas:checkpoint` makes a new database another way than an old one, which is not supported: \
                       let the program migrate itself, with `format = \"command\"`";
        return Err(wrong(problem.to_owned()));
    }
    let transaction = transaction(text).map_err(wrong)?;
    let pieces = statements::scan(file, text)?;
    let mut hasher = Hasher::new();
    let running = pieces.iter().map(|piece| {
        hasher.update(piece.sql.as_bytes());
        format!("h1:{}", hasher.clone().finish().base64())
    });
    let sums = Some(Sums { file: entry, statements: running.collect() });
    let up = Some(Script { file: file.to_owned(), pieces, transaction });
    let version = SchemaVersion::Text(version.to_owned());
    Ok(Migration { version, name: name.to_owned(), up, down: None, sums })
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
