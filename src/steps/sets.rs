//! The migrations of releases on disk, and the works that a leg of a plan stands for.

use std::path::Path;

use super::error::StepError;
use crate::causes;
use crate::config::Config;
use crate::journal::releases;
use crate::migration::{Direction, Ledger, SchemaPrint, Set, Shelf, Work};
use crate::plan::Leg;
use crate::sys::fs::{self, PathError};
use crate::version::{SchemaVersion, Version};

/// The ledger of the product's database.
pub fn ledger(config: &Config) -> Result<Ledger, StepError> {
    Ok(Ledger::of(config.database.format, config.database.table.as_deref())?)
}

/// The migrations in a directory.
pub fn read(config: &Config, directory: &Path) -> Result<Set, StepError> {
    let (names, shelf) = shelf(directory)?;
    Ok(Set::on_shelf(config.database.format, names, shelf)?)
}

/// The names of the files of a directory, and where they can be read one at a time.
///
/// # Errors
/// It cannot be listed.
pub fn shelf(directory: &Path) -> Result<(Vec<String>, Shelf), PathError> {
    let (names, directory) = (fs::file_names(directory)?, directory.to_owned());
    let read = move |name: &str| fs::read(&directory.join(name)).map_err(|error| causes::in_one_line(&error));
    Ok((names, Shelf::new(read)))
}

/// The migrations of a release on disk.
pub fn of(config: &Config, version: &Version) -> Result<Set, StepError> {
    if !fs::exists(&config.layout.version(version))? {
        return Err(StepError::not_on_disk(version));
    }
    read(config, &config.layout.migrations(version))
}

/// What a leg runs, in order.
pub fn works(config: &Config, leg: &Leg) -> Result<Vec<Work>, StepError> {
    let set = of(config, &leg.migrations)?;
    let works = match (leg.direction, &leg.from) {
        (Direction::Up, from) => set.up(from.as_ref(), &leg.to),
        (Direction::Down, Some(from)) => set.down(from, Some(&leg.to)),
        (Direction::Down, None) => Ok(Vec::new()),
    };
    works.map_err(|error| {
        let message = format!("the migrations of {} do not lead to schema {}", leg.migrations, leg.to);
        StepError::release("migrations", message, error)
    })
}

/// What the schema must look like at the end of a leg: as the releases on disk have it.
pub fn print(config: &Config, leg: &Leg) -> Result<Option<SchemaPrint>, StepError> {
    print_of(config, leg.migrations.major(), &leg.to)
}

/// What a schema of a major must look like: as the releases on disk have it.
pub fn print_of(config: &Config, major: u64, schema: &SchemaVersion) -> Result<Option<SchemaPrint>, StepError> {
    let records = releases::of_major(&config.layout, major)?;
    let name = schema.to_string();
    Ok(records.iter().rev().find_map(|record| record.schemas.get(&name).cloned()))
}
