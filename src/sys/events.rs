//! Waiting: until something happens, or until the time is up.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::sys::clock::Stopwatch;

/// Longer than anything here waits; keeps the system's time types from overflowing.
const LONGEST: Duration = Duration::from_hours(24);

/// A moment by which something must have happened, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    since: Stopwatch,
    allowed: Duration,
}

impl Deadline {
    /// The moment that is `allowed` from now.
    pub fn after(allowed: Duration) -> Self {
        Self { since: Stopwatch::start(), allowed }
    }

    /// The time until then; zero once it has passed.
    pub fn left(&self) -> Duration {
        self.allowed.saturating_sub(self.since.elapsed())
    }

    /// Whether it has passed.
    pub fn has_passed(&self) -> bool {
        self.left().is_zero()
    }
}

/// Waits until one of `descriptors` has something to read, was closed at the other end, or `limit` is over.
/// Tells for each, in their order, whether it was the one; none after the limit.
///
/// # Errors
/// What `poll(2)` says; an interrupted wait goes on.
pub fn wait_for_any(descriptors: &[BorrowedFd<'_>], limit: Duration) -> io::Result<Vec<bool>> {
    let deadline = Deadline::after(limit.min(LONGEST));
    let mut watched: Vec<_> =
        descriptors.iter().map(|descriptor| PollFd::from_borrowed_fd(*descriptor, PollFlags::IN)).collect();
    loop {
        let left = Timespec::try_from(deadline.left()).map_err(io::Error::other)?;
        match poll(&mut watched, Some(&left)) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(watched.iter().map(|one| !one.revents().is_empty()).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn the_one_that_has_something_is_told_from_the_others() {
        let (quiet, _other_end) = UnixStream::pair().unwrap();
        let (loud, mut writer) = UnixStream::pair().unwrap();
        writer.write_all(b"x").unwrap();
        let happened = wait_for_any(&[quiet.as_fd(), loud.as_fd()], LONGEST).unwrap();
        assert_eq!(happened, [false, true]);
    }

    #[test]
    fn a_wait_for_nothing_ends_at_its_limit() {
        let (quiet, _other_end) = UnixStream::pair().unwrap();
        let deadline = Deadline::after(Duration::from_millis(1));
        assert_eq!(wait_for_any(&[quiet.as_fd()], Duration::from_millis(1)).unwrap(), [false]);
        assert!(deadline.has_passed());
    }
}
