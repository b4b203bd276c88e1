//! What a disk may hold when its power is cut: all up to a flush, and of the later writes any part.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::dice::Dice;

/// What a disk was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// To write bytes at an offset, some time.
    Write { offset: u64, bytes: Vec<u8> },
    /// To have all that was written so far.
    Flush,
    /// Nothing: a place in the record that the test marked.
    Mark,
}

/// What a disk writes wholly or not at all.
pub const SECTORS: usize = 4096;

/// One thing that a disk may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Everything that it was told before this place.
    pub flushed: usize,
    /// And these parts of writes after it: the place, from, to.
    pub also: Vec<(usize, usize, usize)>,
    /// Whether the command had answered when the power went, or may have.
    pub answered: bool,
}

/// All that are worth a try: at every flush, and so many by chance between it and the next.
///
/// The record has two marks, where the command began and where it answered.
pub fn all(told: &[Told], each: usize, dice: &mut Dice) -> Vec<Crash> {
    let marks: Vec<usize> = places(told, &Told::Mark);
    let [began, answered] = marks[..] else { panic!("a record has two marks, not {}", marks.len()) };
    let ends: Vec<usize> = places(told, &Told::Flush).into_iter().chain([told.len()]).collect();
    let mut crashes = Vec::new();
    let mut flushed = 0;
    for end in ends {
        let crash = |also| Crash { flushed, also, answered: end > answered };
        let pending: Vec<usize> = (flushed..end).filter(|at| matches!(told[*at], Told::Write { .. })).collect();
        if end > began {
            crashes.push(crash(Vec::new()));
            for _ in 0..if pending.is_empty() { 0 } else { each } {
                crashes.push(crash(part(told, &pending, dice)));
            }
        }
        flushed = end;
    }
    crashes.push(Crash { flushed, also: Vec::new(), answered: true });
    crashes.dedup();
    crashes
}

fn places(told: &[Told], wanted: &Told) -> Vec<usize> {
    told.iter().enumerate().filter(|(_, one)| *one == wanted).map(|(at, _)| at).collect()
}

/// Some of the writes; one in four of those is torn.
fn part(told: &[Told], pending: &[usize], dice: &mut Dice) -> Vec<(usize, usize, usize)> {
    let lone = pending[dice.below(pending.len())];
    let chosen: Vec<usize> = match dice.below(4) {
        0 => pending[..=dice.below(pending.len())].to_vec(),
        1 => vec![lone],
        2 => pending.iter().copied().filter(|at| *at != lone).collect(),
        _ => pending.iter().copied().filter(|_| dice.toss()).collect(),
    };
    let torn = |at: usize| {
        let Told::Write { bytes, .. } = &told[at] else { unreachable!("only writes are pending") };
        let sectors = bytes.len().div_ceil(SECTORS);
        if dice.below(4) > 0 {
            return (at, 0, bytes.len());
        }
        let from = dice.below(sectors);
        let to = from + 1 + dice.below(sectors - from);
        (at, from * SECTORS, (to * SECTORS).min(bytes.len()))
    };
    chosen.into_iter().map(torn).collect()
}

/// Writes what a disk was told between two places.
pub fn write(told: &[Told], image: &File) {
    for one in told {
        if let Told::Write { offset, bytes } = one {
            image.write_all_at(bytes, *offset).unwrap();
        }
    }
}

/// Writes the part that came after the last flush.
pub fn write_also(told: &[Told], crash: &Crash, image: &File) {
    for (at, from, to) in &crash.also {
        let Told::Write { offset, bytes } = &told[*at] else { unreachable!("only writes are kept") };
        image.write_all_at(&bytes[*from..*to], offset + *from as u64).unwrap();
    }
}
