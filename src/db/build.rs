//! A fresh database of a new major release, filled from one of the release before through a mapping, and proven.
//!
//! The old file is only read. The new one is disposable until this returns: nothing of it is flushed before its end, and
//! whatever fails, it is to be thrown away.

mod compare;
mod count;
mod culprits;
mod defaults;
mod error;
mod fill;
mod guard;
mod origin;
mod prove;
mod pulse;
mod shape;
mod shown;

use std::path::Path;

use crate::config::ForeignKeys;
use crate::db::migrate::{Settings, run as migrate};
use crate::db::open;
use crate::db::sorting::Sorting;
use crate::digest::Fingerprint;
use crate::migration::{Ledger, Set};
use crate::sys::clock::Stopwatch;
use crate::sys::fs;
use crate::sys::watch::Watch;
use crate::transfer::account::Account;
use crate::transfer::mapping::{Mapping, Shape};
use crate::version::SchemaVersion;

pub use culprits::Culprit;
pub use error::{BuildError, Culprits, Unequal};
pub use shape::shape;

use origin::Origin;
use pulse::Pulse;

/// What a new database is made of, besides the old one.
#[derive(Clone, Copy)]
pub struct Recipe<'a> {
    /// Of the new release.
    pub mapping: &'a Mapping,
    /// All migrations of the new release.
    pub migrations: &'a Set,
    /// Where they lead.
    pub schema: &'a SchemaVersion,
    /// What a database looks like there; compared where it is known.
    pub fingerprint: Option<Fingerprint>,
    /// The product's ledger, in the old database and in the new one.
    pub ledger: &'a Ledger,
    /// The product's own setting, for the migrations. While rows are carried nothing is enforced; afterwards all
    /// references are checked.
    pub foreign_keys: ForeignKeys,
    /// Whether indexes are compared with their tables too, which takes long.
    pub integrity: bool,
}

/// What an account calls the comparison of indexes with their tables.
pub const INTEGRITY: &str = "integrity_check";

type Result<T> = std::result::Result<T, BuildError>;

/// The room that a new database takes beside an old one of so many bytes, with what sorting needs meanwhile. A new schema
/// may need more for the same rows: this is half as much again, and the sorters of the greatest index.
pub fn room(source_bytes: u64) -> u64 {
    const LEAST: u64 = 1 << 20;
    source_bytes.saturating_mul(2).saturating_add(LEAST)
}

/// Makes `new` of `source`. `new` is an empty file, which the caller created with its owner and mode, and is one durable
/// database afterwards, with nothing beside it. Nobody writes `source` meanwhile. The watch hears rows, first those that
/// are carried, then those that are read back.
///
/// # Errors
/// A source that the mapping does not know, a mapping that does not account for all of it, rows that do not fit, and
/// everything that can happen to a file. `new`, and what lies beside it, is then to be thrown away.
pub fn build(source: &Path, new: &Path, recipe: &Recipe<'_>, watch: &dyn Watch) -> Result<Account> {
    let stopwatch = Stopwatch::start();
    let origin = Origin::examine(source, recipe)?;
    let _sorting = Sorting::beside(new).map_err(error::sqlite("choose where to sort"))?;
    make(new, recipe, &origin)?;
    let shapes = shapes(new, &origin, recipe)?;
    let statements = fill::Statements::read(recipe.mapping);
    let reads = fill::rehearse(&origin, new, &statements, recipe.mapping)?;

    let pulse = Pulse::default();
    let (filled, (sha256, old)) = pulse.both(
        watch,
        || fill::fill(&origin, new, &statements, &reads, recipe, &shapes.1, &pulse),
        // Whoever changes the file after this is found by its digest, and before this by the rows, which are read next.
        || Ok((origin.sha256()?, count::old_side(&origin, recipe.mapping, &shapes.1, &pulse)?)),
    )?;
    let fill_ms = stopwatch.millis();
    let proof = prove::prove(&origin, sha256, new, recipe, &shapes.1, &filled, &old, &stopwatch, watch)?;
    let bytes = fs::metadata(new)?.len();
    Ok(Account {
        source: origin.account(sha256),
        mapping: recipe.mapping.digest(),
        schema: recipe.schema.clone(),
        fingerprint: proof.fingerprint,
        bytes,
        old: old.tables,
        new: proof.tables,
        compared: proof.compared,
        checks: proof.checks,
        fill_ms,
        constraints_ms: proof.constraints_ms,
        ms: stopwatch.millis(),
    })
}

/// The new schema, with nothing in it but what its migrations put there.
fn make(new: &Path, recipe: &Recipe<'_>, origin: &Origin) -> Result<()> {
    let works = recipe.migrations.up(None, recipe.schema)?;
    let settings = Settings { foreign_keys: recipe.foreign_keys, ..Settings::of(recipe.ledger) };
    // Two databases of one connection have one encoding.
    open::create_encoded(new, &origin.encoding)?;
    let found = migrate(new, &works, &settings)?.print.fingerprint;
    match recipe.fingerprint {
        Some(expected) if expected != found => Err(BuildError::Schema { found, expected }),
        _ => Ok(()),
    }
}

/// What the two schemas have, if the mapping accounts for it.
fn shapes(new: &Path, origin: &Origin, recipe: &Recipe<'_>) -> Result<(Shape, Shape)> {
    let connection = origin.beside(Some(new), &Pulse::default())?;
    let read = |schema| shape(&connection, schema, recipe.ledger).map_err(error::sqlite("read the schema"));
    let (old, new) = (read("old")?, read("main")?);
    let findings = recipe.mapping.check(&old, &new);
    if findings.is_empty() { Ok((old, new)) } else { Err(BuildError::Mapping { findings }) }
}

#[cfg(test)]
mod tests;
