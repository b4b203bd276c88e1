//! Why something is not done, and what to do instead.

use serde::{Deserialize, Serialize};

/// One reason against a run, in words, with a code for scripts and the one safe next thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable, for scripts.
    pub code: String,
    /// What, on what, with numbers.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Refusal {
    /// A reason and its way out.
    pub fn new(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), remedy: remedy.into() }
    }
}
