//! Why there is no way to a release, in numbers and names.

use std::fmt;

use thiserror::Error;

use crate::version::{Target, Version, VersionRange};

/// Why there is no way to what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoWay {
    /// The manifest has no such release.
    #[error("there is no release `{target}` in the manifest{}", next_to(.nearest))]
    Unknown {
        /// What was asked for.
        target: Target,
        /// Those next to it that are offered, ascending; empty if there are none.
        nearest: Vec<Version>,
        /// What is installed; nothing at the first installation.
        installed: Option<Version>,
    },
    /// There are such releases, and none may be chosen.
    #[error("no release{} is offered on the channel `{channel}`{}", of(.target.as_ref()), reasons(.left_out))]
    NotOffered {
        /// What was asked for; nothing: the newest.
        target: Option<Target>,
        /// The configured channel.
        channel: String,
        /// The newest of those that are left out.
        left_out: Vec<LeftOut>,
        /// What is installed; nothing at the first installation.
        installed: Option<Box<Version>>,
    },
    /// The release that was named is withdrawn.
    #[error("release `{version}` is withdrawn: {reason}")]
    Yanked {
        /// That release.
        version: Version,
        /// Why it is.
        reason: String,
    },
    /// That would be a rollback.
    #[error("release `{target}` is below the installed `{installed}`")]
    Below {
        /// What was asked for.
        target: Version,
        /// What is installed.
        installed: Version,
    },
    /// This installer is too old, or too new, for a release of the way.
    #[error("release `{version}` needs an installer {range}, and this one is {installer}")]
    NeedsInstaller {
        /// The release.
        version: Version,
        /// The installers that it needs.
        range: VersionRange,
        /// This installer.
        installer: Version,
    },
    /// A stop that must not be left out cannot be made.
    #[error("every way to `{to}` must stop at `{barrier}`, which {why}")]
    Blocked {
        /// What was asked for.
        to: Version,
        /// The stop.
        barrier: Version,
        /// What is wrong with it.
        why: Closed,
    },
    /// The installed release is one that cannot be left.
    #[error("no way leads on from the installed release `{version}`: {reason}")]
    DeadEnd {
        /// The installed release.
        version: Version,
        /// Why that is.
        reason: String,
    },
    /// The ranges of the releases leave a gap.
    #[error("no way leads from `{from}` to `{to}`: `{to}` takes {}, and no release in between closes the gap", takes(.accepts.as_ref()))]
    NoPath {
        /// Where the gap begins: the installed release, or a stop that must be made.
        from: Version,
        /// What cannot be reached: what was asked for, or a stop that must be made.
        to: Version,
        /// What may upgrade directly to it; nothing: any lower one of its major.
        accepts: Option<VersionRange>,
    },
    /// The target is of another major, and nothing says that it can be reached in place.
    #[error("release `{to}` is of another major than `{from}`, and no way in place leads from one to the other")]
    OtherMajor {
        /// The installed release, or a stop that must be made.
        from: Version,
        /// What was asked for, or a stop that must be made.
        to: Version,
    },
}

impl NoWay {
    /// What to do about it, where there is something.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Below { target, .. } => Some(format!("run `gantry-installer rollback --to {target}`")),
            Self::NeedsInstaller { range, .. } => Some(format!("install gantry-installer {range} first")),
            Self::Yanked { .. } => Some("choose another release".to_owned()),
            Self::Unknown { nearest, installed, .. } => {
                let commands: Vec<String> =
                    nearest.iter().map(|version| leads_to(version, installed.as_ref())).collect();
                (!commands.is_empty()).then(|| commands.join("; "))
            }
            Self::NotOffered { left_out, installed, .. } => {
                let named = left_out.iter().find(|left| !matches!(left.why, WhyLeftOut::Yanked(_)))?;
                Some(format!("name it exactly if you want it: {}", leads_to(&named.version, installed.as_deref())))
            }
            Self::Blocked { .. } | Self::DeadEnd { .. } | Self::NoPath { .. } | Self::OtherMajor { .. } => None,
        }
    }
}

/// The command that goes to a release.
fn leads_to(version: &Version, installed: Option<&Version>) -> String {
    match installed {
        None => format!("run `gantry-installer install --to {version}`"),
        Some(installed) if installed < version => format!("run `gantry-installer upgrade --to {version}`"),
        Some(installed) if installed > version => {
            format!("to go back to {version} run `gantry-installer rollback --to {version}`")
        }
        Some(_) => format!("{version} is installed already"),
    }
}

/// Why a release that must be stopped at cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Closed {
    /// It is withdrawn.
    #[error("is withdrawn: {0}")]
    Yanked(String),
    /// Nothing leads on from it.
    #[error("leads nowhere: {0}")]
    DeadEnd(String),
}

/// A release that was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{version}` {why}")]
pub struct LeftOut {
    /// That release.
    pub version: Version,
    /// Why it was not.
    pub why: WhyLeftOut,
}

/// Why a release is not chosen unless it is named exactly.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WhyLeftOut {
    /// It is withdrawn, with the reason.
    #[error("is withdrawn: {0}")]
    Yanked(String),
    /// It is of a channel that is not followed.
    #[error("is of the channel `{0}`")]
    Channel(String),
    /// It is a pre-release.
    #[error("is a pre-release")]
    Prerelease,
    /// It is held on this machine.
    #[error("is held here")]
    Held,
}

fn next_to(versions: &[Version]) -> String {
    match versions {
        [] => String::new(),
        [one] => format!("; the nearest is {one}"),
        more => format!("; the nearest are {}", list(more)),
    }
}

fn of(target: Option<&Target>) -> String {
    target.map_or_else(String::new, |target| format!(" of `{target}`"))
}

fn reasons(left_out: &[LeftOut]) -> String {
    if left_out.is_empty() { String::new() } else { format!(": {}", list(left_out)) }
}

fn takes(accepts: Option<&VersionRange>) -> String {
    accepts.map_or_else(|| "any lower one of its major".to_owned(), |range| format!("`{range}`"))
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
