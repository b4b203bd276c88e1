//! Does: builds a database from the migrations, where there is none.
//! Undo: removes it.
//! If killed half-way: it has no name that a service looks for, and is thrown away.
//! Touches: the work directory.

use super::{Machine, StepError, copy, migrator, sets};
use crate::db::migrate::{MigrateError, Settings, run};
use crate::db::open;
use crate::plan::Leg;
use crate::sys::attributes::{self, Owner};
use crate::sys::dir::Dir;
use crate::sys::{fs, users};

pub(super) fn perform(leg: &Leg, owner: Option<&str>, machine: &mut Machine<'_>) -> Result<(), StepError> {
    let live = &machine.places.live;
    let directory = live.parent().unwrap_or(std::path::Path::new("/"));
    let is_new = !fs::exists(directory)?;
    fs::create_dir_all(directory, 0o750)?;
    let path = machine.places.new_database();
    let owner: Owner = match owner {
        Some(names) => users::owner(names).map_err(|error| {
            StepError::world("owner", format!("cannot give the database to `{names}`"), error)
                .remedy("create that user and group, or change `database.owner`")
        })?,
        None => attributes::owner(directory)?,
    };
    if is_new {
        // A service that owns its database must also be able to enter the directory, and to make its log there.
        Dir::open(directory)?.give(owner)?;
    }
    copy::make_work_directory(machine)?;
    copy::remove_new(machine)?;
    let work = machine.places.open_work()?;
    let file = work.create_file(&machine.places.new_name())?;
    attributes::give(&file, &path, owner)?;
    drop(file);
    if machine.config.database.migrator.is_some() {
        migrator::leg(leg, &work, &machine.places.new_name(), migrator::LIMIT, machine)?;
        return Ok(());
    }
    let ledger = sets::ledger(machine.config)?;
    let settings = Settings { foreign_keys: machine.config.database.foreign_keys, ..Settings::of(&ledger) };
    let works = sets::works(machine.config, leg)?;
    let built = open::create(&path).map_err(MigrateError::from).and_then(|()| run(&path, &works, &settings));
    built.map_err(|error| StepError::release("migration", "the migrations fail on an empty database", error))?;
    Ok(())
}
