//! Time: the wall clock, which may be wrong, and the monotonic one, which is for durations and deadlines.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::sys::fs::{self, PathError};

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

/// Milliseconds since the boot, those of a suspended machine among them: proc_uptime(5).
///
/// # Errors
/// Where `/proc` is not mounted.
pub fn since_boot() -> Result<u64, PathError> {
    let path = Path::new("/proc/uptime");
    let text = fs::read(path)?;
    let text = String::from_utf8_lossy(&text);
    let (seconds, hundredths) = text.split_whitespace().next().and_then(|now| now.split_once('.')).unwrap_or_default();
    let parsed = seconds.parse::<u64>().ok().zip(hundredths.parse::<u64>().ok());
    let wrong = || PathError::on("understand", path)(io::Error::from(io::ErrorKind::InvalidData));
    parsed.map(|(seconds, hundredths)| seconds * 1000 + hundredths * 10).ok_or_else(wrong)
}

/// The same of clock ticks since the boot, as `/proc/PID/stat` counts them. Whatever the kernel's own, those that it shows
/// are hundredths of a second on every architecture that this program is built for.
pub fn of_ticks(ticks: u64) -> u64 {
    ticks.saturating_mul(10)
}
