//! `atlas.sum`: one running digest over the names and contents of all files, and a digest of its entries.

use crate::digest::{Hasher, Sha256};
use crate::migration::MigrationError;
use crate::migration::atlas::directive::Directive;

/// Whether the sum vouches for all of these files, by name with their entries.
///
/// # Errors
/// A sum that is missing, damaged, or of other files: with the first of them that does not fit.
pub(super) fn verify(entries: &[(&str, Option<String>)], sum: Option<&[u8]>) -> Result<(), MigrationError> {
    let Some(sum) = sum else {
        return if entries.is_empty() { Ok(()) } else { refuse("there is no `atlas.sum` beside the migrations") };
    };
    let computed: Vec<_> = entries.iter().filter_map(|(file, entry)| Some((*file, entry.as_deref()?))).collect();
    let sum = String::from_utf8_lossy(sum);
    let recorded = recorded(&sum)?;
    if recorded != computed {
        return refuse(difference(&recorded, &computed));
    }
    Ok(())
}

/// The sum of these files, sorted by name, as `atlas migrate hash` writes it.
pub(super) fn written(files: &[(&str, &str)]) -> String {
    let mut running = Running::default();
    let named = files.iter().filter_map(|(file, text)| Some((file, running.entry(file, text)?)));
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

/// The digest of all files so far.
#[derive(Default)]
pub(super) struct Running(Hasher);

impl Running {
    /// The entry of the next file, without `h1:`. One that asks to be left out has none: its name is in the digest of
    /// those after it, and its content is not.
    pub(super) fn entry(&mut self, file: &str, text: &str) -> Option<String> {
        self.0.update(file.as_bytes());
        if Directive::first(text).is_some_and(|first| first.name == "sum" && first.value == "ignore") {
            return None;
        }
        self.0.update(text.as_bytes());
        Some(self.0.clone().finish().base64())
    }
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
