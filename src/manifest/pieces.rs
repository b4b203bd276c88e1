//! A manifest read some releases at a time: thousands of them need no more memory than those, and a fraction of the time.

use toml::de::DeTable;

/// Begins a release, where it stands at the start of a line.
const HEADER: &str = "[[release]]";
/// Bytes that are read at once, at least: what is allocated for them is used again for the next ones.
pub(super) const ENOUGH: usize = 16 << 10;

/// Hands what stands before the first release to `head`, then the releases, at least so many bytes at a time, to `releases`:
/// where their text begins, and what it says. None where the text cannot be read so, or one of them answers none: the whole then says what
/// it is.
///
/// No cut is ever wrong. Within a string, an array or a comment that has not ended, the piece before it would be no TOML
/// by itself. What all pieces say is what the whole says, because each says it under `release`, and the head does not.
pub(super) fn read<'t>(
    text: &'t str,
    enough: usize,
    head: impl FnOnce(&DeTable<'t>) -> Option<()>,
    mut releases: impl FnMut(usize, &DeTable<'t>) -> Option<()>,
) -> Option<()> {
    let first = next(text, 0);
    let before = DeTable::parse(text.get(..first)?).ok()?;
    if before.get_ref().contains_key("release") {
        return None;
    }
    head(before.get_ref())?;
    let mut start = first;
    while start < text.len() {
        let end = next(text, start.saturating_add(enough.max(1)));
        let piece = DeTable::parse(text.get(start..end)?).ok()?;
        if piece.get_ref().keys().any(|key| key.get_ref() != "release") {
            return None;
        }
        releases(start, piece.get_ref())?;
        start = end;
    }
    Some(())
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
