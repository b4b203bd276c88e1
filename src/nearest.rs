//! The word that somebody who mistyped probably meant.

/// Of the `known` words the one that `word` is the beginning of, else the one with the fewest letters to change from it.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().min_by_key(|candidate| (!candidate.starts_with(word), distance(word, candidate)))
}

/// The edit distance of Levenshtein: letters put in, taken out or replaced on the way from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (above, left) in from.chars().enumerate() {
        let (mut next, mut before) = (vec![above + 1], above + 1);
        for ((diagonal, over), top) in row.iter().zip(row.iter().skip(1)).zip(to.chars()) {
            before = (diagonal + usize::from(left != top)).min(over + 1).min(before + 1);
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_letters_put_in_taken_out_and_replaced() {
        for (from, to, letters) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("é", "e", 1)]
        {
            assert_eq!(distance(from, to), letters, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_known_word_is_offered() {
        assert_eq!(nearest("fingreprint", ["from", "fingerprint", "reads"]), Some("fingerprint"));
        assert_eq!(nearest("golang", ["goose", "golang-migrate"]), Some("golang-migrate"));
        assert_eq!(nearest("x", []), None);
    }
}
