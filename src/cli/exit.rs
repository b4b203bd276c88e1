//! The only table of outcomes, their words and their exit codes.

use serde::Serialize;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done.
    Done,
    /// There was nothing to do.
    Nothing,
    /// Failed; nothing was changed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Refused, with reasons; or findings of a check.
    Refused,
    /// The gate refused, and the command was not started.
    #[serde(rename = "refused")]
    Gated,
    /// Failed; the old state is restored and runs.
    Restored,
    /// A recovery took everything back, as it was asked to.
    #[serde(rename = "restored")]
    Recovered,
    /// Failed and not restored: a person is needed.
    Stranded,
    /// An unfinished run was found.
    Unfinished,
    /// Another run holds the lock.
    Locked,
    /// A bug in the installer.
    Bug,
}

impl Outcome {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done | Self::Nothing | Self::Recovered => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Restored => 4,
            Self::Stranded => 5,
            Self::Unfinished => 6,
            Self::Locked => 7,
            Self::Bug => 70,
            // systemd does not restart a service that ends so, with RestartPreventExitStatus=78.
            Self::Gated => 78,
        }
    }
}
