//! Room that is set aside before the first change, on every file system that an undo writes to: a disk that becomes full
//! stays full, and the undo must work on it all the same.

use std::path::PathBuf;

use crate::config::Config;
use crate::layout::WorkLayout;
use crate::plan::Operation;
use crate::steps::{self, Machine, StepError};
use crate::sys::fs::{self, PathError};
use crate::sys::room;

/// For the records of the undo: the gate's, the journal's, the report, what is held.
const STATE: Room = Room { bytes: 4 << 20, names: 4 };
/// For what the old service needs to open its database: a write-ahead log, its index, or a journal.
const DATABASE: Room = Room { bytes: 4 << 20, names: 4 };
/// For the symlink that points back.
const VERSIONS: Room = Room { bytes: 0, names: 1 };

struct Room {
    bytes: u64,
    names: usize,
}

/// Takes it. What a kill leaves of it is given back by a recovery.
pub(super) fn set_aside(machine: &Machine<'_>) -> Result<(), StepError> {
    let config = machine.config;
    let mut rooms = vec![(config.layout.reserve(), STATE)];
    // Before a first installation there is nothing to go back to.
    if machine.plan.operation != Operation::Install {
        steps::make_work_directory(machine)?;
        rooms.push((machine.places.work.reserve(), DATABASE));
        rooms.push((config.layout.versions_reserve(), VERSIONS));
    }
    let taken = rooms.iter().try_for_each(|(directory, room)| {
        fs::create_dir_all(directory, 0o700)?;
        room::reserve(&directory.join("bytes"), room.bytes)?;
        (1..=room.names).try_for_each(|number| room::reserve(&directory.join(number.to_string()), 0))
    });
    if taken.is_err() {
        // It fits in part, and nothing has begun.
        let _ = give_back(config, &machine.places.work);
    }
    Ok(taken?)
}

/// Gives it back: all of it, as an undo begins or the run ends.
pub(super) fn give_back(config: &Config, work: &WorkLayout) -> Result<(), PathError> {
    let places: [PathBuf; 3] = [config.layout.reserve(), work.reserve(), config.layout.versions_reserve()];
    for place in places {
        // Installers before this one set aside a file.
        if fs::exists(&place)? && !fs::kind(&place)?.is_dir() {
            fs::remove_file(&place)?;
        } else {
            fs::remove_dir_all(&place)?;
        }
    }
    Ok(())
}
