//! The digest of rows whatever their order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{DigestError, Sha256};

/// The sum, modulo 2^256, of the SHA-256 of every row. Two tables with the same rows have the same one, in any order and
/// with every row as often as it is there. It guards against loss and damage; against forgery guard the digests of the
/// parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentDigest([u8; 32]);

impl ContentDigest {
    /// That of no rows.
    pub const EMPTY: Self = Self([0; 32]);

    /// Adds a row, as its line without the line feed.
    pub fn add(&mut self, row: &[u8]) {
        self.combine(&Self(Sha256::of(row).bytes()));
    }

    /// Adds the rows of another one.
    pub fn combine(&mut self, other: &Self) {
        let mut carry = 0;
        for (byte, more) in self.0.iter_mut().zip(other.0).rev() {
            let sum = u16::from(*byte) + u16::from(more) + carry;
            let [high, low] = sum.to_be_bytes();
            (*byte, carry) = (low, u16::from(high));
        }
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sha256::from_bytes(self.0).fmt(f)
    }
}

impl FromStr for ContentDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(|digest: Sha256| Self(digest.bytes()))
    }
}

impl Serialize for ContentDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&str]) -> ContentDigest {
        let mut digest = ContentDigest::EMPTY;
        rows.iter().for_each(|row| digest.add(row.as_bytes()));
        digest
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_their_number_does() {
        assert_eq!(of(&["[1]", "[2]", "[2]"]), of(&["[2]", "[1]", "[2]"]));
        assert_ne!(of(&["[1]", "[2]"]), of(&["[1]", "[2]", "[2]"]));
        // Exclusive or would lose them.
        assert_ne!(of(&["[1]", "[1]"]), ContentDigest::EMPTY);
    }

    #[test]
    fn it_is_the_sum_of_big_endian_numbers() {
        let mut one = ContentDigest([0xff; 32]);
        let mut number = [0; 32];
        number[31] = 2;
        one.combine(&ContentDigest(number));
        number[31] = 1;
        assert_eq!(one, ContentDigest(number));
        assert_eq!(of(&["abc"]).to_string(), Sha256::of(b"abc").to_string());
        assert_eq!(of(&["abc"]).to_string().parse(), Ok(of(&["abc"])));
    }
}
