//! Two lists of lines side by side, with as many lines in common as there can be.

use super::object::Line;

/// One line of the two lists.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// In both.
    Both(&'a Line),
    /// Only in the first.
    First(&'a Line),
    /// Only in the second.
    Second(&'a Line),
}

/// Puts them side by side. Where lines differ, those of the first list come before those of the second. Takes time and
/// space with the product of both lengths: objects of a schema have few lines.
pub(super) fn align<'a>(first: &'a [Line], second: &'a [Line]) -> Vec<Step<'a>> {
    let shared = shared(first, second);
    let (mut steps, mut a, mut b) = (Vec::new(), 0, 0);
    loop {
        let at = |a: usize, b: usize| shared.get(a).and_then(|row| row.get(b)).copied().unwrap_or(0);
        match (first.get(a), second.get(b)) {
            (Some(line), Some(other)) if line.meaning == other.meaning => {
                steps.push(Step::Both(line));
                (a, b) = (a + 1, b + 1);
            }
            (Some(line), other) if other.is_none() || at(a + 1, b) >= at(a, b + 1) => {
                steps.push(Step::First(line));
                a += 1;
            }
            (_, Some(line)) => {
                steps.push(Step::Second(line));
                b += 1;
            }
            (Some(_), None) | (None, None) => return steps,
        }
    }
}

/// How many lines the rest of both lists share, by where the rests begin.
fn shared(first: &[Line], second: &[Line]) -> Vec<Vec<usize>> {
    let mut rows = vec![vec![0; second.len() + 1]];
    for line in first.iter().rev() {
        let below = rows.last().cloned().unwrap_or_default();
        let mut row = vec![0];
        for (at, other) in second.iter().enumerate().rev() {
            let count = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(0);
            let beside = row.last().copied().unwrap_or(0);
            let same = line.meaning == other.meaning;
            row.push(if same { count(&below, at + 1) + 1 } else { beside.max(count(&below, at)) });
        }
        row.reverse();
        rows.push(row);
    }
    rows.reverse();
    rows
}
