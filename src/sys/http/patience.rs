//! How long to wait for a server, and how often to ask it again.

use std::time::Duration;

use crate::sys::clock::{self, Stopwatch};
use crate::sys::http::Problem;
use crate::sys::seam;
use crate::sys::watch::Watch;

/// How long a server is waited for, and how often it is asked again.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long nothing may come over a connection.
    pub stall: Duration,
    /// How long a small document may take in all, however slowly it drips.
    pub document: Duration,
    /// The fewest bytes that a download must bring in the time of `document`.
    pub least: u64,
    /// Attempts in a row that bring nothing; each byte that is nearer to the end counts as something.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    pub backoff: Duration,
    /// The longest wait before an attempt, also where the server asks for a longer one.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: seam::patience(Duration::from_secs(10)),
            stall: seam::patience(Duration::from_secs(30)),
            document: seam::patience(Duration::from_secs(120)),
            // 273 bytes a second: slower than any network that somebody upgrades over.
            least: 32 * 1024,
            attempts: 5,
            backoff: seam::patience(Duration::from_millis(500)),
            longest_wait: seam::patience(Duration::from_secs(60)),
        }
    }
}

/// Decides after each failure whether there is another attempt.
#[derive(Debug)]
pub(super) struct Retries {
    patience: Patience,
    failures: u32,
    reached: u64,
}

impl Retries {
    pub(super) fn new(patience: Patience, reached: u64) -> Self {
        Self { patience, failures: 0, reached }
    }

    /// Waits until the next attempt, `reached` bytes being there.
    ///
    /// # Errors
    /// `problem`, where another attempt would not help or where enough of them brought nothing.
    pub(super) fn after(&mut self, problem: Problem, reached: u64, watch: &dyn Watch) -> Result<(), Problem> {
        match self.wait(&problem, reached) {
            Some(wait) => pause(wait, watch),
            None => Err(problem),
        }
    }

    fn wait(&mut self, problem: &Problem, reached: u64) -> Option<Duration> {
        // The most that there ever was, not the last: a server that always begins again brings nothing.
        if reached > self.reached {
            self.reached = reached;
            self.failures = 0;
        }
        self.failures += 1;
        if !problem.may_pass() || self.failures >= self.patience.attempts {
            return None;
        }
        let asked = match problem {
            Problem::Status { retry_after, .. } => *retry_after,
            _ => None,
        };
        let doubled = 2u32.saturating_pow(self.failures - 1);
        let own = self.patience.backoff.saturating_mul(doubled).min(self.patience.longest_wait);
        // To come back earlier than the server asks would be of no use to either.
        asked.is_none_or(|asked| asked <= self.patience.longest_wait).then_some(asked.unwrap_or(own))
    }
}

fn pause(wait: Duration, watch: &dyn Watch) -> Result<(), Problem> {
    let begun = Stopwatch::start();
    while begun.elapsed() < wait {
        if watch.cancelled() {
            return Err(Problem::Cancelled);
        }
        clock::pause(Duration::from_millis(5).min(wait));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries() -> Retries {
        Retries::new(Patience::default(), 0)
    }

    fn cut(done: u64) -> Problem {
        Problem::Interrupted { done, source: None }
    }

    fn status(status: u16, retry_after: Option<u64>) -> Problem {
        Problem::Status { status, retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn the_waits_double_and_the_attempts_end() {
        let mut retries = retries();
        let waits: Vec<_> = (0..5).map(|_| retries.wait(&cut(0), 0).map(|wait| wait.as_millis())).collect();
        assert_eq!(waits, [Some(500), Some(1000), Some(2000), Some(4000), None]);
    }

    // FM-45
    #[test]
    fn progress_brings_new_attempts_but_beginning_again_does_not() {
        let mut retries = retries();
        for reached in 1..100 {
            assert_eq!(retries.wait(&cut(reached), reached), Some(Duration::from_millis(500)));
        }
        let waits = (0..5).filter_map(|_| retries.wait(&cut(50), 50)).count();
        assert_eq!(waits, 3);
    }

    // FM-50
    #[test]
    fn a_server_that_asks_for_time_gets_it_within_bounds() {
        assert_eq!(retries().wait(&status(503, Some(7)), 0), Some(Duration::from_secs(7)));
        assert_eq!(retries().wait(&status(429, Some(3600)), 0), None);
    }

    #[test]
    fn what_cannot_pass_is_not_asked_again() {
        for problem in [status(404, None), status(403, None), Problem::Cancelled, Problem::TooLong { limit: 1 }] {
            assert_eq!(retries().wait(&problem, 1000), None);
        }
    }
}
