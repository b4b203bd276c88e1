//! A manifest read some releases at a time: thousands of them need no more memory than those, and a fraction of the time.

use toml::de::DeTable;

/// Begins a release, where it stands at the start of a line.
const HEADER: &str = "[[release]]";
/// Bytes that are read at once, at least: what is allocated for them is used again for the next ones.
pub(super) const ENOUGH: usize = 16 << 10;

/// What stands before the first release, and the releases in two parts of about the same length; the second one is empty where
/// there is little.
pub(super) struct Split<'t> {
    pub head: &'t str,
    pub first: &'t str,
    pub second: &'t str,
}

/// Cuts a text in front of releases, nothing of it is lost. No cut is ever wrong: within a string, an array or a comment that has
/// not ended, the piece before it would be no TOML by itself. What all pieces say is what the whole says, because each says it
/// under `release`, and the head does not.
pub(super) fn split(text: &str, enough: usize) -> Split<'_> {
    let (head, releases) = text.split_at(next(text, 0));
    let half = releases.len() / 2;
    let (first, second) = releases.split_at(if half < enough { releases.len() } else { next(releases, half) });
    Split { head, first, second }
}

/// Hands what stands before the first release to `take`. None where the text cannot be read so, or says more.
pub(super) fn head<'t, T>(text: &'t str, take: impl FnOnce(&DeTable<'t>) -> Option<T>) -> Option<T> {
    let table = DeTable::parse(text).ok()?;
    if table.get_ref().contains_key("release") { None } else { take(table.get_ref()) }
}

/// The releases of a part, at least so many bytes of text at a time: where each piece begins, and its text.
pub(super) fn of(text: &str, enough: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0_usize;
    std::iter::from_fn(move || {
        let begin = start;
        start = next(text, begin.saturating_add(enough.max(1)));
        text.get(begin..start).filter(|piece| !piece.is_empty()).map(|piece| (begin, piece))
    })
}

/// Hands what a piece says, read as TOML, to `take`. None where it cannot be read so, or says more than releases: the whole then
/// says what it is.
pub(super) fn releases<'t>(piece: &'t str, take: impl FnOnce(&DeTable<'t>)) -> Option<()> {
    let table = DeTable::parse(piece).ok()?;
    let alone = table.get_ref().keys().all(|key| key.get_ref() == "release");
    alone.then(|| take(table.get_ref()))
}

/// Where the first release begins that is not before a place; the end of the text after the last one.
fn next(text: &str, from: usize) -> usize {
    let from = text.ceil_char_boundary(from);
    let rest = text.get(from..).unwrap_or_default();
    let begins = |(at, _): &(usize, &str)| {
        let at = from + at;
        at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n')
    };
    rest.match_indices(HEADER).find(begins).map_or(text.len(), |(at, _)| from + at)
}
