//! Lets a service through that waits for us.
//!
//! Whoever wants the whole log in the main file, and then a log that begins again (`SQLITE_CHECKPOINT_FULL` and what is
//! above it), locks out all writers and waits for readers as long as its busy timeout lasts: first for those that
//! began before the last frame, then for all that read the log at all. It is seen by its locks, within two looks. A
//! reading of ours that begins now is in nobody's way: first it begins at the last frame and, once all of the log is in
//! the main file, it reads nothing of the log. So there is never a moment without one.

use std::time::Duration;

use super::index::Index;
use super::{FollowError, Follower};
use crate::sys::clock::{self, Stopwatch};
use crate::sys::fs::PathError;
use crate::sys::seam;

/// Between two looks: a busy service looks again after 1, 2, 5, 10, 15, 20, 25 and more milliseconds.
pub(super) const LOOK: Duration = Duration::from_millis(2);
/// The same while the service is stopped: it is to be through when it looks again for the first time.
pub(super) const CLOSE_LOOK: Duration = Duration::from_micros(250);
/// Somebody who waits for others as well is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many frames behind, the log is read.
const BEHIND: u32 = 64;

/// A log of so many frames is read from then on: half of what SQLite's own checkpoints wait for.
const UNREAD: u32 = 500;

/// A process that had the log to itself at the last look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pid: i32,
    index: Index,
    since: Stopwatch,
}

/// What is made durable.
#[derive(Clone, Copy)]
pub(super) enum Synced {
    Main,
    Copy,
}

impl Follower {
    /// Looks whether somebody waits for us, and lets him through. To be called every few milliseconds.
    pub(super) fn let_through(&mut self) -> Result<(), FollowError> {
        let Some(pid) = self.hold.files.sole_user()? else {
            self.waiting = None;
            return Ok(());
        };
        // While its index is being written nobody waits.
        let Some(index) = self.hold.files.index()? else { return Ok(()) };
        match self.waiting {
            // A writer and a checkpoint of one service may meet; where nothing moves, one of them is waiting.
            Some(seen) if seen.pid == pid && seen.index == index => {
                if seen.since.elapsed() >= self.look {
                    self.waiting = None;
                    return self.step_aside(pid);
                }
            }
            _ => self.waiting = Some(Waiting { pid, index, since: Stopwatch::start() }),
        }
        Ok(())
    }

    /// The same, and reads the log where it has grown, so that little is left to read when it matters.
    pub(super) fn keep_up(&mut self) -> Result<(), FollowError> {
        self.let_through()?;
        match self.hold.files.index()? {
            Some(index) if self.is_behind(&index) => self.scan()?,
            _ => return Ok(()),
        }
        if self.place.unread && self.place.seen.last_frame >= UNREAD { self.read_on() } else { Ok(()) }
    }

    fn is_behind(&self, index: &Index) -> bool {
        let seen = &self.place.seen;
        index.salts != seen.salts || index.last_frame >= seen.last_frame.saturating_add(BEHIND)
    }

    fn step_aside(&mut self, pid: i32) -> Result<(), FollowError> {
        let taken = Stopwatch::start();
        self.read_on()?;
        while self.hold.files.sole_user()? == Some(pid) && taken.elapsed() < PATIENCE {
            if self.hold.files.index()?.is_none_or(|index| index.is_full()) {
                return self.read_on();
            }
            clock::pause(Duration::from_micros(200));
        }
        Ok(())
    }

    /// The reading begins where the log is now. There is no gap: the other connection reads before the log is read up to
    /// its last frame, and only then the first one rests.
    pub(super) fn read_on(&mut self) -> Result<(), FollowError> {
        // What comes next takes a lock again, and would hide that there was none.
        self.check_kept()?;
        self.hold.renew()?;
        self.place.unread = false;
        self.scan()?;
        self.hold.hand_over()
    }

    /// Makes a file durable, which may take long, and lets others through meanwhile.
    pub(super) fn sync(&mut self, what: Synced) -> Result<(), FollowError> {
        seam::cross("sync a database");
        let path = match what {
            Synced::Main => &self.hold.files.path,
            Synced::Copy => &self.copy_path,
        };
        let path = path.clone();
        // Not a duplicate of the main file's descriptor: closing that one would lose the locks.
        let file = match what {
            Synced::Main => self.hold.files.main.clone(),
            Synced::Copy => self.copy.clone(),
        };
        let mut followed = Ok(());
        let synced = std::thread::scope(|scope| {
            let work = scope.spawn(|| file.sync_data());
            while !work.is_finished() {
                if followed.is_ok() {
                    followed = self.keep_up();
                }
                clock::pause(Duration::from_micros(500));
            }
            work.join().unwrap_or_else(|_| Err(std::io::Error::other("the sync ended in a panic")))
        });
        synced.map_err(PathError::on("sync", &path)).inspect_err(|_| self.hold.leave_log())?;
        if let Synced::Copy = what {
            self.unsynced = 0;
        }
        followed
    }
}
