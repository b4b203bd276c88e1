//! Why a step could not be performed or taken back.

use std::error::Error;

use thiserror::Error;

use crate::db::fault;
use crate::journal::record::RecordError;
use crate::migration::{LedgerNameError, MigrationError};
use crate::sys::fs::PathError;
use crate::version::Version;

/// A step that failed: what was tried, the cause, and the way out.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct StepError {
    /// Stable, for scripts.
    pub code: &'static str,
    /// What was tried, on what.
    pub message: String,
    /// The way out, if there is one besides trying again.
    pub remedy: String,
    /// Whether the release is to blame.
    pub blame: Blame,
    /// Which release, where it is not the one that the run goes to.
    pub about: Option<Box<Version>>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Who is to blame for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The release: it is held, and not taken again by itself.
    Release,
    /// The machine, the network, the operator.
    World,
}

impl StepError {
    /// A failure that the release is not to blame for.
    pub fn world(code: &'static str, message: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            code,
            message: message.into(),
            remedy: String::new(),
            blame: Blame::World,
            about: None,
            source: Some(Box::new(source)),
        }
    }

    /// A failure that the release is to blame for, unless its causes show that the machine is.
    pub fn release(code: &'static str, message: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        let blame = if fault::is_of_the_machine(&source) { Blame::World } else { Blame::Release };
        Self { blame, ..Self::world(code, message, source) }
    }

    /// A finding that has no other cause.
    pub fn finding(code: &'static str, message: impl Into<String>, blame: Blame) -> Self {
        Self { code, message: message.into(), remedy: String::new(), blame, about: None, source: None }
    }

    /// The same in other words.
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Names the release that it is about.
    pub fn about(mut self, version: &Version) -> Self {
        self.about = Some(Box::new(version.clone()));
        self
    }

    /// Adds the way out.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// The failure of a release that is not there though the plan needs it.
    pub fn not_on_disk(version: &Version) -> Self {
        Self::finding("not-on-disk", format!("release {version} is not on disk any more"), Blame::World)
    }
}

macro_rules! from {
    ($($source:ty => $code:literal;)*) => {$(
        impl From<$source> for StepError {
            fn from(error: $source) -> Self {
                // The error says enough by itself; the repeated words are dropped where the chain is shown.
                Self::world($code, error.to_string(), error)
            }
        }
    )*};
}

from! {
    PathError => "file";
    RecordError => "record";
    LedgerNameError => "ledger";
    MigrationError => "migrations";
}
