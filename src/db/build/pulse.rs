//! How far two threads are, and whether they are to go on.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::Result;
use super::error::{BuildError, sqlite};
use crate::sys::watch::Watch;

/// Shared by whoever works and whoever waits; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Pulse(Arc<Beat>);

#[derive(Default)]
struct Beat {
    done: AtomicU64,
    total: AtomicU64,
    stopped: Arc<AtomicBool>,
}

/// How often whoever watches hears of it.
const TICK: Duration = Duration::from_millis(50);

impl Pulse {
    /// So many rows more are done.
    pub(super) fn advance(&self, rows: u64) {
        self.0.done.fetch_add(rows, Ordering::Relaxed);
    }

    /// So many rows more are to be done.
    pub(super) fn expect(&self, rows: u64) {
        self.0.total.fetch_add(rows, Ordering::Relaxed);
    }

    /// Whether to give up.
    pub(super) fn stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }

    /// One that is stopped with this one, and counts for nobody.
    pub(super) fn silent(&self) -> Self {
        Self(Arc::new(Beat { stopped: Arc::clone(&self.0.stopped), ..Beat::default() }))
    }

    /// Lets a connection end in the midst of a statement.
    pub(super) fn interrupts(&self, connection: &mut Connection) -> Result<()> {
        let pulse = self.clone();
        let set = connection.progress_handler(10_000, Some(move || pulse.stopped()));
        set.map_err(sqlite("watch a connection"))
    }

    /// Does two things at once. When one of them fails the other is called off.
    pub(super) fn both<A: Send, B: Send>(
        &self,
        watch: &dyn Watch,
        one: impl FnOnce() -> Result<A> + Send,
        other: impl FnOnce() -> Result<B> + Send,
    ) -> Result<(A, B)> {
        let (ended, ends) = channel::<()>();
        thread::scope(|scope| {
            let (first, second) = (ended.clone(), ended);
            let one = scope.spawn(move || self.until_failure(one, first));
            let other = scope.spawn(move || self.until_failure(other, second));
            // Both have ended when nobody is left who could say so.
            while ends.recv_timeout(TICK) != Err(RecvTimeoutError::Disconnected) {
                watch.progress(self.0.done.load(Ordering::Relaxed), self.0.total.load(Ordering::Relaxed));
                if watch.cancelled() {
                    self.stop();
                }
            }
            let one = one.join().unwrap_or_else(|panic| resume_unwind(panic));
            let other = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            match (one, other) {
                (Ok(one), Ok(other)) => Ok((one, other)),
                // Called off was the other one, not the cause.
                (Err(BuildError::Cancelled), Err(error)) | (Err(error), _) | (_, Err(error)) => Err(error),
            }
        })
    }

    fn until_failure<T>(&self, work: impl FnOnce() -> Result<T>, ended: std::sync::mpsc::Sender<()>) -> Result<T> {
        let result = work();
        if result.is_err() {
            self.stop();
        }
        drop(ended);
        match result {
            Err(error) if self.stopped() && was_interrupted(&error) => Err(BuildError::Cancelled),
            result => result,
        }
    }
}

fn was_interrupted(error: &BuildError) -> bool {
    let (BuildError::Sqlite { source, .. }
    | BuildError::Statement { source, .. }
    | BuildError::Question { source, .. }) = error
    else {
        return false;
    };
    source.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
}
