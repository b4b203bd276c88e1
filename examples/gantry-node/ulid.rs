//! Ids: ULIDs, 48 bits of milliseconds and 80 random bits in 26 letters, each greater than the one before.
//! See <https://github.com/ulid/spec>.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_BITS: u32 = 80;

/// Makes ids for one writer.
#[derive(Debug, Default)]
pub struct Ulids {
    last: u128,
}

impl Ulids {
    /// The next id, at `microseconds` since 1970.
    pub fn next(&mut self, microseconds: i64) -> String {
        let milliseconds = u128::try_from(microseconds / 1000).unwrap_or_default();
        // Within a millisecond, and when the clock goes back, the last one is counted up: ids keep their order.
        self.last = if milliseconds > self.last >> RANDOM_BITS {
            milliseconds << RANDOM_BITS | random()
        } else {
            self.last + 1
        };
        spell(self.last)
    }
}

/// 80 random bits: the standard library seeds each of these hashers from the system's randomness.
fn random() -> u128 {
    let half = || u128::from(RandomState::new().build_hasher().finish());
    (half() << 64 | half()) & ((1 << RANDOM_BITS) - 1)
}

fn spell(id: u128) -> String {
    let digits = (0..26).rev().map(|place| (id >> (5 * place)) & 31);
    digits.filter_map(|digit| ALPHABET.get(usize::try_from(digit).ok()?)).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_order_within_a_millisecond_and_when_the_clock_goes_back() {
        let mut ulids = Ulids::default();
        let ids = [1_700_000_000_000_000, 1_700_000_000_000_999, 1_699_999_999_000_000, 1_700_000_000_001_000]
            .map(|microseconds| ulids.next(microseconds));
        assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    }

    #[test]
    fn an_id_begins_with_its_time() {
        // The example of the specification: 1469918176385 is spelt 01ARYZ6S41.
        let id = Ulids::default().next(1_469_918_176_385_000);
        assert_eq!((id.len(), id.get(..10)), (26, Some("01ARYZ6S41")));
    }
}
