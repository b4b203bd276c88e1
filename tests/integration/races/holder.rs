//! Somebody who opens the database in the middle of a run, by whatever means.

use std::os::unix::fs::MetadataExt as _;

use crate::crash::frozen::Frozen;
use crate::crash::operations::{self, FAILING};
use crate::crash::recovery::{Written, first, has};
use crate::refusals::databases::Holder;
use crate::standing::Standing;
use crate::tally::{self, End};
use crate::world::{NEW, World};

fn inode(world: &World) -> u64 {
    std::fs::metadata(world.database()).unwrap().ino()
}

#[test]
fn a_process_that_opens_the_database_at_any_moment_leaves_it_at_old_or_new() {
    let sweep = operations::upgrade();
    let world = operations::at_old(NEW);
    let frozen = Frozen::of(&world);
    let mut ends = [0_u64; 2];
    for point in (1..).step_by(usize::try_from(tally::every(16)).unwrap()) {
        let world = frozen.thaw();
        let upgrade = Standing::before(point, world.command(sweep.arguments));
        if !upgrade.stands() {
            upgrade.goes_on().expect(0);
            break;
        }
        let holder = Holder::of(&world.database());
        let held = inode(world);
        let answer = upgrade.goes_on();
        drop(holder);
        let context = format!("before operation {point}: {answer:#?}");
        // Else it would go on with the old file, and write that one's pages into the log of the new one.
        assert!(answer.code != 0 || held == inode(world), "it was left behind: {context}");
        let pair = (world.current(), world.schema());
        match answer.code {
            0 => assert_eq!(pair, (Some("1.1.0".to_owned()), 2), "{context}"),
            1 | 3 | 4 => assert_eq!(pair, (Some("1.0.0".to_owned()), 1), "{context}"),
            _ => panic!("{context}"),
        }
        assert!(answer.code != 4 || answer.stderr.contains("sleep 600"), "it is named: {context}");
        ends[usize::from(answer.code == 0)] += 1;
        assert_eq!(world.answers(), world.current(), "{context}");
        assert_eq!(world.run(&["recover", "--json"]).expect(0).json()["outcome"], "nothing", "{context}");
    }
    assert!(ends.iter().all(|count| *count > 0), "{ends:?}");
    let [old, new] = ends;
    tally::row(sweep.name, "database held by another", old + new, old, new);
}

#[test]
fn a_process_that_opens_the_database_while_it_is_exchanged_back_is_not_left_behind() {
    let (sweep, world) = (operations::failing(), operations::at_old(FAILING));
    let frozen = Frozen::of(&world);
    let undone = first(&sweep, &frozen, |run| has(run, Written::Undone, "exchange"));
    // The undo itself, from its end on backwards to where the new service is stopped.
    let mut stranded = 0;
    let points = (undone - 20..undone).filter(|point| {
        let operation = sweep.killed_at(*point, frozen.thaw()).unwrap_or_default();
        operation == "rename" || point.is_multiple_of(tally::every(6))
    });
    for point in points.collect::<Vec<_>>() {
        let world = frozen.thaw();
        let upgrade = Standing::before(point, world.command(sweep.arguments));
        assert!(upgrade.stands());
        let holder = Holder::of(&world.database());
        let held = inode(world);
        let answer = upgrade.goes_on();
        let context = format!("before operation {point}: {answer:#?}");
        // Else it would go on with the new file, and write that one's pages into the log of the old one.
        assert_eq!(held, inode(world), "it was left behind: {context}");
        drop(holder);
        match answer.code {
            4 => {}
            5 => stranded += 1,
            _ => panic!("{context}"),
        }
        assert!(answer.code != 5 || answer.stderr.contains("sleep 600"), "it is named: {context}");
        world.run(&["recover", "--json"]).expect(0);
        assert_eq!((world.current(), world.schema()), (Some("1.0.0".to_owned()), 1), "{context}");
        tally::point(sweep.name, "database held by another", End::Old);
    }
    assert!(stranded > 0);
}
