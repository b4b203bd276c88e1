//! Does: makes the database that the run will change, from the live one while it is in use, or from a backup.
//! Undo: removes it.
//! If killed half-way: what is there is no database yet, and is removed or replaced.
//! Touches: the work directory.

use super::error::Blame;
use super::{Machine, StepError, follow};
use crate::db::copy_file::{Content, copy_file};
use crate::db::follow::Next;
use crate::db::side_files;
use crate::journal::record::{self, Owner};
use crate::layout::WorkLayout;
use crate::plan::Operation;
use crate::plan::step::Source;
use crate::sys::dir::Dir;
use crate::sys::{attributes, fs, mount};

pub(super) fn perform(source: &Source, machine: &mut Machine<'_>) -> Result<(), StepError> {
    make_work_directory(machine)?;
    let work = machine.places.open_work()?;
    let name = machine.places.copy_name();
    refuse_leftovers(&work, &machine.plan.run)?;
    // While the service still runs: the exchange gives the old file its second name by a hard link.
    if !mount::has_hard_links(&work)? {
        let message = format!("the file system of `{}` has no hard links", machine.places.live.display());
        return Err(StepError::finding("no-hard-links", message, Blame::World)
            .remedy("move the database to another file system, such as ext4, xfs or btrfs"));
    }
    match source {
        Source::Live => follow::take(Next::Rehearsal, machine)?,
        Source::Backup { id, file, bytes, sha256, .. } => {
            let expected = Content { bytes: *bytes, sha256: *sha256 };
            let owner = attributes::owner(if fs::exists(&machine.places.live)? {
                &machine.places.live
            } else {
                live_directory(machine)
            })?;
            copy_file(file, expected, owner, &work, &name, machine.watch).map_err(|error| {
                StepError::world("backup", format!("cannot take the backup `{id}` out"), error)
                    .remedy("choose another backup: see `gantry-installer backup list`")
            })?;
        }
    }
    Ok(())
}

/// The exchange decides by the names of its run how far it is: one that is there before it began would strand it.
fn refuse_leftovers(work: &Dir, run: &str) -> Result<(), StepError> {
    for name in [WorkLayout::old_name(run), WorkLayout::abandoned_name(run)] {
        if work.identity(&name)?.is_some() {
            let path = work.path().join(name);
            let message = format!("`{}` is there, and run {run} has just begun", path.display());
            return Err(StepError::finding("work-directory", message, Blame::World)
                .remedy("look whose it is, and move it away"));
        }
    }
    Ok(())
}

pub(super) fn remove(machine: &mut Machine<'_>) -> Result<(), StepError> {
    machine.memory.following = None;
    if !fs::exists(&machine.places.work.directory)? {
        return Ok(());
    }
    remove_new(machine)?;
    let installing = machine.plan.operation == Operation::Install;
    // Until the first release is committed the database beside it belongs to nobody.
    if installing && machine.places.open_work()?.names()?.iter().all(|name| name == WorkLayout::OWNER) {
        fs::remove_dir_all(&machine.places.work.directory)?;
    }
    Ok(())
}

/// Removes the database that the run made, and what looks left, and nothing else.
pub(super) fn remove_new(machine: &Machine<'_>) -> Result<(), StepError> {
    let work = machine.places.open_work()?;
    for name in [machine.places.new_name(), machine.places.copy_name()] {
        side_files::remove(&work, &name)?;
    }
    remove_scratch(machine)?;
    super::migrator::clear(&work)?;
    Ok(work.sync()?)
}

/// Removes what a rehearsal or a survey left.
pub(super) fn remove_scratch(machine: &Machine<'_>) -> Result<(), StepError> {
    let work = machine.places.open_work()?;
    for name in work.names()?.iter().filter(|name| WorkLayout::is_disposable(name)) {
        work.unlink(name)?;
    }
    Ok(work.sync()?)
}

/// The work directory says whose database lies beside it, so that nobody works on that one in place.
pub fn make_work_directory(machine: &Machine<'_>) -> Result<(), StepError> {
    let work = Dir::make_private(&machine.places.work.directory)?;
    let owner = Owner { product: machine.config.product.clone(), state: machine.config.layout.state.clone() };
    match record::read_in::<Owner>(&work, WorkLayout::OWNER)? {
        Some(found) if found == owner => return Ok(()),
        Some(found) => refuse_foreign(&found, machine)?,
        None => {}
    }
    Ok(record::write_in(&work, WorkLayout::OWNER, &owner)?)
}

/// Refuses a work directory of another installation: two of them would take each other's files for their own.
fn refuse_foreign(found: &Owner, machine: &Machine<'_>) -> Result<(), StepError> {
    let work = machine.places.work.directory.display();
    if found.state == machine.config.layout.state || !fs::exists(&found.state)? {
        return Ok(());
    }
    let message = format!("`{work}` belongs to the installation with the state directory `{}`", found.state.display());
    Err(StepError::finding("foreign-work", message, Blame::World)
        .remedy("give each installation a database in a directory of its own, or its own `product`"))
}

fn live_directory<'a>(machine: &'a Machine<'_>) -> &'a std::path::Path {
    machine.places.live.parent().unwrap_or(std::path::Path::new("/"))
}
