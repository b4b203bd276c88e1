//! A product that came with a package: what brings in another release of it is the package manager.

use super::runs::{Answer, refused};
use super::session::{Session, unreadable};
use crate::journal::package::{self, Package};
use crate::plan::Refusal;
use crate::plan::package::version_of;
use crate::version::Target;

/// Refuses a change of release by hand where a package brings the product: the next call of apt would not know of it.
pub fn refuse(to: Option<&Target>, session: &Session<'_>) -> Answer<()> {
    let Some(package) = known(session)? else { return Ok(()) };
    let command = command(to, &package);
    let message = format!(
        "{} comes with the package `{}`, last configured with {}: what it installs is for apt to say",
        session.config.product, package.name, package.release
    );
    let remedy = format!("run `apt update`, then `{command}`; `gantry-installer rollback` goes back all the same");
    Err(refused(vec![Refusal::new("package", message, remedy)]))
}

/// The package that brings the product, if one does.
pub fn known(session: &Session<'_>) -> Answer<Option<Package>> {
    package::read(&session.config.layout).map_err(|error| Box::new(unreadable(&error)))
}

/// What brings in a release, or the newest.
pub fn command(to: Option<&Target>, package: &Package) -> String {
    let name = &package.name;
    match to {
        Some(Target::Exact(version)) => format!("apt install {name}={}", version_of(version)),
        Some(beginning) => format!("apt install '{name}={beginning}.*'"),
        None => format!("apt install --only-upgrade {name}"),
    }
}
