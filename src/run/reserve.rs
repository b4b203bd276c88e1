//! Room that is set aside before the first change, on every file system that an undo writes to: a disk that becomes full
//! stays full, and the undo must work on it all the same.
//!
//! Records are written into it and the journal behind its own end, so that nobody else can take it; what the old service
//! needs to open its database is given back a moment before its start, and once more where somebody else took that.

use std::path::Path;

use crate::config::Config;
use crate::layout::WorkLayout;
use crate::plan::Operation;
use crate::steps::{self, Machine, StepError};
use crate::sys::dir::Dir;
use crate::sys::fs::{self, PathError};
use crate::sys::room;

/// For the records of an undo and of its repetitions: the gate's, what is held, the report.
const RECORDS: (usize, u64) = (8, 512 << 10);
/// For a write-ahead log and its index, or a journal, at each of two starts.
const DATABASE: (usize, u64) = (2 * room::NAMES, 1 << 20);
/// For the symlink that points back, which takes a name.
const LINK: (usize, u64) = (2, 0);

/// Takes it. What a kill leaves of it is given back by a recovery.
pub(super) fn set_aside(machine: &Machine<'_>) -> Result<(), StepError> {
    let taken = take(machine);
    if taken.is_err() {
        // It fits in part, and nothing has begun.
        let _ = give_back(machine.config, &machine.places.work);
    }
    taken
}

fn take(machine: &Machine<'_>) -> Result<(), StepError> {
    let layout = &machine.config.layout;
    let set = |around: &Dir, (count, bytes)| room::set_aside(around, count, bytes);
    set(&open(&layout.state)?, RECORDS)?;
    // Before a first installation there is nothing to go back to.
    if machine.plan.operation != Operation::Install {
        steps::make_work_directory(machine)?;
        set(&machine.places.open_work()?, DATABASE)?;
        set(&open(&layout.root)?, LINK)?;
    }
    Ok(())
}

/// Whose the directories of the state and of the versions are is known, and who made a symlink to one.
fn open(directory: &Path) -> Result<Dir, PathError> {
    Dir::open(&fs::real_path(directory)?)
}

/// Gives all of it back, once the run has ended. A work directory that is not ours any more has none of it.
pub(super) fn give_back(config: &Config, work: &WorkLayout) -> Result<(), PathError> {
    let layout = &config.layout;
    // Installers before this one set aside a file.
    let old = layout.state.join("reserve");
    if fs::exists(&old)? {
        fs::remove_file(&old)?;
    }
    for around in [&layout.state, &layout.root] {
        if fs::exists(around)? {
            room::give_back(&open(around)?)?;
        }
    }
    Dir::open_private(&work.directory).map_or(Ok(()), |work| room::give_back(&work))
}
