//! The space that an import takes, before it takes it.

use std::path::Path;

use crate::cli::runs::{Answer, barred, refused};
use crate::db::build;
use crate::db::import::Room;
use crate::plan::Refusal;
use crate::plan::gates::size;
use crate::sys::room::space;

/// The bytes that the import takes on the file system of the new database, if they are there: of an export that is carried on,
/// its own database is there beside the new one.
pub(super) fn check(into: &Path, room: Room, carried: bool) -> Answer<u64> {
    let beside = if carried { build::room(room.database) } else { room.sorting };
    let need = room.database.saturating_add(beside);
    let there = space(into).map_err(|error| barred("space", &error, "check the path after `--into`"))?;
    if need <= there.available {
        return Ok(need);
    }
    Err(refused(vec![Refusal::new(
        "no-space",
        format!(
            "the file system of `{}` has {} free, and the import may take {}",
            into.display(),
            size(there.available),
            size(need)
        ),
        format!("free {} on it, or name a path on another one with `--into`", size(need - there.available)),
    )]))
}
