//! Room that is set aside before the first change, on every file system that an undo writes to: a disk that becomes full
//! stays full, and the undo must work on it all the same.
//!
//! Records are written into it and the journal behind its own end, so that nobody else can take it; what the old service
//! needs to open its database is given back a moment before its start, and once more where somebody else took that.

use crate::config::Config;
use crate::layout::WorkLayout;
use crate::plan::Operation;
use crate::steps::{self, Machine, StepError};
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
    let config = machine.config;
    let mut rooms = vec![(config.layout.reserve(), RECORDS)];
    // Before a first installation there is nothing to go back to.
    if machine.plan.operation != Operation::Install {
        steps::make_work_directory(machine)?;
        rooms.push((machine.places.work.reserve(), DATABASE));
        rooms.push((config.layout.versions_reserve(), LINK));
    }
    let taken = rooms.iter().try_for_each(|(directory, (count, bytes))| room::set_aside(directory, *count, *bytes));
    if taken.is_err() {
        // It fits in part, and nothing has begun.
        let _ = give_back(config, &machine.places.work);
    }
    Ok(taken?)
}

/// Gives all of it back, once the run has ended.
pub(super) fn give_back(config: &Config, work: &WorkLayout) -> Result<(), PathError> {
    // Installers before this one set aside a file.
    let old = config.layout.state.join("reserve");
    if fs::exists(&old)? {
        fs::remove_file(&old)?;
    }
    [config.layout.reserve(), work.reserve(), config.layout.versions_reserve()]
        .iter()
        .try_for_each(|room| if fs::exists(room)? { room::give_back(room) } else { Ok(()) })
}
