//! What the header of a WAL index says (`-shm`, <https://sqlite.org/walformat.html#the_wal_index_file_format>). Pure: bytes
//! to values.

/// So many bytes tell everything that is asked here.
pub(crate) const LENGTH: usize = 136;

/// The version of the format (`WALINDEX_MAX_VERSION`).
const VERSION: u32 = 3_007_000;

/// Up to where the log is written, and how much of it is in the main file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    /// Of the generation of the log: they change whenever it begins again at its first frame.
    pub salts: [u8; 8],
    /// One more with each commit.
    pub commits: u32,
    /// Bytes of a page.
    pub page_size: u32,
    /// The last frame that is committed; 0 in an empty log.
    pub last_frame: u32,
    /// The length of the database in pages, as of that frame.
    pub pages: u32,
    /// The running checksum up to that frame.
    pub checksum: [u32; 2],
    /// Up to this frame the log was written into the main file.
    pub backfilled: u32,
}

impl Index {
    /// Whether the whole log is in the main file, so that a writer may begin it again.
    pub(crate) fn is_full(&self) -> bool {
        // Less, while a log begins again: its new length is there before the old number is gone.
        self.last_frame <= self.backfilled
    }

    /// Nothing where the bytes are being written just now, or were never written whole: both copies of the header must
    /// be the same and carry their checksum.
    pub(crate) fn parse(bytes: &[u8; LENGTH]) -> Option<Self> {
        let (first, rest) = bytes.split_first_chunk::<48>()?;
        let (second, info) = rest.split_first_chunk::<48>()?;
        let word = |at: usize| first.get(at..)?.first_chunk().map(|four| u32::from_ne_bytes(*four));
        let summed = first.get(..40)?;
        let sum = checksum([0, 0], summed, NATIVE);
        let is_initialized = *first.get(12)? != 0;
        if first != second || !is_initialized || word(0)? != VERSION || [word(40)?, word(44)?] != sum {
            return None;
        }
        let short = u16::from_ne_bytes(*first.get(14..)?.first_chunk()?);
        let page_size = if short == 1 { 65536 } else { u32::from(short) };
        let index = Self {
            salts: *first.get(32..)?.first_chunk()?,
            commits: word(8)?,
            page_size,
            last_frame: word(16)?,
            pages: word(20)?,
            checksum: [word(24)?, word(28)?],
            backfilled: u32::from_ne_bytes(*info.first_chunk()?),
        };
        // Before the first commit of a new index no page size is noted.
        let fits = page_size.is_power_of_two() && (512..=65536).contains(&page_size);
        (fits || (page_size == 0 && index.last_frame == 0)).then_some(index)
    }
}

/// In which order the bytes of a word stand where they are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

/// That of the machine, in which everything in the index is.
const NATIVE: Order = if cfg!(target_endian = "little") { Order::Little } else { Order::Big };

/// The checksum of a log and of its index: two sums over pairs of words
/// (<https://sqlite.org/fileformat2.html#checksum_algorithm>). What is left of `bytes` behind the last pair is not summed.
pub(crate) fn checksum(before: [u32; 2], bytes: &[u8], order: Order) -> [u32; 2] {
    match order {
        Order::Little => sum(before, bytes, u32::from_le_bytes),
        Order::Big => sum(before, bytes, u32::from_be_bytes),
    }
}

fn sum(before: [u32; 2], bytes: &[u8], word: impl Fn([u8; 4]) -> u32) -> [u32; 2] {
    let [mut a, mut b] = before;
    let (pairs, _) = bytes.as_chunks::<8>();
    for [b0, b1, b2, b3, b4, b5, b6, b7] in pairs {
        a = a.wrapping_add(word([*b0, *b1, *b2, *b3])).wrapping_add(b);
        b = b.wrapping_add(word([*b4, *b5, *b6, *b7])).wrapping_add(a);
    }
    [a, b]
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test reads the index that SQLite wrote")]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    /// The index of a database with three commits: two tables, and a row that takes a page of its own.
    fn written() -> [u8; LENGTH] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        let words = "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; CREATE TABLE a (b); CREATE TABLE c (d);
                     INSERT INTO a VALUES (zeroblob(2000))";
        connection.execute_batch(words).unwrap();
        let mut bytes = [0; LENGTH];
        std::fs::File::open(directory.path().join("a.db-shm")).unwrap().read_exact(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_index_that_sqlite_writes_is_understood() {
        let index = Index::parse(&written()).unwrap();
        assert_eq!((index.page_size, index.pages, index.commits, index.backfilled), (1024, 4, 3, 0));
        assert!(index.last_frame >= 4 && !index.is_full());
    }

    #[test]
    fn a_header_with_any_byte_changed_is_refused() {
        let whole = written();
        for at in 0..96 {
            let mut torn = whole;
            torn[at] ^= 1;
            assert_eq!(Index::parse(&torn), None, "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_index_or_none(bytes in prop::collection::vec(any::<u8>(), LENGTH)) {
            let bytes: [u8; LENGTH] = bytes.try_into().unwrap();
            prop_assert_eq!(Index::parse(&bytes), None);
        }

        #[test]
        fn a_checksum_goes_on_where_another_ended(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..25) {
            let cut = (cut * 8).min(bytes.len() / 8 * 8);
            let (one, two) = bytes.split_at(cut);
            let sum = checksum(checksum([0, 0], one, Order::Big), two, Order::Big);
            prop_assert_eq!(sum, checksum([0, 0], &bytes, Order::Big));
        }
    }
}
