//! What a sweep came to.

use super::subject::Verdict;

/// How many points were tried, and how they ended.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub points: usize,
    /// Points that there are and that were not tried.
    pub passed_over: usize,
    pub old: usize,
    pub new: usize,
    pub bad: Vec<String>,
    /// What the harness could not see.
    pub unknown: Vec<String>,
}

impl Tally {
    pub fn count(&mut self, verdict: Verdict, point: &str) {
        self.points += 1;
        match verdict {
            Verdict::Old => self.old += 1,
            Verdict::New => self.new += 1,
            Verdict::Bad(words) => self.bad.push(format!("{point}: {words}")),
        }
    }
}

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Of what chance may leave at one moment.
    pub each: usize,
    /// In all.
    pub most: usize,
}
