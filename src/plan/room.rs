//! What a run takes of each file system, and what that has.

use std::path::PathBuf;

use serde::Serialize;

use super::leg::Leg;
use super::observed::{Holds, Observed, Space};
use super::step::Incoming;

/// What a run takes from a file system, beyond what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// For what.
    pub holds: Holds,
    /// How much.
    pub bytes: u64,
}

/// What a run needs that copies `bytes` of database and brings in releases.
pub fn needs(seen: &Observed, bytes: u64, incoming: &[Incoming]) -> Vec<Need> {
    /// For plans, journals, records, and an undo on a disk that is otherwise full.
    const RESERVE: u64 = 16 << 20;
    /// Programs inflate about threefold; what is more than this is refused while it is unpacked.
    const INFLATION: u64 = 4;
    let artifacts = total(incoming.iter().map(|one| one.size));
    let device = |holds| seen.spaces.iter().find(|space| space.holds == holds).map(|space| space.device);
    // On one file system the replaced database becomes the backup by a rename.
    let copied = if device(Holds::Backups) == device(Holds::Database) { 0 } else { bytes };
    vec![
        // The copy, and the log of its rehearsal.
        Need { holds: Holds::Database, bytes: bytes.saturating_mul(2).saturating_add(RESERVE) },
        Need { holds: Holds::Versions, bytes: artifacts.saturating_mul(INFLATION) },
        Need { holds: Holds::State, bytes: artifacts.saturating_add(RESERVE) },
        Need { holds: Holds::Backups, bytes: copied },
    ]
}

/// The same for a way with these legs, of which an import takes `import_room` beside its source.
///
/// Where migrations come before it, it is rehearsed on a second copy, on which they ran. What earlier hops of such a way
/// leave as backups is counted as well: the last hop must not be the one that is refused.
pub fn needs_of_way(
    seen: &Observed,
    bytes: u64,
    (legs, import_room): (&[Leg], u64),
    incoming: &[Incoming],
) -> Vec<Need> {
    let mut needs = needs(seen, bytes, incoming);
    let Some(import) = legs.iter().position(Leg::is_import) else { return needs };
    let second = if import == 0 { 0 } else { bytes };
    needs.push(Need { holds: Holds::Database, bytes: second.saturating_add(import_room) });
    let hops = u64::try_from(legs.len()).unwrap_or(u64::MAX).saturating_sub(1);
    needs.push(Need { holds: Holds::Backups, bytes: bytes.saturating_mul(hops) });
    needs
}

/// What is needed of a file system, and what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Room {
    /// The first of the paths on it.
    pub path: PathBuf,
    /// For what.
    #[serde(rename = "for")]
    pub holds: Vec<&'static str>,
    /// Bytes that the run takes.
    pub needed: u64,
    /// Bytes that are free.
    pub available: u64,
}

/// The needs by file system, in the order in which the machine's places are named.
pub fn rooms(spaces: &[Space], needs: &[Need]) -> Vec<Room> {
    let mut devices: Vec<u64> = Vec::new();
    for space in spaces {
        if !devices.contains(&space.device) {
            devices.push(space.device);
        }
    }
    let room = |device: u64| {
        let here: Vec<&Space> = spaces.iter().filter(|space| space.device == device).collect();
        let first = here.first()?;
        let on_it = needs.iter().filter(|need| here.iter().any(|space| space.holds == need.holds));
        Some(Room {
            path: first.path.clone(),
            holds: here.iter().map(|space| space.holds.words()).collect(),
            needed: total(on_it.map(|need| need.bytes)),
            available: first.available,
        })
    };
    devices.into_iter().filter_map(room).collect()
}

/// A sum that stays at the most when it is more: what a manifest says of sizes may be anything.
fn total(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}

/// A size in words, rounded to a tenth of its unit.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.into_iter().find(|(_, scale)| bytes >= *scale);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(name, scale)| {
            let tenths = u128::from(bytes) * 10 / u128::from(scale);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}
