//! The migrations of releases on disk, and the works that a leg of a plan stands for.

use std::collections::BTreeMap;
use std::ffi::OsString;
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
    let ledger = Ledger::of(config.database.format, config.database.table.as_deref())?;
    Ok(ledger.wrapping(config.database.wrap))
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
    let text = |name: &OsString| name.to_string_lossy().into_owned();
    // What is no text in a name is called otherwise than it is.
    let odd = names.iter().filter(|name| name.to_str().is_none());
    let odd: BTreeMap<String, OsString> = odd.map(|name| (text(name), name.clone())).collect();
    let names = names.iter().map(text).collect();
    let read = move |name: &str| {
        let path = odd.get(name).map_or_else(|| directory.join(name), |name| directory.join(name));
        fs::read(&path).map_err(|error| causes::in_one_line(&error))
    };
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

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;
    use crate::config::Format;

    #[test]
    fn a_file_is_read_whatever_bytes_its_name_has_and_what_is_no_file_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let odd = OsString::from_vec(b"1_caf\xe9.up.sql".to_vec());
        std::fs::write(directory.path().join(&odd), "SELECT 1").unwrap();
        std::os::unix::fs::symlink(&odd, directory.path().join("2_link.up.sql")).unwrap();
        std::fs::create_dir(directory.path().join("3_directory.up.sql")).unwrap();
        let (names, shelf) = shelf(directory.path()).unwrap();
        assert_eq!(names, ["1_caf\u{fffd}.up.sql", "2_link.up.sql"]);
        let set = Set::on_shelf(Format::GolangMigrate, names, shelf).unwrap();
        assert!(set.migrations().iter().all(|migration| migration.up.as_ref().unwrap().script().is_ok()));
        let (none, _) = super::shelf(&directory.path().join("missing")).unwrap();
        assert!(none.is_empty());
    }
}
