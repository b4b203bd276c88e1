//! Chance that falls the same way for the same seed (SplitMix64).

/// A sequence of numbers that one seed decides.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Two streams of one seed have nothing to do with each other.
    pub fn of(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed);
        Self(dice.next() ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub fn toss(&mut self) -> bool {
        self.next() & 1 == 0
    }

    /// So many of these, or all, in their order.
    pub fn sample<T>(&mut self, mut from: Vec<T>, count: usize) -> Vec<T> {
        while from.len() > count {
            from.remove(self.below(from.len()));
        }
        from
    }
}
