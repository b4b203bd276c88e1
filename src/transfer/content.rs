//! The digest of rows whatever their order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{DigestError, Sha256};

/// The sum, modulo 2^256, of the SHA-256 of every row. Two tables with the same rows have the same one, in any order and
/// with every row as often as it is there. It guards against loss and damage; against forgery guard the digests of the
/// parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentDigest(
    /// The number in pieces of 64 bits, the highest first.
    [u64; 4],
);

impl ContentDigest {
    /// That of no rows.
    pub const EMPTY: Self = Self([0; 4]);

    /// Adds a row, as its line without the line feed.
    pub fn add(&mut self, row: &[u8]) {
        self.combine(&Sha256::of(row).into());
    }

    /// That of the rows that these lines are.
    pub fn of_lines(bytes: &[u8]) -> Self {
        let mut digest = Self::EMPTY;
        lines(bytes).for_each(|row| digest.add(row));
        digest
    }

    /// Adds the rows of another one.
    pub fn combine(&mut self, other: &Self) {
        let mut carry = false;
        for (piece, more) in self.0.iter_mut().zip(other.0).rev() {
            let (sum, first) = piece.overflowing_add(more);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*piece, carry) = (sum, first || second);
        }
    }
}

/// The rows of a part, without their line feeds.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    (!bytes.is_empty()).then(|| bytes.split(|byte| *byte == b'\n')).into_iter().flatten()
}

impl From<Sha256> for ContentDigest {
    fn from(digest: Sha256) -> Self {
        let mut number = [0; 4];
        for (piece, bytes) in number.iter_mut().zip(digest.bytes().as_chunks().0) {
            *piece = u64::from_be_bytes(*bytes);
        }
        Self(number)
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| write!(f, "{piece:016x}"))
    }
}

impl FromStr for ContentDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(|digest: Sha256| digest.into())
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
        let number = |high: u8, low: u8| {
            let mut bytes = [high; 32];
            bytes[31] = low;
            ContentDigest::from(Sha256::from_bytes(bytes))
        };
        let mut one = number(0xff, 0xff);
        one.combine(&number(0, 2));
        assert_eq!(one, number(0, 1));
        // A carry goes on where a piece alone would be full.
        let mut full = number(0xff, 0xff);
        full.combine(&number(0xff, 0xff));
        assert_eq!(full, number(0xff, 0xfe));
        assert_eq!(of(&["abc"]).to_string(), Sha256::of(b"abc").to_string());
        assert_eq!(of(&["abc"]).to_string().parse(), Ok(of(&["abc"])));
    }
}
