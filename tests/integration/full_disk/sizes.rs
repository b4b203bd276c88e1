//! A disk with so much room from the start: too little is refused, enough is enough, and in between is nothing.

use super::{ROOMS, in_memory, together, with_log};
use crate::crash::frozen::{Frozen, quick};
use crate::crash::interrupted::Seen;
use crate::crash::operations;
use crate::crash::proof::wholly;
use crate::disk::Disk;
use crate::tally;
use crate::world::{NEW, OLD, World};

/// In KiB.
const SIZES: [u64; 12] =
    [0, 64, 1 << 10, 4 << 10, 8 << 10, 12 << 10, 16 << 10, 17 << 10, 24 << 10, 32 << 10, 64 << 10, 128 << 10];

#[test]
fn an_upgrade_on_a_disk_of_any_size_is_refused_or_done() {
    let Some((world, disk)) = together(NEW) else { return };
    of_any_size(&world, &disk);
}

#[test]
fn an_upgrade_with_one_room_of_any_size_is_refused_or_done() {
    for room in ROOMS {
        let world = World::within(quick(), &[OLD, NEW]);
        let Some(disk) = in_memory(&world.path(room)) else { return };
        world.install("1.0.0");
        with_log(&world);
        of_any_size(&world, &disk);
        world.kill_service();
    }
}

fn of_any_size(world: &World, disk: &Disk) {
    let frozen = Frozen::of(world);
    let sweep = operations::upgrade();
    let mut codes = Vec::new();
    for size in SIZES {
        disk.grow();
        let world = frozen.thaw();
        disk.leave(size << 10);
        let answer = world.run(sweep.arguments);
        let context = format!("{size} KiB: {answer:#?}");
        // Refused beforehand, or failed with what can still be counted; nothing was stopped.
        assert!([0, 1, 3].contains(&answer.code), "{context}");
        assert!(answer.code != 1 || world.run(&["status", "--json"]).json()["unfinished"].is_null(), "{context}");
        disk.grow();
        world.run(&["recover"]).expect(0);
        let stand = if answer.code == 0 { &sweep.new } else { &sweep.old };
        wholly(stand, &Seen { started: false }, world, &context);
        codes.push(answer.code);
    }
    println!("{SIZES:?} KiB: {codes:?}");
    let done = codes.iter().filter(|code| **code == 0).count() as u64;
    let all = codes.len() as u64;
    tally::row(sweep.name, "disk of any size", all, all - done, done);
    assert_eq!(codes.last(), Some(&0), "{codes:?}");
}
