//! The digest of many rows, on a thread of its own: to read rows and to add them up takes about the same time.

use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::transfer::content::{ContentDigest, lines};

/// Rows on their way to being added up.
pub struct Sum {
    batch: Vec<u8>,
    adding: SyncSender<Vec<u8>>,
}

/// How much is handed over at once.
const BATCH: usize = 256 << 10;

/// The number and the digest of all rows that `rows` takes in.
///
/// # Errors
/// Those of `rows`.
pub fn summed<E>(rows: impl FnOnce(&mut Sum) -> Result<(), E>) -> Result<(u64, ContentDigest), E> {
    thread::scope(|scope| {
        let (adding, batches) = sync_channel::<Vec<u8>>(2);
        let added = scope.spawn(move || {
            let (mut count, mut digest) = (0, ContentDigest::EMPTY);
            for batch in batches {
                for row in lines(&batch) {
                    count += 1;
                    digest.add(row);
                }
            }
            (count, digest)
        });
        let mut sum = Sum { batch: Vec::with_capacity(BATCH), adding };
        let read = rows(&mut sum);
        sum.hand_over();
        drop(sum);
        let added = added.join().unwrap_or_else(|panic| resume_unwind(panic));
        read.map(|()| added)
    })
}

impl Sum {
    /// Takes the row in that `write` appends as one line, without its line feed.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn row<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        write(&mut self.batch)?;
        self.batch.push(b'\n');
        if self.batch.len() >= BATCH {
            self.hand_over();
        }
        Ok(())
    }

    fn hand_over(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        // Nobody is there to take it only after a panic, which goes on where the other thread is joined.
        let _ = self.adding.send(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_added_up_elsewhere_make_the_same_digest() {
        for count in [0_u64, 1, 2, 40_000] {
            let lines: Vec<String> = (0..count).map(|number| format!("[{number},\"row\"]")).collect();
            let mut expected = ContentDigest::EMPTY;
            lines.iter().for_each(|line| expected.add(line.as_bytes()));
            let add = |sum: &mut Sum| {
                lines.iter().try_for_each(|line| {
                    sum.row(|batch| {
                        batch.extend_from_slice(line.as_bytes());
                        Ok::<_, ()>(())
                    })
                })
            };
            assert_eq!(summed(add), Ok((count, expected)));
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_ends_it() {
        assert_eq!(summed(|sum: &mut Sum| sum.row(|_| Err("damaged"))), Err("damaged"));
    }
}
