//! How long a start may take: longer while it shows progress.

use std::time::Duration;

/// The time allowed, and the signs of life that extend it.
#[derive(Debug)]
pub(super) struct Patience {
    timeout: Duration,
    until: Duration,
    progress: Option<String>,
    sign: Option<Vec<u8>>,
}

/// Progress extends the time to this many times the configured one at most: words that change for ever end too.
const MOST: u32 = 10;

impl Patience {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, until: timeout, progress: None, sign: None }
    }

    /// What the manager tells at `now`, which like all times here counts from the start.
    pub(super) fn saw_progress(&mut self, progress: &str, now: Duration) {
        if self.progress.as_deref().is_some_and(|before| before != progress) {
            self.extend(now);
        }
        self.progress = Some(progress.to_owned());
    }

    /// What an answer tells that says "not yet".
    pub(super) fn saw_answer(&mut self, sign: Option<Vec<u8>>, now: Duration) {
        let Some(sign) = sign else { return };
        if self.sign.as_ref().is_some_and(|before| *before != sign) {
            self.extend(now);
        }
        self.sign = Some(sign);
    }

    /// The time that is left at `now`.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }

    fn extend(&mut self, now: Duration) {
        self.until = now.saturating_add(self.timeout).min(self.timeout.saturating_mul(MOST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    // FM-29: a migration that runs inside the new service must not be taken for a failure while it gets on.
    #[test]
    fn progress_extends_the_time_and_words_that_stay_the_same_do_not() {
        let mut patience = Patience::new(seconds(60));
        patience.saw_progress("migrating 1", seconds(10));
        patience.saw_progress("migrating 1", seconds(20));
        assert_eq!(patience.left(seconds(20)), seconds(40), "the first words are not a change");
        patience.saw_progress("migrating 2", seconds(50));
        assert_eq!(patience.left(seconds(50)), seconds(60));
        patience.saw_answer(Some(b"1 of 3".to_vec()), seconds(60));
        patience.saw_answer(Some(b"2 of 3".to_vec()), seconds(80));
        patience.saw_answer(None, seconds(90));
        assert_eq!(patience.left(seconds(80)), seconds(60));
    }

    #[test]
    fn words_that_change_for_ever_end_at_ten_times_the_time() {
        let mut patience = Patience::new(seconds(60));
        for second in 0..=600 {
            patience.saw_progress(&second.to_string(), seconds(second));
        }
        assert_eq!(patience.left(seconds(600)), Duration::ZERO);
    }
}
