//! Follows the live database while it is in use: a copy that is brought up to the last commit by the pages that were
//! changed, so that what is left to do after a stop does not grow with the database.
//!
//! A connection of ours reads all the time (`hold`). Meanwhile the log keeps every frame that was written, and the main
//! file gets nothing that is newer than the beginning of the reading. So the copy may be taken page by page from a file
//! that is in use: whatever it got wrong is in a frame of the log (`scan`), and is copied again from there (`apply`).
//! The reading is handed over from one connection to the other, so that the log is brought into the main file in small
//! pieces; and a service that waits for all readers to go is let through at once (`aside`).

mod apply;
mod aside;
mod background;
mod base;
mod changes;
mod error;
mod finish;
mod hold;
pub(crate) mod index;
pub(crate) mod log;
mod scan;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use background::Following;
pub use error::{FollowError, Lost};
pub use finish::Caught;

use crate::sys::clock::Stopwatch;
use crate::sys::fs::PathError;
use crate::sys::room;
use crate::sys::watch::Watch;
use crate::sys::write_behind::PORTION;
use aside::{Synced, Waiting};
use changes::Changes;
use hold::Hold;
use scan::Place;

/// The log may become as long as this, or a quarter of the database if that is more.
const LOG_LIMIT: u64 = 1 << 30;
/// Of the disk so much is left to others.
const RESERVE: u64 = 64 << 20;
/// A round that took less leaves so little that another one gains nothing.
const ENOUGH: Duration = Duration::from_millis(20);
/// How often what was written while the log was brought into the main file is brought in as well.
const CHASES: u32 = 3;
/// How many rounds are made at the most before what is left is left.
const ROUNDS: u32 = 5;

/// A copy of a database in use, and all that is known of what was written since.
pub struct Follower {
    // The connections go before any descriptor of the live files is closed.
    hold: Hold,
    copy: Arc<File>,
    copy_path: PathBuf,
    page_size: u32,
    changes: Changes,
    place: Place,
    waiting: Option<Waiting>,
    pages: u64,
    /// Pages that were written into the copy since it was synced.
    unsynced: u64,
    /// How long it is until the next look at who waits.
    look: Duration,
}

/// What comes after the copy was brought up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is brought up to now again before the stop: the sync of a few pages may wait until then.
    Rehearsal,
    /// The exchange, which syncs the copy with the service stopped, and is to find nothing of what is known now.
    Stop,
}

/// What one round took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Pages that were copied again.
    pub pages: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Follower {
    /// Brings the copy up to the last commit in rounds, each of which leaves less, until one is so short that another one
    /// would gain nothing. What is in the log is in the main file then, as far as it can be, and the copy is durable but for
    /// what may wait until what comes `next`.
    ///
    /// # Errors
    /// [`FollowError::Lost`]: the copy can only be compared, or taken anew.
    pub fn settle_down(&mut self, next: Next, watch: &dyn Watch) -> Result<Round, FollowError> {
        let mut last = self.round(next, watch)?;
        for _ in 1..ROUNDS {
            if last.elapsed < ENOUGH {
                break;
            }
            last = self.round(next, watch)?;
        }
        Ok(last)
    }

    /// From now on the pages are counted that are copied again: [`Caught::pages`] is 0 only where nothing is written.
    pub fn count_anew(&mut self) {
        self.pages = 0;
    }

    /// One round: the copy is brought up to now, and so is what is in the main file.
    fn round(&mut self, next: Next, watch: &dyn Watch) -> Result<Round, FollowError> {
        let taken = Stopwatch::start();
        self.read_on()?;
        let pages = self.apply(watch)?;
        self.settle()?;
        let may_wait = match next {
            Next::Rehearsal => PORTION,
            Next::Stop => 1,
        };
        if self.unsynced * u64::from(self.page_size) >= may_wait {
            self.sync(Synced::Copy)?;
        }
        Ok(Round { pages, elapsed: taken.elapsed() })
    }

    /// Brings into the main file what was in the log when the reading began, and makes it durable: SQLite itself syncs that
    /// file only after a whole checkpoint, and the next writer, or the last catching up, would have to do all of it.
    fn settle(&mut self) -> Result<(), FollowError> {
        for _ in 0..CHASES {
            self.hold.checkpoint()?;
            let is_full = self.index()?.is_full();
            // Where all of it is in the main file, a reading of ours lets the log begin again, so that it stays short: a
            // service that empties it at its stop has less to do. Else somebody has written meanwhile.
            self.read_on()?;
            if is_full {
                break;
            }
        }
        self.sync(Synced::Main)?;
        self.check_kept()
    }

    fn check_kept(&self) -> Result<(), FollowError> {
        if self.hold.is_kept()? { Ok(()) } else { Err(self.lost(Lost::Locks)) }
    }

    /// Gives up where the log, which cannot begin again while we read, takes too much.
    fn check_room(&self) -> Result<(), FollowError> {
        let files = &self.hold.files;
        let bytes = files.log_length()?;
        if bytes > LOG_LIMIT.max(files.length()? / 4) {
            return Err(self.lost(Lost::TooLong { bytes }));
        }
        let available = room::space(&files.path)?.available;
        if available < RESERVE.min(bytes) {
            return Err(self.lost(Lost::NoRoom { available }));
        }
        Ok(())
    }

    fn lost(&self, why: Lost) -> FollowError {
        FollowError::lost(&self.hold.files.path, why)
    }

    fn on_copy<E: Into<std::io::Error>>(&self, operation: &'static str) -> impl FnOnce(E) -> PathError {
        PathError::on(operation, &self.copy_path)
    }
}
