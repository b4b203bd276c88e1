//! What dpkg asks of a package's scripts, and what comes of it: deb-preinst(5), deb-prerm(5), deb-postinst(5),
//! deb-postrm(5).
//!
//! It is decided by what is on the machine and by nothing that dpkg says of it: the last version that `postinst configure`
//! is told is the one that was last configured without a failure, whatever is installed now.

use super::observed::{Cause, Held};
use super::refusal::Refusal;
use crate::version::{Version, VersionError};

/// A script of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Before the files of the package are unpacked.
    Preinst,
    /// Before its files are removed or replaced.
    Prerm,
    /// After its files are there.
    Postinst,
    /// After its files are gone.
    Postrm,
    /// Not dpkg's: a unit at boot, or the operator, for what could not be done when the package was configured.
    Activate,
}

/// What a script is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Whether the package may come: the only refusal that leaves no trace.
    Admit,
    /// To make way for another version of the package.
    MakeWay(Version),
    /// To overrule the other version's refusal to make way.
    Overrule,
    /// To stop the product, which is about to go.
    Leave,
    /// To bring the machine to the release of the package.
    Configure,
    /// To set right what a broken off change left.
    Resume,
    /// The same, and to start the service that [`Self::Leave`] stopped.
    Return,
    /// Nothing that concerns the product.
    Nothing,
}

/// What a script is asked by its arguments, which are dpkg's.
///
/// # Errors
/// A version that is none of a release.
pub fn asked(script: Script, words: &[String]) -> Result<Asked, VersionError> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    Ok(match (script, word(0)) {
        (Script::Preinst, "install" | "upgrade") => Asked::Admit,
        (Script::Prerm, "upgrade") if word(1).is_empty() => Asked::Nothing,
        (Script::Prerm, "upgrade") => Asked::MakeWay(release_of(word(1))?),
        (Script::Prerm, "failed-upgrade") => Asked::Overrule,
        (Script::Prerm, "remove") => Asked::Leave,
        (Script::Postinst, "configure") | (Script::Activate, _) => Asked::Configure,
        (Script::Postinst, "abort-upgrade" | "abort-deconfigure") => Asked::Resume,
        (Script::Postinst, "abort-remove") => Asked::Return,
        _ => Asked::Nothing,
    })
}

/// The release of a package's version: without epoch and revision, `~` for the dash of a pre-release, and without what a
/// rebuild adds after `+`.
///
/// # Errors
/// What is left is no version of a release.
pub fn release_of(version: &str) -> Result<Version, VersionError> {
    let bare = version.split_once(':').map_or(version, |(_, bare)| bare);
    let bare = bare.rsplit_once('-').map_or(bare, |(bare, _)| bare);
    let bare = bare.split_once('+').map_or(bare, |(bare, _)| bare);
    bare.replace('~', "-").parse()
}

/// A release as apt names it.
pub fn version_of(release: &Version) -> String {
    release.to_string().replace('-', "~")
}

/// The machine, as far as it matters to a package.
#[derive(Clone, Debug)]
pub struct Stand<'a> {
    /// The package's name.
    pub package: &'a str,
    /// The release that it brings.
    pub release: &'a Version,
    /// The release that `current` points to.
    pub installed: Option<&'a Version>,
    /// The release that the package was last configured with.
    pub configured: Option<&'a Version>,
    /// Whether that very artifact failed here, or was gone back from.
    pub held: Option<&'a Held>,
    /// Whether it is to be taken all the same.
    pub retry: bool,
    /// The major that may be gone to though it is another one than the installed.
    pub major: Option<u64>,
    /// Why the service cannot be stopped and started here, if so.
    pub denied: Option<&'a str>,
    /// The run that was interrupted and has not been ended.
    pub interrupted: Option<&'a str>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing.
    Nothing,
    /// Nothing, and why.
    Say(String),
    /// An upgrade is planned, and nothing of it done.
    Check,
    /// The first installation.
    Install,
    /// An upgrade to the release of the package.
    Upgrade,
    /// The activation waits, and why.
    PutOff(String),
    /// A rollback, if it loses nothing.
    GoBack(Version),
    /// The service is stopped.
    Stop,
    /// An interrupted run is ended.
    Recover,
    /// The same, and the service is started.
    RecoverAndStart,
    /// The script fails.
    Refuse(Refusal),
}

/// What comes of what is asked.
pub fn decide(asked: &Asked, stand: &Stand<'_>) -> Deed {
    match asked {
        Asked::Nothing => Deed::Nothing,
        Asked::Overrule => Deed::Refuse(Refusal::new(
            "failed-upgrade",
            format!("the other version of {} refused to make way, and this one does not overrule it", stand.package),
            "do what the other version says above",
        )),
        Asked::Resume if stand.denied.is_none() => Deed::Recover,
        Asked::Return if stand.denied.is_none() => Deed::RecoverAndStart,
        Asked::Leave => leave(stand),
        Asked::Resume | Asked::Return => Deed::Nothing,
        Asked::Admit => admit(stand),
        Asked::MakeWay(new) => make_way(new, stand),
        Asked::Configure => configure(stand),
    }
}

fn admit(stand: &Stand<'_>) -> Deed {
    match stand.installed {
        // What is not known before the files are there is decided once they are.
        None => Deed::Nothing,
        Some(_) if stand.denied.is_some() => crosses(stand).map_or(Deed::Nothing, Deed::Refuse),
        Some(installed) if installed == stand.release => Deed::Nothing,
        Some(installed) if installed > stand.release => Deed::Refuse(below(installed, stand)),
        // The same files once more bring nothing that was not decided upon when they came.
        Some(_) if stand.configured == Some(stand.release) => Deed::Nothing,
        Some(_) => {
            // It is not unpacked yet, so there is nothing to configure.
            let again = format!("GANTRY_INSTALLER_RETRY=1 apt install {}={}", stand.package, version_of(stand.release));
            failed(&again, stand).or_else(|| crosses(stand)).map_or(Deed::Check, Deed::Refuse)
        }
    }
}

/// A removal takes the releases with it: what is needed to finish or to undo a run may not go before that run has ended.
fn leave(stand: &Stand<'_>) -> Deed {
    match (stand.denied, stand.interrupted) {
        (None, _) => Deed::Stop,
        (Some(_), None) => Deed::Nothing,
        (Some(why), Some(run)) => Deed::Refuse(Refusal::new(
            "unfinished",
            format!("the run {run} was interrupted, and it cannot be ended by this removal: {why}"),
            "boot this machine, or run `gantry-installer recover --no-start` first, then the same apt command again",
        )),
    }
}

fn make_way(new: &Version, stand: &Stand<'_>) -> Deed {
    match stand.installed {
        Some(installed) if new < stand.release && new < installed => match stand.denied {
            None => Deed::GoBack(new.clone()),
            Some(why) => Deed::Refuse(Refusal::new(
                "no-service-control",
                format!("{installed} is installed, and to go back to {new} its service has to be stopped: {why}"),
                format!("run `apt install {}={}` where the service can be controlled", stand.package, version_of(new)),
            )),
        },
        // An upgrade; or the machine is there already, with data of its own.
        _ => Deed::Nothing,
    }
}

fn configure(stand: &Stand<'_>) -> Deed {
    let release = stand.release;
    match stand.installed {
        Some(installed) if installed == release => Deed::Nothing,
        Some(installed) if installed > release => Deed::Refuse(below(installed, stand)),
        installed => match (failed(&again(stand), stand).or_else(|| crosses(stand)), gone_back_from(stand)) {
            (Some(refusal), _) => Deed::Refuse(refusal),
            (None, Some(words)) => Deed::Say(words),
            (None, None) => match (stand.denied, installed) {
                (Some(why), _) => Deed::PutOff(why.to_owned()),
                (None, None) => Deed::Install,
                (None, Some(_)) => Deed::Upgrade,
            },
        },
    }
}

/// The refusal of a package that is older than what is installed.
fn below(installed: &Version, stand: &Stand<'_>) -> Refusal {
    let (package, release) = (stand.package, stand.release);
    Refusal::new(
        "below",
        format!("{installed} is installed, and this version of {package} brings {release}"),
        format!("run `gantry-installer rollback --to {release}` first, then the same apt command again"),
    )
}

/// The command that takes a release again by its package, which dpkg calls half-configured; or without dpkg, which refuses to
/// configure what it calls installed.
fn again(stand: &Stand<'_>) -> String {
    if stand.configured == Some(stand.release) {
        activation(stand.package, stand.release)
    } else {
        format!("GANTRY_INSTALLER_RETRY=1 dpkg --configure {}", stand.package)
    }
}

/// The command that takes a release again, whatever dpkg calls its package.
pub fn activation(package: &str, release: &Version) -> String {
    format!("gantry-installer hook --package {package} --release {release} --retry activate")
}

/// The refusal of a release that failed here: neither its downtime is repeated nor its failure hidden.
fn failed(again: &str, stand: &Stand<'_>) -> Option<Refusal> {
    let held = stand.held.filter(|held| held.cause == Cause::Failed && !stand.retry)?;
    let (package, release) = (stand.package, stand.release);
    let back =
        stand.installed.map(|installed| format!(", or stay with `apt install {package}={}`", version_of(installed)));
    Some(Refusal::new(
        "held",
        format!("{release} failed here in run {} and is not tried again by itself: {}", held.run, held.reason),
        format!("put right what it failed of, then run `{again}`{}", back.unwrap_or_default()),
    ))
}

/// The refusal of another major: its database is made anew, and that is done only when it is asked for, not because a
/// repository has it.
fn crosses(stand: &Stand<'_>) -> Option<Refusal> {
    let (package, release) = (stand.package, stand.release);
    let major = release.major();
    let installed = stand.installed.filter(|installed| installed.major() < major && stand.major != Some(major))?;
    Some(Refusal::new(
        "other-major",
        format!(
            "{installed} is installed, and {release} makes its database anew, which is done only when it is asked for"
        ),
        format!(
            "see `gantry-installer upgrade --to {release} --dry-run` for what it takes, then run \
             `GANTRY_INSTALLER_MAJOR={major} apt install {package}={}`, or stay with `apt-mark hold {package}`",
            version_of(release)
        ),
    ))
}

/// Whether the operator went back from the release that this package was already configured with.
fn gone_back_from(stand: &Stand<'_>) -> Option<String> {
    let held = stand.held.filter(|held| held.cause == Cause::RolledBack && !stand.retry)?;
    let again = stand.configured == Some(stand.release);
    again.then(|| {
        format!(
            "{} was {} in run {}, and stays so: `{}` takes it again",
            held.version,
            held.reason,
            held.run,
            activation(stand.package, stand.release)
        )
    })
}

#[cfg(test)]
mod tests;
