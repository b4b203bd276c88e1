//! The gates: may a run begin on this machine, on this database, with this much space?

use super::observed::{Backup, BackupKind, Content, Observed, Readable, Space};
use super::refusal::Refusal;
use super::room::rooms;
pub use super::room::{Need, needs, size};
use super::verdict::{drift_words, is_tolerated, words};
use crate::config::Format;
use crate::migration::{Drift, DriftKind};

/// Refuses a machine on which no run may begin: all reasons at once.
pub fn check_machine(seen: &Observed, needs: &[Need]) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = seen
        .database
        .obstacles
        .iter()
        .map(|obstacle| Refusal::new(obstacle.code, obstacle.message.clone(), obstacle.remedy.clone()))
        .collect();
    let path = seen.database.path.display();
    for holder in &seen.foreign {
        refusals.push(Refusal::new(
            "database-held",
            format!("process {} ({}) holds the database `{path}` and is not the service", holder.pid, holder.command),
            format!("stop it, for example with `kill {}`, then run the same command again", holder.pid),
        ));
    }
    refusals.extend(check_space(&seen.spaces, needs));
    refusals
}

/// Refuses a database that no run may begin on; `Ok` is the readable one.
pub fn check_database(seen: &Observed) -> Result<&Readable, Refusal> {
    let path = seen.database.path.display();
    let readable = match &seen.database.content {
        Content::Missing => {
            return Err(Refusal::new(
                "database-missing",
                format!("there is no database at `{path}`"),
                format!("check `database.url`, or {}", put_back(seen)),
            ));
        }
        Content::Empty => {
            return Err(Refusal::new(
                "database-empty",
                format!("the database `{path}` is empty: it has no bytes"),
                put_back(seen),
            ));
        }
        Content::Unusable(reason) => {
            return Err(Refusal::new(
                "database-unusable",
                format!("the database `{path}` cannot be used: {reason}"),
                format!("run `gantry-installer verify`; if it is damaged, {}", put_back(seen)),
            ));
        }
        Content::OtherFormat(format) => return Err(other_format(*format, seen)),
        Content::Readable(readable) => readable,
    };
    if readable.dirty {
        return Err(dirty(readable, seen));
    }
    let holes: Vec<&str> =
        readable.drift.iter().filter(|one| one.kind == DriftKind::Unapplied).map(|one| one.object.as_str()).collect();
    if !holes.is_empty() {
        return Err(Refusal::new(
            "drifted",
            format!(
                "the database is at schema {} by its ledger, and not everything below that is applied: {} left out",
                words(readable.schema.as_ref()),
                holes.join(", ")
            ),
            format!("apply what was left out with the product's own migration tool, or {}", put_back(seen)),
        ));
    }
    let fatal: Vec<Drift> = readable.drift.iter().filter(|drift| !is_tolerated(drift)).cloned().collect();
    if !fatal.is_empty() {
        return Err(Refusal::new(
            "drifted",
            format!(
                "the database is at schema {} by its ledger, and {} as that schema says: {}",
                words(readable.schema.as_ref()),
                if fatal.len() == 1 {
                    "one object is not".to_owned()
                } else {
                    format!("{} objects are not", fatal.len())
                },
                drift_words(&fatal)
            ),
            format!("run `gantry-installer verify` and put those objects right by hand, or {}", put_back(seen)),
        ));
    }
    Ok(readable)
}

/// How a backup is put in the place of the database: the newest that is not one that was given up.
pub fn put_back(seen: &Observed) -> String {
    let newest = seen.backups.iter().rev().find(|backup| backup.kind != BackupKind::Abandoned);
    newest.map_or_else(
        || "put a copy of your own back: there is no backup of it here".to_owned(),
        |Backup { id, .. }| {
            format!(
                "put a backup back: `gantry-installer backup restore {id} --dry-run` shows what is lost with the newest"
            )
        },
    )
}

/// Refuses a database with another engine's ledger.
pub(super) fn other_format(format: Format, seen: &Observed) -> Refusal {
    Refusal::new(
        "other-format",
        format!(
            "the database `{}` has the ledger of {format}, and `database.format` is another",
            seen.database.path.display()
        ),
        format!("set `database.format = \"{format}\"`, or check `database.url`"),
    )
}

fn dirty(readable: &Readable, seen: &Observed) -> Refusal {
    let ledger = words(readable.schema.as_ref());
    let standing = readable.stands_at.as_ref().map_or_else(
        || "the schema itself matches no version that is known here: the migration was done in part".to_owned(),
        |at| format!("the schema itself is exactly that of version {at}"),
    );
    Refusal::new(
        "dirty",
        format!(
            "the ledger is dirty at {ledger}: a migration was broken off, and nothing can be built on it; {standing}"
        ),
        put_back(seen),
    )
}

fn check_space(spaces: &[Space], needs: &[Need]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for space in spaces.iter().filter(|space| needs.iter().any(|need| need.holds == space.holds)) {
        if space.read_only {
            refusals.push(Refusal::new(
                "read-only",
                format!(
                    "`{}` for {} is on a file system that is mounted read-only",
                    space.path.display(),
                    space.holds.words()
                ),
                "mount it read-write, then run the same command again",
            ));
        } else if !space.writable {
            refusals.push(Refusal::new(
                "no-permission",
                format!("this user may not write to `{}` for {}", space.path.display(), space.holds.words()),
                "run the same command as root, or as the user who owns it",
            ));
        }
    }
    for room in rooms(spaces, needs).into_iter().filter(|room| room.needed > room.available) {
        refusals.push(Refusal::new(
            "no-space",
            format!(
                "the file system of `{}` has {} free and this run needs {} there, for {}",
                room.path.display(),
                size(room.available),
                size(room.needed),
                room.holds.join(", ")
            ),
            format!(
                "free {} on it, for example with `gantry-installer backup prune`",
                size(room.needed - room.available)
            ),
        ));
    }
    refusals
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::observed::Holds;

    #[test]
    fn space_is_counted_by_file_system_not_by_path() {
        let space = |holds, device| Space {
            holds,
            path: "/x".into(),
            device,
            available: 100,
            read_only: false,
            writable: true,
        };
        let needs = [Need { holds: Holds::Database, bytes: 60 }, Need { holds: Holds::State, bytes: 60 }];
        assert!(check_space(&[space(Holds::Database, 1), space(Holds::State, 2)], &needs).is_empty());
        let refusals = check_space(&[space(Holds::Database, 1), space(Holds::State, 1)], &needs);
        assert_eq!(refusals.iter().map(|refusal| refusal.code.as_str()).collect::<Vec<_>>(), ["no-space"]);
        assert!(refusals[0].message.contains("100 bytes free") && refusals[0].message.contains("120 bytes"));
    }

    fn any_holds() -> impl Strategy<Value = Holds> {
        prop_oneof![Just(Holds::Database), Just(Holds::Versions), Just(Holds::State), Just(Holds::Backups)]
    }

    proptest! {
        #[test]
        fn no_run_begins_without_the_space_that_it_needs(
            bytes in proptest::collection::vec((any_holds(), prop_oneof![0..200u64, any::<u64>()]), 0..6),
            devices in proptest::collection::vec((0..3u64, prop_oneof![0..400u64, 0..u64::MAX]), 4),
        ) {
            let rooms = [Holds::Database, Holds::Versions, Holds::State, Holds::Backups];
            // What is free is the file system's, whichever path is asked.
            let free = |device: u64| devices.iter().find(|(number, _)| *number == device).unwrap().1;
            let spaces: Vec<Space> = rooms.into_iter().zip(&devices).map(|(holds, (device, _))| Space {
                holds,
                path: "/x".into(),
                device: *device,
                available: free(*device),
                read_only: false,
                writable: true,
            }).collect();
            let needs: Vec<Need> = bytes.into_iter().map(|(holds, bytes)| Need { holds, bytes }).collect();
            let device = |holds| spaces.iter().find(|space| space.holds == holds).unwrap().device;
            let fits = (0..3).filter(|number| spaces.iter().any(|space| space.device == *number)).all(|number| {
                let needed: u128 =
                    needs.iter().filter(|need| device(need.holds) == number).map(|need| u128::from(need.bytes)).sum();
                needed <= u128::from(free(number))
            });
            prop_assert_eq!(check_space(&spaces, &needs).is_empty(), fits);
        }
    }
}
