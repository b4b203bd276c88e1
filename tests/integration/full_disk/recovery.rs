//! A kill, and a disk that is full before anybody recovers.

use super::{Left, ROOMS, every, in_memory, together, with_log};
use crate::crash::frozen::{Frozen, quick};
use crate::crash::interrupted::{Run, Seen};
use crate::crash::operations;
use crate::crash::sweep::{Count, Sweep};
use crate::disk::Disk;
use crate::world::{NEW, OLD, World};

#[test]
fn a_recovery_on_a_disk_that_became_full_ends_in_old_or_new() {
    let Some((world, disk)) = together(NEW) else { return };
    recovered(&operations::upgrade(), &world, &disk, Left::Bytes(0));
}

#[test]
fn a_recovery_with_one_room_full_ends_in_old_or_new() {
    for room in ROOMS {
        for left in [Left::Bytes(0), Left::Names(0)] {
            let world = World::within(quick(), &[OLD, NEW]);
            let Some(disk) = in_memory(&world.path(room)) else { return };
            world.install("1.0.0");
            with_log(&world);
            println!("{room}");
            recovered(&operations::upgrade(), &world, &disk, left);
            world.kill_service();
        }
    }
}

fn recovered(sweep: &Sweep, world: &World, disk: &Disk, left: Left) {
    let frozen = Frozen::of(world);
    let past = Run::last(world).map(|run| run.name);
    let mut count = Count::default();
    loop {
        disk.grow();
        let world = frozen.thaw();
        let point = count.points * every() + 1;
        let Some(operation) = sweep.killed_at(point, world) else { break };
        let run = Run::last(world).filter(|run| Some(run.name.as_str()) != past.as_deref());
        let seen = Seen { started: run.is_some_and(|run| run.began("start")) };
        left.on(disk);
        let answer = world.run(&["recover", "--json"]);
        let context = format!("{}, killed before {point}, {operation}, then {left:?}: {answer:#?}", sweep.name);
        assert_eq!(answer.code, 0, "{context}");
        assert_eq!(world.answers(), world.current(), "{context}");
        disk.grow();
        // What is left to put away may need room.
        world.run(&["recover"]).expect(0);
        count.points += 1;
        sweep.settle(&seen, world, &context, &mut count);
    }
    count.print(sweep.name, &format!("kill, {}", left.name()));
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}
