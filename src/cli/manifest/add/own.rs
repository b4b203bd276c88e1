//! The archive of a product that migrates itself: what its configuration says is run, on a database that is thrown away.

use super::{Asked, remedy_for_archive};
use crate::cli::manifest::failed;
use crate::cli::reply::Reply;
use crate::cli::terminal::Terminal;
use crate::config::{self, Publisher};
use crate::manifest::{Manifest, Release};
use crate::observe::archive::{self, Archive};
use crate::plan::Refusal;
use crate::sys::fs;

/// Looks at the archive as its configuration says.
pub(super) fn look(asked: &Asked<'_>, manifest: &Manifest, terminal: &Terminal) -> Result<Archive, Box<Reply>> {
    let publisher = publisher(asked)?;
    let path = asked.config.display();
    if publisher.product != manifest.product {
        let message = format!(
            "`{path}` is the configuration of `{}`, and `{}` the manifest of `{}`",
            publisher.product,
            asked.manifest.display(),
            manifest.product
        );
        return Err(refused("other-product", message, NAME_IT));
    }
    let Some(migrator) = &publisher.migrator else {
        let message = format!("`{path}` does not say how the product migrates itself: its format is not `command`");
        return Err(refused(
            "no-migrator",
            message,
            "give the `--format` that it names, or write those commands there",
        ));
    };
    archive::look_by_command(asked.archive, &publisher, migrator, terminal)
        .map_err(|error| failed("archive", &error, remedy_for_archive(&error)))
}

/// Nothing is made by an import where nobody reads migrations.
pub(super) fn without_import(release: Option<&Release>, found: &Archive) -> Result<(), Box<Reply>> {
    let named = release.and_then(|release| release.import.as_ref());
    let Some(import) = named.or(found.imports.keys().next()) else { return Ok(()) };
    let message = format!("`{import}` is an import, and a product that migrates itself has none");
    Err(refused("import", message, "leave it out, and let the program's own migrator do what it says"))
}

const NAME_IT: &str = "name the product's own with `--config FILE`: `database.up` and `database.version` of it are run";

fn publisher(asked: &Asked<'_>) -> Result<Publisher, Box<Reply>> {
    let bytes = fs::read(asked.config).map_err(|error| failed("config", &error, NAME_IT))?;
    config::text(&bytes).and_then(config::publisher).map_err(|error| {
        let message = format!("the configuration `{}` cannot be used: {error}", asked.config.display());
        refused("config", message, "correct it, then run the same command again")
    })
}

fn refused(code: &str, message: String, remedy: &str) -> Box<Reply> {
    Box::new(Reply::refused(vec![Refusal::new(code, message, remedy)]))
}
