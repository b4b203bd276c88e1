//! Following while others work: the rehearsal on the copy takes as long as it takes, and a service that waits for us must be
//! let through at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::aside::{CLOSE_LOOK, LOOK};
use super::{FollowError, Follower};
use crate::sys::clock::Stopwatch;
use crate::sys::fs::PathError;

/// How often the length of the log is looked at.
const OFTEN: Duration = Duration::from_millis(250);
/// So many bytes of the log are brought into the main file at once, so that nobody has to bring in more than that, and the
/// log begins again before it is long: as many as SQLite's own checkpoints wait for, at the usual 4 KiB a page.
const SHARE: u64 = 4 << 20;

/// A follower at work in a thread of its own, which does not touch the copy. Dropped, it lets go of the database.
#[derive(Debug)]
pub struct Following {
    /// Hung up, it ends.
    line: Option<Sender<()>>,
    closely: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Follower, FollowError>>>,
}

impl Follower {
    /// Goes on following while the copy is in other hands.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn in_background(self) -> Result<Following, FollowError> {
        let (line, end) = mpsc::channel::<()>();
        let path = self.copy_path.clone();
        let mut follower = self;
        let closely = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&closely);
        let work = move || {
            let mut looked = Stopwatch::start();
            while end.recv_timeout(follower.look) == Err(RecvTimeoutError::Timeout) {
                follower.look = if asked.load(Ordering::Relaxed) { CLOSE_LOOK } else { LOOK };
                follower.keep_up()?;
                if looked.elapsed() >= OFTEN {
                    looked = Stopwatch::start();
                    follower.check_room()?;
                    follower.check_kept()?;
                    // During a stop a checkpoint of ours would only be in the way of the service's own.
                    if !asked.load(Ordering::Relaxed) && follower.owed() > SHARE {
                        follower.read_on()?;
                        follower.settle()?;
                    }
                }
            }
            follower.look = LOOK;
            Ok(follower)
        };
        let thread = Builder::new().name("follow".to_owned()).spawn(work);
        let thread = thread.map_err(PathError::on("start a thread that follows", &path))?;
        Ok(Following { line: Some(line), closely, thread: Some(thread) })
    }

    /// Bytes of the log that are not in the main file yet, as of the last look.
    fn owed(&self) -> u64 {
        let seen = &self.place.seen;
        u64::from(seen.last_frame.saturating_sub(seen.backfilled)) * u64::from(self.page_size)
    }
}

impl Following {
    /// From now on whoever waits is let through as soon as can be: the service is about to be stopped, and what it waits
    /// for then is downtime.
    pub fn look_closely(&self) {
        self.closely.store(true, Ordering::Relaxed);
    }

    /// Takes it back, to do something with the copy.
    ///
    /// # Errors
    /// Why it ended by itself.
    pub fn back(mut self) -> Result<Follower, FollowError> {
        self.end().unwrap_or_else(|| Err(ended()))
    }

    fn end(&mut self) -> Option<Result<Follower, FollowError>> {
        drop(self.line.take());
        let thread = self.thread.take()?;
        Some(thread.join().unwrap_or_else(|_| Err(ended())))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // The locks are gone when this returns: the service may be started next.
        drop(self.end());
    }
}

fn ended() -> FollowError {
    let error = std::io::Error::other("the thread ended in a panic");
    PathError::on("follow the database into", std::path::Path::new("a copy"))(error).into()
}
