//! A copy that goes on to follow the live database, where that can be.

use std::path::Path;
use std::time::Duration;

use super::{CopyError, CopyOutcome, backed_up, create, split};
use crate::db::follow::{FollowError, Follower};
use crate::sys::attributes;
use crate::sys::clock::Stopwatch;
use crate::sys::dir::Dir;
use crate::sys::watch::Watch;

/// A copy, and what is known of what is written from then on.
pub struct Copy {
    /// What came of it.
    pub outcome: CopyOutcome,
    /// Follows the database; where nothing does, the copy is compared with it after the stop.
    pub followed: Followed,
}

/// Whether the database is followed.
pub enum Followed {
    /// It is.
    Yes(Box<Follower>),
    /// It has no write-ahead log.
    NoLog,
    /// It cannot be.
    Lost(FollowError),
}

/// How often a copy begins anew when what was written meanwhile is not known any more.
const TRIES: u32 = 3;

/// Copies the database `live`, whose path has no symlinks, into the new file `name` of the directory `into`, as [`copy`](super::copy)
/// does, and follows it.
pub fn take(live: &Path, into: &Dir, name: &str, watch: &dyn Watch) -> Result<Copy, CopyError> {
    let taken = Stopwatch::start();
    let mut lost = None;
    for _ in 0..TRIES {
        match Follower::begin(live, into, name, watch) {
            Ok(Some(follower)) => {
                let bytes = into.length(name)?.unwrap_or(0);
                let outcome = CopyOutcome::Taken { bytes, elapsed: taken.elapsed() };
                return Ok(Copy { outcome, followed: Followed::Yes(Box::new(follower)) });
            }
            Ok(None) => {
                return Ok(Copy { outcome: backed_up(live, into, name, watch)?, followed: Followed::NoLog });
            }
            // Whoever reads for as long as a copy takes would make it worse.
            Err(error) if error.is_for_room() => {
                let outcome = put_off(live, into, name, taken.elapsed())?;
                return Ok(Copy { outcome, followed: Followed::Lost(error) });
            }
            Err(error @ FollowError::Lost { .. }) => lost = Some(error),
            Err(error) => return Err(told(error)),
        }
    }
    let outcome = backed_up(live, into, name, watch)?;
    Ok(Copy { outcome, followed: lost.map_or(Followed::NoLog, Followed::Lost) })
}

/// An empty file in the place of a copy, which is made after the stop and should take so long.
pub fn put_off(live: &Path, into: &Dir, name: &str, predicted: Duration) -> Result<CopyOutcome, CopyError> {
    let (directory, live_name) = split(live)?;
    let bytes = directory.length(live_name)?.unwrap_or(0);
    create(into, name, attributes::owner(live)?)?;
    into.sync()?;
    Ok(CopyOutcome::AfterStop { bytes, predicted })
}

fn told(error: FollowError) -> CopyError {
    let locked = error.is_locked();
    match error {
        FollowError::Sqlite { path, .. } if locked => CopyError::Locked { path },
        FollowError::Sqlite { path, source, .. } => CopyError::Sqlite { path, source },
        FollowError::Cancelled { path } => CopyError::Cancelled { path },
        FollowError::Missing { path } => CopyError::Missing { path },
        FollowError::Open(error) => CopyError::Open(error),
        FollowError::Path(error) => CopyError::Path(error),
        other => CopyError::Follow(other),
    }
}
