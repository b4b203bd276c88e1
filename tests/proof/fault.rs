//! What goes wrong at a point, by the names that the table and the command line have for it.

use nix::errno::Errno;
use nix::sys::signal::Signal;

use crate::tracer::Kind;

/// A fault of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A kill, then `recover`.
    Kill,
    /// The same, with a kill of `recover` as well, then `recover` again.
    KillTwice,
    /// A kill, then a `recover` in which one call fails with EIO, then `recover` again.
    KillThenError,
    /// The call fails once.
    Errno(Errno),
    /// A write writes half of its bytes.
    Short,
    /// The command is asked to end.
    Signal(Signal),
}

pub const FAULTS: [Fault; 11] = [
    Fault::Kill,
    Fault::KillTwice,
    Fault::KillThenError,
    Fault::Errno(Errno::EIO),
    Fault::Errno(Errno::ENOSPC),
    Fault::Errno(Errno::EDQUOT),
    Fault::Errno(Errno::EROFS),
    Fault::Errno(Errno::EACCES),
    Fault::Errno(Errno::EMFILE),
    Fault::Short,
    Fault::Signal(Signal::SIGTERM),
];

impl Fault {
    pub fn name(self) -> String {
        match self {
            Self::Kill => "kill".to_owned(),
            Self::KillTwice => "kill-twice".to_owned(),
            Self::KillThenError => "kill-then-error".to_owned(),
            Self::Errno(errno) => format!("{errno:?}"),
            Self::Short => "short-write".to_owned(),
            Self::Signal(signal) => signal.as_str().to_owned(),
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        FAULTS.into_iter().find(|fault| fault.name() == name)
    }

    /// What is done at the first of its points.
    pub fn kind(self) -> Kind {
        match self {
            Self::Kill | Self::KillTwice | Self::KillThenError => Kind::Kill,
            Self::Errno(errno) => Kind::Errno(errno),
            Self::Short => Kind::Short,
            Self::Signal(signal) => Kind::Signal(signal),
        }
    }

    /// What is done at a point of the recovery after it.
    pub fn second(self) -> Option<Kind> {
        match self {
            Self::KillTwice => Some(Kind::Kill),
            Self::KillThenError => Some(Kind::Errno(Errno::EIO)),
            Self::Kill | Self::Errno(_) | Self::Short | Self::Signal(_) => None,
        }
    }
}
