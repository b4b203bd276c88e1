//! A signal at any moment of any operation: the exit code says what became of it, and nothing is left to recover.

use rustix::process::Signal;

use crate::crash::frozen::{Frozen, quick};
use crate::crash::interrupted::{Run, Seen};
use crate::crash::operations::{self, FAILING};
use crate::crash::sweep::{Count, Sweep};
use crate::tally::every;
use crate::world::{Answer, NEW, OLD, World, answer};

/// Each point with the next one.
const SIGNALS: [Signal; 3] = [Signal::TERM, Signal::INT, Signal::HUP];

#[test]
fn a_signal_anywhere_in_an_upgrade_ends_it_as_its_exit_code_says() {
    both(&everywhere(&operations::upgrade(), &operations::at_old(NEW)));
}

#[test]
fn a_signal_anywhere_in_an_upgrade_that_undoes_itself_ends_it_as_its_exit_code_says() {
    let count = everywhere(&operations::failing(), &operations::at_old(FAILING));
    assert_eq!(count.old, count.points);
}

#[test]
fn a_signal_anywhere_in_a_rollback_ends_it_as_its_exit_code_says() {
    both(&everywhere(&operations::down(), &operations::at_new()));
    both(&everywhere(&operations::restore(), &operations::at_new()));
    both(&everywhere(&operations::binary(), &operations::at_new()));
}

#[test]
fn a_signal_anywhere_in_a_first_installation_ends_it_as_its_exit_code_says() {
    both(&everywhere(&operations::install(), &World::within(quick(), &[OLD, NEW])));
}

#[test]
fn a_signal_anywhere_in_the_restore_of_a_backup_ends_it_as_its_exit_code_says() {
    both(&everywhere(&operations::restore_backup(), &operations::at_upgraded()));
}

#[test]
fn a_signal_anywhere_in_a_backup_or_a_prune_leaves_each_backup_whole_or_not_there() {
    let world = operations::at_old(NEW);
    both(&without_a_run(&operations::create(), &world));
    for _ in 0..2 {
        world.run(&["backup", "create"]).expect(0);
    }
    world.configure("keep = 1");
    // It is soon done, and goes on to its end.
    let count = without_a_run(&operations::prune(), &world);
    assert!(count.new > 0, "{count:?}");
}

fn both(count: &Count) {
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}

/// With a signal before an operation of that number; nothing once the end comes first.
fn signalled(point: u64, nth: u64, sweep: &Sweep, world: &World) -> Option<(Answer, String)> {
    let signal = SIGNALS[usize::try_from(nth).unwrap() % SIGNALS.len()];
    let mut command = world.command(sweep.arguments);
    command.env("GANTRY_INSTALLER_SIGNAL_AT", format!("{point} {}", signal.as_raw()));
    let answer = answer(command);
    let context = format!("{} with {signal:?} before operation {point}: {answer:#?}", sweep.name);
    let fired = answer.stderr.contains(&format!("signalled before operation {point}: "));
    assert!(fired || answer.code == sweep.code, "{context}");
    fired.then_some((answer, context))
}

/// A command that plans no run: it is done, or nothing came of it.
fn without_a_run(sweep: &Sweep, world: &World) -> Count {
    let frozen = Frozen::of(world);
    let mut count = Count::default();
    loop {
        let world = frozen.thaw();
        let point = count.points * every(3) + 1;
        let Some((answer, context)) = signalled(point, count.points, sweep, world) else { break };
        assert!([0, 1].contains(&answer.code), "{context}");
        let done = count.new;
        count.points += 1;
        sweep.settle(&Seen { started: false }, world, &context, &mut count);
        assert_eq!(count.new > done, answer.code == 0, "{context}");
    }
    count.print(sweep.name, "signals, seam");
    count
}

fn everywhere(sweep: &Sweep, world: &World) -> Count {
    let frozen = Frozen::of(world);
    let past = Run::last(world).map(|run| run.name);
    let mut count = Count::default();
    loop {
        let point = count.points * every(7) + 1;
        let world = frozen.thaw();
        let Some((answer, context)) = signalled(point, count.points, sweep, world) else { break };
        let run = Run::last(world).filter(|run| Some(run.name.as_str()) != past.as_deref());
        let began = |step| run.as_ref().is_some_and(|run| run.began(step));
        let expected = match (began("stop"), began("commit")) {
            (_, true) => 0,
            (true, false) => 4,
            // A first installation stops nothing, and has nothing to go back to.
            (false, false) if began("start") || began("exchange") => answer.code,
            (false, false) => 1,
        };
        assert_eq!(answer.code, expected, "{context}");
        assert!(world.run(&["status", "--json"]).expect(0).json()["unfinished"].is_null(), "{context}");
        let seen = Seen { started: began("start") };
        count.points += 1;
        sweep.settle(&seen, world, &context, &mut count);
    }
    count.print(sweep.name, "signals, seam");
    count
}
