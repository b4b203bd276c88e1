//! `atlas.sum`: one running digest over the names and contents of all files, and a digest of its entries.

use crate::digest::{Hasher, Sha256};
use crate::migration::MigrationError;
use crate::migration::atlas::directive::Directive;

/// The entry of each file, without `h1:`, once the sum vouches for all of them; none for one that asks for it.
///
/// # Errors
/// A sum that is missing, damaged, or of other files: with the first of them that does not fit.
pub(super) fn verified(files: &[(&str, &str)], sum: Option<&[u8]>) -> Result<Vec<Option<String>>, MigrationError> {
    let entries = entries(files);
    let Some(sum) = sum else {
        return if files.is_empty() { Ok(entries) } else { refuse("there is no `atlas.sum` beside the migrations") };
    };
    let names = files.iter().map(|(file, _)| *file);
    let computed: Vec<_> = names.zip(&entries).filter_map(|(file, entry)| Some((file, entry.as_deref()?))).collect();
    let sum = String::from_utf8_lossy(sum);
    let recorded = recorded(&sum)?;
    if recorded != computed {
        return refuse(difference(&recorded, &computed));
    }
    Ok(entries)
}

/// The sum of these files, sorted by name, as `atlas migrate hash` writes it.
pub(super) fn written(files: &[(&str, &str)]) -> String {
    let entries = entries(files);
    let named = files.iter().zip(&entries).filter_map(|((file, _), entry)| Some((file, entry.as_ref()?)));
    let (mut all, mut lines) = (String::new(), String::new());
    for (file, entry) in named {
        all.push_str(&format!("{file}{entry}"));
        lines.push_str(&format!("{file} h1:{entry}\n"));
    }
    format!("h1:{}\n{lines}", Sha256::of(all.as_bytes()).base64())
}

fn refuse<T>(problem: impl Into<String>) -> Result<T, MigrationError> {
    Err(MigrationError::Sum { problem: problem.into() })
}

/// A file that asks to be left out has its name in the digest of those after it, and not its content.
fn entries(files: &[(&str, &str)]) -> Vec<Option<String>> {
    let mut hasher = Hasher::new();
    let mut entry = |(file, text): &(&str, &str)| {
        hasher.update(file.as_bytes());
        if Directive::first(text).is_some_and(|first| first.name == "sum" && first.value == "ignore") {
            return None;
        }
        hasher.update(text.as_bytes());
        Some(hasher.clone().finish().base64())
    };
    files.iter().map(&mut entry).collect()
}

/// The entries of a sum whose first line is the digest of the others.
fn recorded(sum: &str) -> Result<Vec<(&str, &str)>, MigrationError> {
    let mut lines = sum.lines();
    let total = lines.next().unwrap_or_default();
    let mut entries = Vec::new();
    for (line, number) in lines.zip(2..) {
        let Some((file, entry)) = line.split_once("h1:") else {
            return refuse(format!("`atlas.sum`, line {number} has no `h1:`"));
        };
        entries.push((file.trim(), entry));
    }
    let text: String = entries.iter().flat_map(|(file, entry)| [*file, *entry]).collect();
    if total.strip_prefix("h1:").unwrap_or(total) != Sha256::of(text.as_bytes()).base64() {
        return refuse("the first line of `atlas.sum` does not fit its other lines");
    }
    Ok(entries)
}

/// The first file that was added, removed or changed since the sum was made.
fn difference(recorded: &[(&str, &str)], computed: &[(&str, &str)]) -> String {
    let place = recorded.iter().zip(computed).take_while(|(recorded, computed)| recorded == computed).count();
    let added = || computed.get(place).map_or_else(String::new, |(file, _)| format!("`{file}` is not in `atlas.sum`"));
    let Some((file, _)) = recorded.get(place) else { return added() };
    match computed.iter().position(|(other, _)| other == file) {
        None => format!("`{file}` is in `atlas.sum`, but not there"),
        Some(found) if found == place => format!("`{file}` is not as `atlas.sum` has it"),
        Some(_) => added(),
    }
}
