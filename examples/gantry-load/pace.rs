//! When a worker sends its next write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const LONGEST_LAG: Duration = Duration::from_millis(200);

/// Even steps in time; what a service that was down made late is not made up for in a burst.
#[derive(Debug)]
pub struct Pace {
    step: Duration,
    next: Instant,
}

impl Pace {
    /// One of `workers` that together make `rate` writes a second.
    pub fn of_one(worker: u32, workers: u32, rate: u32) -> Self {
        let step = Duration::from_secs(1) * workers / rate.max(1);
        Self { step, next: Instant::now() + step * worker / workers }
    }

    /// Waits for the next step; says false when there is none because the load ends.
    pub fn wait(&mut self, ending: &Ending) -> bool {
        if self.next + LONGEST_LAG < Instant::now() {
            self.next = Instant::now();
        }
        if ending.deadline.is_some_and(|deadline| deadline <= self.next) {
            return false;
        }
        std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
        self.next += self.step;
        !ending.is_here()
    }
}

/// When the load ends: at its time, or when it is asked to.
#[derive(Debug)]
pub struct Ending {
    /// Set by SIGTERM and SIGINT.
    pub asked: std::sync::Arc<AtomicBool>,
    /// The end of `--duration`.
    pub deadline: Option<Instant>,
}

impl Ending {
    /// Whether to stop now.
    pub fn is_here(&self) -> bool {
        self.asked.load(Ordering::Relaxed) || self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}
