//! A product that came with a package: what brings in another release of it is the package manager.

use super::runs::{Answer, refused};
use super::session::{Session, unreadable};
use crate::journal::package::{self, Package};
use crate::plan::Refusal;
use crate::plan::package::{activation, version_of};
use crate::version::{Target, Version};

/// The package that brings the product here, if one does.
pub fn by(session: &Session<'_>) -> Answer<Option<Package>> {
    package::read(&session.config.layout).map_err(|error| Box::new(unreadable(&error)))
}

/// Refuses a change of release by hand where a package brings the product: the next call of apt would not know of it.
pub fn refuse(to: Option<&Target>, session: &Session<'_>) -> Answer<()> {
    let Some(package) = by(session)? else { return Ok(()) };
    let command = command(&package, to);
    let message = format!(
        "{} comes with the package `{}`, last configured with {}: what it installs is for apt to say",
        session.config.product, package.name, package.release
    );
    let remedy = format!("run `apt update`, then `{command}`; `gantry-installer rollback` goes back all the same");
    Err(refused(vec![Refusal::new("package", message, remedy)]))
}

/// The command of apt that brings a release in; without one the newest.
pub fn command(package: &Package, to: Option<&Target>) -> String {
    let name = &package.name;
    match to {
        Some(Target::Exact(version)) => format!("apt install {name}={}", version_of(version)),
        Some(beginning) => format!("apt install '{name}={beginning}.*'"),
        None => format!("apt install --only-upgrade {name}"),
    }
}

/// The command that takes a held release again. What dpkg calls installed apt does not configure once more.
pub fn again(package: &Package, held: &Version) -> String {
    if package.release == *held {
        return activation(&package.name, held);
    }
    format!("GANTRY_INSTALLER_RETRY=1 {}", command(package, Some(&Target::Exact(held.clone()))))
}
