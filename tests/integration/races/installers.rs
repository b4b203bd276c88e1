//! FM-14, FM-42: one installer at a time, whatever it is asked; and the gate at any moment of a run.

use std::process::Stdio;

use crate::crash::frozen::Frozen;
use crate::crash::interrupted::Run;
use crate::crash::operations;
use crate::standing::Standing;
use crate::tally::{self, End};
use crate::world::{NEW, World};

const UPGRADE: [&str; 5] = ["upgrade", "--to", "1.1.0", "--yes", "--json"];

/// A point in the middle of an upgrade: its copy is made, and nothing was stopped.
const MIDDLE: u64 = 90;

#[test]
fn of_ten_upgrades_at_once_one_is_done_and_nine_are_told_by_whom() {
    let world = operations::at_old(NEW);
    let first = Standing::before(MIDDLE, world.command(&UPGRADE));
    assert!(first.stands());
    let others =
        [(); 9].map(|()| world.command(&UPGRADE).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    for other in others {
        let output = other.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(7));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let owner = format!("`upgrade`, process {}, since", first.pid().as_raw_nonzero());
        assert!(answer["error"]["message"].as_str().unwrap().contains(&owner), "{answer:#}");
    }
    first.goes_on().expect(0);
    world.stands_at("1.1.0", 2);
    tally::point("upgrade", "ten installers at once", End::New);
}

#[test]
fn nothing_else_is_begun_beside_a_run() {
    let world = operations::at_new();
    let rollback = ["rollback", "--strategy", "down", "--yes", "--json"];
    let first = Standing::before(MIDDLE, world.command(&rollback));
    assert!(first.stands());
    let others: [&[&str]; 6] =
        [&UPGRADE, &rollback, &["recover"], &["backup", "create"], &["backup", "prune"], &["install", "--yes"]];
    for other in others {
        world.run(other).expect(7);
    }
    first.goes_on().expect(0);
    assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
    tally::point("rollback", "others beside it", End::New);
}

#[test]
fn of_two_recoveries_one_is_done_and_the_other_is_told_by_whom() {
    let world = operations::at_old(NEW);
    assert!(operations::upgrade().killed_at(MIDDLE + 30, &world).is_some());
    let first = Standing::before(8, world.command(&["recover", "--json"]));
    assert!(first.stands());
    let second = world.run(&["recover", "--json"]).expect(7).json();
    let owner = format!("`recover`, process {}, since", first.pid().as_raw_nonzero());
    assert!(second["error"]["message"].as_str().unwrap().contains(&owner), "{second:#}");
    assert_eq!(first.goes_on().expect(0).json()["outcome"], "restored");
    world.stands_at("1.0.0", 1);
    assert_eq!(world.run(&["recover", "--json"]).expect(0).json()["outcome"], "nothing");
    tally::point("recover", "others beside it", End::Old);
}

#[test]
fn the_gate_lets_nothing_but_a_pair_that_belongs_together_pass_at_any_moment() {
    let world = operations::at_old(NEW);
    let past = Run::last(&world).map(|run| run.name);
    let frozen = Frozen::of(&world);
    let mut passed = [0_u64; 2];
    for point in (1..).step_by(usize::try_from(tally::every(6)).unwrap()) {
        let world = frozen.thaw();
        let upgrade = Standing::before(point, world.command(&UPGRADE));
        if !upgrade.stands() {
            upgrade.goes_on().expect(0);
            break;
        }
        let gate = world.run(&["gate", "--", "true"]);
        let run = Run::last(world).filter(|run| Some(run.name.as_str()) != past.as_deref());
        let began = |step| run.as_ref().is_some_and(|run| run.began(step));
        let context = format!("before operation {point}: {gate:#?}");
        match gate.code {
            0 => {
                let pair = (world.current(), world.schema());
                let new = pair == (Some("1.1.0".to_owned()), 2);
                assert!(new && began("start") || pair == (Some("1.0.0".to_owned()), 1), "{pair:?} {context}");
                passed[usize::from(new)] += 1;
            }
            78 => assert!(began("stop"), "{context}"),
            _ => panic!("{context}"),
        }
        upgrade.goes_on().expect(0);
        assert_stands(world);
    }
    assert!(passed.iter().all(|count| *count > 0), "{passed:?}");
    let [old, new] = passed;
    tally::row("gate", "beside an upgrade", old + new, old, new);
}

fn assert_stands(world: &World) {
    assert_eq!((world.answers().as_deref(), world.schema()), (Some("1.1.0"), 2));
}
