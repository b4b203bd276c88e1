//! FM-10: the disk becomes full at any moment of a run and stays so: what was begun is finished or undone all the same, by the
//! run itself and by a recovery, and the service runs.

use crate::crash::frozen::{self, Frozen};
use crate::crash::interrupted::{Run, Seen};
use crate::crash::operations;
use crate::crash::sweep::{Count, Sweep};
use crate::disk::Disk;
use crate::standing::Standing;
use crate::world::{NEW, OLD, World};

/// What another program leaves of the disk.
#[derive(Clone, Copy, Debug)]
enum Left {
    Bytes(u64),
    Names(u64),
}

/// One point of so many is tried; the proof tries all.
fn every() -> u64 {
    std::env::var("GANTRY_INSTALLER_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(9)
}

/// Everything on one disk that becomes full.
#[test]
fn an_upgrade_whose_disk_is_full_at_any_moment_ends_in_old_or_new() {
    let place = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(place.path(), 2048) else { return };
    let world = operations::at_old_within(disk.path(), NEW);
    with_log(&world);
    both(&full_at_any_moment(&operations::upgrade(), &world, &disk, Left::Bytes(0)));
}

// FM-10
#[test]
fn an_upgrade_whose_database_has_a_full_disk_at_any_moment_ends_in_old_or_new() {
    full_alone("data", Left::Bytes(0));
}

#[test]
fn an_upgrade_whose_state_has_a_full_disk_at_any_moment_ends_in_old_or_new() {
    full_alone("state", Left::Bytes(0));
}

#[test]
fn an_upgrade_whose_versions_have_a_full_disk_at_any_moment_ends_in_old_or_new() {
    full_alone("root", Left::Bytes(0));
}

#[test]
fn an_upgrade_whose_backups_have_a_full_disk_at_any_moment_ends_in_old_or_new() {
    full_alone("backups", Left::Bytes(0));
}

#[test]
fn an_upgrade_whose_names_run_out_at_any_moment_ends_in_old_or_new() {
    for directory in ["data", "state", "root", "backups"] {
        full_alone(directory, Left::Names(0));
    }
}

fn full_alone(directory: &str, left: Left) {
    let world = operations::patient(World::within(frozen::quick(), &[OLD, NEW]));
    let Some(disk) = Disk::mount(&world.path(directory), 2048) else { return };
    world.install("1.0.0");
    with_log(&world);
    println!("{directory}");
    let count = full_at_any_moment(&operations::upgrade(), &world, &disk, left);
    world.kill_service();
    // Nothing is written to the backups before the commit.
    assert!(count.new > 0 && (count.old > 0 || directory == "backups"), "{count:?}");
}

/// A write-ahead log and its index need room of their own, as soon as somebody opens the database.
fn with_log(world: &World) {
    assert_eq!(world.query::<String>("PRAGMA journal_mode = wal"), "wal");
}

fn both(count: &Count) {
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}

/// Fills the disk before each operation of a run, one world after the other.
fn full_at_any_moment(sweep: &Sweep, world: &World, disk: &Disk, left: Left) -> Count {
    let frozen = Frozen::of(world);
    let past = Run::last(world).map(|run| run.name);
    let mut count = Count::default();
    loop {
        disk.grow();
        let world = frozen.thaw();
        let point = count.points * every() + 1;
        let standing = Standing::before(point, world.command(sweep.arguments));
        if !standing.stands() {
            let answer = standing.goes_on();
            assert_eq!(answer.code, sweep.code, "{answer:#?}");
            break;
        }
        match left {
            Left::Bytes(bytes) => disk.leave(bytes),
            Left::Names(names) => disk.leave_names(names),
        }
        let answer = standing.goes_on();
        let context = format!("{} with {left:?} before operation {point}: {answer:#?}", sweep.name);
        assert!([0, 1, 4].contains(&answer.code), "{context}");
        // The same disk, as full as it was.
        let status = world.run(&["status", "--json"]).expect(0).json();
        if !status["unfinished"].is_null() {
            let recovered = world.run(&["recover", "--json"]);
            assert_eq!(recovered.code, 0, "{context}, then {recovered:#?}");
        }
        assert_eq!(world.answers(), world.current(), "{context}");
        // What is left to put away may need room.
        disk.grow();
        world.run(&["recover"]).expect(0);
        let run = Run::last(world).filter(|run| Some(run.name.as_str()) != past.as_deref());
        let seen = Seen { started: run.is_some_and(|run| run.began("start")) };
        count.points += 1;
        sweep.settle(&seen, world, &context, &mut count);
    }
    count.print(&format!("{}, disk full, {left:?}", sweep.name));
    count
}
