//! How the live schema differs from what its version stands for, by column and line. The records keep digests alone, so
//! the schema that is expected is made once more, from the migrations on disk.

use crate::config::Config;
use crate::db::look::look;
use crate::db::schema::rows_of_migrations;
use crate::journal::releases;
use crate::migration::difference::between;
use crate::migration::{Difference, SchemaPrint};
use crate::plan::observed::{Content, Observed};
use crate::steps::error::Blame;
use crate::steps::{StepError, sets};

/// Everything that differs; nothing where nothing drifted.
///
/// # Errors
/// The database cannot be read any more, or no release on disk makes the schema that was recorded for its version.
pub fn differences(config: &Config, seen: &Observed) -> Result<Vec<Difference>, StepError> {
    let Content::Readable(readable) = &seen.database.content else { return Ok(Vec::new()) };
    let (false, Some(schema)) = (readable.drift.is_empty(), &readable.schema) else { return Ok(Vec::new()) };
    let name = schema.to_string();
    let records = match &seen.installed {
        Some(installed) => releases::of_major(&config.layout, installed.version.major())?,
        None => releases::list(&config.layout)?,
    };
    let record = records.into_iter().rev().find(|record| record.fingerprints.contains_key(&name));
    let unknown = || format!("no release on disk makes schema {schema}");
    let record = record.ok_or_else(|| StepError::finding("schema-unknown", unknown(), Blame::World))?;
    let version = &record.release.version;
    let set = sets::of(config, version)?;
    let ledger = sets::ledger(config)?;
    let expected = rows_of_migrations(&set, schema, &ledger, config.database.foreign_keys).map_err(|error| {
        StepError::world("migrations", format!("the migrations of {version} do not make schema {schema}"), error)
    })?;
    if Some(&SchemaPrint::of(&expected, &ledger).fingerprint) != record.fingerprints.get(&name) {
        let message = format!("the migrations of {version} do not make the schema {schema} that was recorded");
        return Err(StepError::finding("migrations", message, Blame::World));
    }
    let found = look(&seen.database.path, &ledger).map_err(|error| {
        StepError::world("database", format!("cannot look at `{}`", seen.database.path.display()), error)
    })?;
    Ok(between(&expected, &found.rows, &ledger))
}
