//! What a disk may keep of that which it was told.

use crate::power::crashes::{SECTORS, Told, all};
use crate::power::dice::Dice;

fn write(offset: u64, byte: u8) -> Told {
    Told::Write { offset, bytes: vec![byte; 2 * SECTORS] }
}

#[test]
fn what_was_flushed_is_kept_and_the_rest_may_be_in_part() {
    let told = [Told::Mark, write(0, 1), Told::Flush, write(0, 2), write(9000, 3), Told::Mark];
    let crashes = all(&told, 50, &mut Dice::of(1, 1));
    assert!(crashes.iter().any(|crash| crash.flushed == 2 && crash.also.is_empty() && crash.answered));
    assert!(crashes.iter().any(|crash| crash.flushed == 2 && crash.also.len() == 1));
    assert!(crashes.iter().any(|crash| crash.also.iter().any(|(_, from, to)| to - from == SECTORS)));
    for crash in &crashes {
        assert!(crash.also.iter().all(|(at, ..)| *at >= crash.flushed));
        let reaches = crash.also.iter().any(|(at, ..)| *at > 2);
        assert!(crash.answered || !reaches && crash.flushed < 2, "{crash:?}");
    }
}

#[test]
fn before_the_command_began_nothing_is_cut() {
    let told = [write(0, 1), Told::Flush, Told::Mark, write(0, 2), Told::Flush, Told::Mark];
    assert!(all(&told, 9, &mut Dice::of(1, 1)).iter().all(|crash| crash.flushed >= 1));
}
