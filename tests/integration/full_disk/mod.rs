//! FM-10: the disk becomes full at any moment of a run and stays so: what was begun is finished or undone all the same, by the
//! run itself and by a recovery, and the service runs.

mod recovery;
mod sizes;
mod taken;

use std::path::Path;

use crate::crash::frozen::{self, Frozen};
use crate::crash::interrupted::{Run, Seen};
use crate::crash::operations;
use crate::crash::sweep::{Count, Sweep};
use crate::disk::Disk;
use crate::standing::Standing;
use crate::tally;
use crate::world::{NEW, OLD, Release, World};

/// What another program leaves of the disk.
#[derive(Clone, Copy, Debug)]
enum Left {
    Bytes(u64),
    Names(u64),
}

impl Left {
    fn on(self, disk: &Disk) {
        match self {
            Self::Bytes(bytes) => disk.leave(bytes),
            Self::Names(names) => disk.leave_names(names),
        }
    }

    /// As a fault of the table.
    fn name(self) -> &'static str {
        match self {
            Self::Bytes(_) => "full disk",
            Self::Names(_) => "full disk, names",
        }
    }
}

/// One point of so many is tried.
fn every() -> u64 {
    tally::every(11)
}

const ROOMS: [&str; 4] = ["data", "state", "root", "backups"];

#[test]
fn an_upgrade_whose_disk_is_full_at_any_moment_ends_in_old_or_new() {
    let Some((world, disk)) = together(NEW) else { return };
    both(&full_at_any_moment(&operations::upgrade(), &world, &disk, Left::Bytes(0)));
}

// FM-10
#[test]
fn an_upgrade_with_one_room_full_at_any_moment_ends_in_old_or_new() {
    for room in ROOMS {
        full_alone(room, in_memory, Left::Bytes(0));
    }
}

#[test]
fn an_upgrade_whose_names_run_out_at_any_moment_ends_in_old_or_new() {
    for room in ROOMS {
        full_alone(room, in_memory, Left::Names(0));
    }
}

#[test]
fn an_upgrade_on_a_real_disk_that_is_full_at_any_moment_ends_in_old_or_new() {
    for room in ["data", "state"] {
        full_alone(room, |at| Disk::ext4(at, 128), Left::Bytes(0));
    }
}

#[test]
fn an_upgrade_that_undoes_itself_on_a_disk_that_is_full_at_any_moment_ends_in_old() {
    let Some((world, disk)) = together(operations::FAILING) else { return };
    let count = full_at_any_moment(&operations::failing(), &world, &disk, Left::Bytes(0));
    assert_eq!(count.old, count.points);
}

#[test]
fn a_rollback_whose_disk_is_full_at_any_moment_ends_in_old_or_new() {
    for sweep in [operations::restore(), operations::down(), operations::binary()] {
        let Some((world, disk)) = together(NEW) else { return };
        world.run(operations::upgrade().arguments).expect(0);
        world.execute("INSERT INTO notes (text) VALUES ('four')");
        both(&full_at_any_moment(&sweep, &world, &disk, Left::Bytes(0)));
    }
}

/// A world all of which is on one disk, that is declared later and so unmounted first.
fn together(new: Release) -> Option<(World, Disk)> {
    let place = tempfile::tempdir().unwrap().keep();
    let disk = Disk::mount(&place, 2048)?;
    let world = operations::at_old_within(disk.path(), new);
    with_log(&world);
    Some((world, disk))
}

fn in_memory(at: &Path) -> Option<Disk> {
    Disk::mount(at, 2048)
}

fn full_alone(room: &str, mount: impl Fn(&Path) -> Option<Disk>, left: Left) {
    let world = World::within(frozen::quick(), &[OLD, NEW]);
    let Some(disk) = mount(&world.path(room)) else { return };
    world.install("1.0.0");
    with_log(&world);
    println!("{room}");
    let count = full_at_any_moment(&operations::upgrade(), &world, &disk, left);
    world.kill_service();
    // Nothing is written to the backups before the commit.
    assert!(count.new > 0 && (count.old > 0 || room == "backups"), "{count:?}");
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
        left.on(disk);
        let answer = standing.goes_on();
        let context = format!("{} with {left:?} before operation {point}: {answer:#?}", sweep.name);
        assert!([0, 1, 3, 4].contains(&answer.code), "{context}");
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
    count.print(sweep.name, left.name());
    count
}
