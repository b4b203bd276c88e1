//! Tries an import mapping as its publisher has it: on databases without rows, from each schema that it reads.

use thiserror::Error;

use crate::config::{ForeignKeys, Format};
use crate::db::build::{BuildError, Recipe, build};
use crate::db::migrate::{MigrateError, Settings, run};
use crate::db::open;
use crate::migration::{Ledger, LedgerNameError, MigrationError, Set};
use crate::sys::fs::{self, PathError};
use crate::sys::temporary::Temporary;
use crate::sys::watch::Watch;
use crate::transfer::mapping::{Mapping, Source};

/// Why it could not be tried.
#[derive(Debug, Error)]
pub enum TryError {
    /// There is no place for it.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The older migrations do not run.
    #[error("the older migrations fail on an empty database")]
    Old(#[from] MigrateError),
    /// The migrations do not lead where they should.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The format's own ledger has a name that cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerNameError),
    /// The machine failed.
    #[error("cannot try the import")]
    Build(#[source] Box<BuildError>),
}

/// What is wrong with a mapping between two sets of migrations: what it does not account for, what it names and is not
/// there, what does not run. Nothing where all is well.
///
/// # Errors
/// It could not be tried.
pub fn try_import(
    format: Format,
    old: &Set,
    new: &Set,
    mapping: &Mapping,
    watch: &dyn Watch,
) -> Result<Vec<String>, TryError> {
    let place = Temporary::create()?;
    let ledger = Ledger::of(format, None)?;
    let mut findings = Vec::new();
    for (source, number) in mapping.sources().iter().zip(1..) {
        if old.position(&source.schema).is_none() {
            findings.push(format!("the older migrations have no schema {}, which the mapping reads", source.schema));
            continue;
        }
        let (from, into) = (place.path().join(format!("old-{number}")), place.path().join(format!("new-{number}")));
        fs::write_new(&from, b"")?;
        fs::write_new(&into, b"")?;
        findings.extend(one(source, &ledger, (old, &from), (new, &into), mapping, watch)?);
    }
    Ok(findings)
}

type Side<'a> = (&'a Set, &'a std::path::Path);

fn one(
    source: &Source,
    ledger: &Ledger,
    (old, from): Side<'_>,
    (new, into): Side<'_>,
    mapping: &Mapping,
    watch: &dyn Watch,
) -> Result<Vec<String>, TryError> {
    let Source { schema, fingerprint } = source;
    open::create(from).map_err(MigrateError::from)?;
    let found = run(from, &old.up(None, schema)?, &Settings::of(ledger))?.print.fingerprint;
    if found != *fingerprint {
        return Ok(vec![format!(
            "the mapping reads schema {schema} with the fingerprint {fingerprint}, and the older \
                                migrations make {found} of it"
        )]);
    }
    let Some(latest) = new.latest() else { return Ok(vec!["there are no newer migrations".to_owned()]) };
    let recipe = Recipe {
        mapping,
        migrations: new,
        schema: latest,
        fingerprint: None,
        ledger,
        foreign_keys: ForeignKeys::Ignored,
        integrity: false,
    };
    match build(from, into, &recipe, watch) {
        Ok(_) => Ok(Vec::new()),
        Err(BuildError::Mapping { findings }) => Ok(findings),
        Err(error) if error.is_refusal() => Ok(vec![crate::causes::in_one_line(&error)]),
        Err(error) => Err(TryError::Build(Box::new(error))),
    }
}
