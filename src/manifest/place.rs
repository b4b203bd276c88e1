//! Where things stand in the text of a manifest.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::pieces;
use crate::version::Version;

/// The line of a release's first key or header, counted from 1.
pub fn line_of_release(text: &str, version: &Version) -> Option<usize> {
    lines_of_releases(text).remove(&version.to_string())
}

/// The same for all releases, by their versions as they are written: a manifest has thousands, and is read once.
pub fn lines_of_releases(text: &str) -> BTreeMap<String, usize> {
    let mut by_pieces = Lines { text, line: 1, at: 0, found: BTreeMap::new() };
    let whole_in_one = pieces::split(text, text.len());
    let mut read = pieces::head(whole_in_one.head, |_| Some(()));
    for (start, piece) in pieces::of(whole_in_one.first, pieces::ENOUGH) {
        let begin = whole_in_one.head.len() + start;
        read = read.and_then(|()| pieces::releases(piece, |table| by_pieces.add(begin, table)));
    }
    if read.is_some() {
        return by_pieces.found;
    }
    let mut whole = Lines { text, line: 1, at: 0, found: BTreeMap::new() };
    if let Ok(document) = DeTable::parse(text) {
        whole.add(0, document.get_ref());
    }
    whole.found
}

/// Counts on from one release to the next.
struct Lines<'t> {
    text: &'t str,
    line: usize,
    at: usize,
    found: BTreeMap<String, usize>,
}

impl Lines<'_> {
    /// The releases of a part of the text, which begins at `start`.
    fn add(&mut self, start: usize, part: &DeTable<'_>) {
        for release in part.get("release").and_then(|all| all.get_ref().as_array()).into_iter().flatten() {
            let begins = start + release.span().start;
            self.line += self.text.get(self.at..begins).map_or(0, |before| before.matches('\n').count());
            self.at = begins.max(self.at);
            if let Some(version) = written_version(release.get_ref()) {
                self.found.entry(version.to_owned()).or_insert(self.line);
            }
        }
    }
}

/// The value of a key outside of all releases.
pub(super) fn value_of(text: &str, key: &str) -> Option<Range<usize>> {
    DeTable::parse(text).ok()?.get_ref().get(key).map(Spanned::span)
}

/// Behind the last line of a release. What follows that line, comments too, belongs to the next one.
pub(super) fn end_of_release(text: &str, version: &Version) -> usize {
    behind(text, version, |release| last_value(release.get_ref()).unwrap_or(release.span().end))
}

/// Behind the line, or lines, of a release's `reads`: it is among the release's own keys, whatever comes after them.
pub(super) fn end_of_reads(text: &str, version: &Version) -> usize {
    behind(text, version, |release| {
        let reads = release.get_ref().as_table().and_then(|table| table.get("reads"));
        reads.map_or(release.span().end, |reads| reads.span().end)
    })
}

/// Behind the line of a place in a release; the end of the text where there is no such release.
fn behind(text: &str, version: &Version, place: impl Fn(&Spanned<DeValue<'_>>) -> usize) -> usize {
    let document = DeTable::parse(text).ok();
    let release = document.as_ref().and_then(|document| release(document.get_ref(), version));
    let last = release.map_or(text.len(), place);
    let rest = text.get(last..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |end| last + end + 1)
}

fn release<'d, 't>(document: &'d DeTable<'t>, version: &Version) -> Option<&'d Spanned<DeValue<'t>>> {
    let version = version.to_string();
    let mut releases = document.get("release")?.get_ref().as_array()?.iter();
    releases.find(|release| written_version(release.get_ref()) == Some(&version))
}

fn written_version<'d>(release: &'d DeValue<'_>) -> Option<&'d str> {
    release.as_table()?.get("version")?.get_ref().as_str()
}

/// The end of the value that stands last in a table and its tables.
fn last_value(value: &DeValue<'_>) -> Option<usize> {
    let inside = |item: &Spanned<DeValue<'_>>| last_value(item.get_ref()).max(Some(item.span().end));
    match value {
        DeValue::Table(table) => table.values().filter_map(inside).max(),
        DeValue::Array(array) => array.iter().filter_map(inside).max(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_found_by_its_version_not_by_its_place() {
        let text = "a = 1\n\n[[release]]\nversion = \"1.5.0\"\n\n# older\n[[release]]\nversion = \"1.4.0\"\n";
        let line = |version: &str| line_of_release(text, &version.parse().unwrap());
        assert_eq!((line("1.5.0"), line("1.4.0"), line("1.3.0")), (Some(3), Some(7), None));
    }
}
