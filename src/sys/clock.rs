//! Time: the wall clock, which may be wrong, and the monotonic one, which is for durations and deadlines.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// What the wall clock says. Compare it with the floor of what was trusted before believing it.
#[allow(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Measures a duration.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The time since the start in whole milliseconds.
    pub fn millis(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Waits between two looks at something that cannot tell of itself.
#[allow(clippy::disallowed_methods, reason = "the one place that sleeps; the caller looks again after it")]
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
