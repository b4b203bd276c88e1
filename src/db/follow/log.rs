//! What a write-ahead log holds (`-wal`, <https://sqlite.org/fileformat2.html#the_write_ahead_log>). Pure: bytes to values.

use super::index::{Order, checksum};

/// Of the log's own header.
pub(crate) const HEADER: usize = 32;
/// Of the header of each frame.
pub(crate) const FRAME_HEADER: usize = 24;

const MAGIC_LITTLE: u32 = 0x377f_0682;
const MAGIC_BIG: u32 = 0x377f_0683;
const VERSION: u32 = 3_007_000;

/// One page as of one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Its number, from 1.
    pub page: u32,
    /// The length of the database in pages where a transaction ends here, else 0.
    pub commit: u32,
}

/// The frames of one generation of a log, each of which vouches for all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    salts: [u8; 8],
    page_size: u32,
    order: Order,
    checksum: [u32; 2],
}

impl Chain {
    /// Begins with the header of the log. Nothing where it is none, or torn.
    pub(crate) fn begin(header: &[u8; HEADER]) -> Option<Self> {
        let order = match number(header, 0)? {
            MAGIC_LITTLE => Order::Little,
            MAGIC_BIG => Order::Big,
            _ => return None,
        };
        let page_size = number(header, 8)?;
        let sum = checksum([0, 0], header.get(..24)?, order);
        let fits = page_size.is_power_of_two() && (512..=65536).contains(&page_size);
        let whole = number(header, 4)? == VERSION && [number(header, 24)?, number(header, 28)?] == sum;
        let salts = *header.get(16..)?.first_chunk()?;
        (fits && whole).then_some(Self { salts, page_size, order, checksum: sum })
    }

    /// Which generation this is.
    pub(crate) fn salts(&self) -> [u8; 8] {
        self.salts
    }

    /// Bytes of a page.
    pub(crate) fn page_size(&self) -> u32 {
        self.page_size
    }

    /// Over all frames so far.
    pub(crate) fn checksum(&self) -> [u32; 2] {
        self.checksum
    }

    /// Takes the next frame, header and page. Nothing, and the chain stays as it is, where the frame is not whole or is
    /// of another generation.
    pub(crate) fn take(&mut self, frame: &[u8]) -> Option<Frame> {
        let (header, page) = frame.split_first_chunk::<FRAME_HEADER>()?;
        let sum = checksum(checksum(self.checksum, header.get(..8)?, self.order), page, self.order);
        let is_next = header.get(8..16)? == self.salts && [number(header, 16)?, number(header, 20)?] == sum;
        let found = Frame { page: number(header, 0)?, commit: number(header, 4)? };
        if !is_next || page.len() != self.page_size as usize || found.page == 0 {
            return None;
        }
        self.checksum = sum;
        Some(found)
    }
}

/// Where a frame, counted from 1, begins in the file.
pub(crate) fn position(frame: u32, page_size: u32) -> u64 {
    HEADER as u64 + u64::from(frame.saturating_sub(1)) * (FRAME_HEADER as u64 + u64::from(page_size))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test reads the log that SQLite wrote")]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    const PAGE: usize = 512;

    /// A log of three commits.
    fn written() -> Vec<u8> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        let words = "PRAGMA page_size = 512; PRAGMA journal_mode = WAL; CREATE TABLE a (b); CREATE TABLE c (d);
                     INSERT INTO a VALUES (zeroblob(1000))";
        connection.execute_batch(words).unwrap();
        std::fs::read(directory.path().join("a.db-wal")).unwrap()
    }

    fn frames(log: &[u8]) -> Vec<Frame> {
        let (header, rest) = log.split_first_chunk().unwrap();
        let Some(mut chain) = Chain::begin(header) else { return Vec::new() };
        rest.chunks_exact(FRAME_HEADER + PAGE).map_while(|frame| chain.take(frame)).collect()
    }

    #[test]
    fn the_log_that_sqlite_writes_is_understood() {
        let log = written();
        let found = frames(&log);
        assert_eq!(found.len(), (log.len() - HEADER) / (FRAME_HEADER + PAGE));
        let commits: Vec<u32> = found.iter().map(|frame| frame.commit).filter(|pages| *pages > 0).collect();
        assert_eq!(commits, [2, 3, 5]);
        assert_eq!(position(2, PAGE as u32), (HEADER + FRAME_HEADER + PAGE) as u64);
    }

    proptest! {
        #[test]
        fn a_log_with_a_byte_changed_ends_before_that_frame(at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut log = written();
            let at = at.index(log.len());
            let whole = frames(&log);
            log[at] ^= 1 << bit;
            let last = if at < HEADER { 0 } else { (at - HEADER) / (FRAME_HEADER + PAGE) };
            // The checkpoint's number in the header is summed as well.
            prop_assert_eq!(&frames(&log)[..], &whole[..last]);
        }

        #[test]
        fn any_bytes_are_a_log_or_none(bytes in prop::collection::vec(any::<u8>(), HEADER..2000)) {
            prop_assert_eq!(frames(&bytes), vec![]);
        }
    }
}
