//! A recovery that is killed itself, before each of its operations, and then repeated.

use gantry_installer::journal::Event;

use super::frozen::{Frozen, quick};
use super::interrupted::{self, Run};
use super::operations::{FAILING, at_new, at_old, binary, down, failing, install, restore, upgrade};
use super::sweep::{Count, Sweep, fired, killed};
use crate::world::{NEW, OLD, World};

/// What a run has written of a step when it is killed for the first time.
#[derive(Clone, Copy, Debug)]
pub enum Written {
    Intent,
    Done,
    Undone,
}

use Written::{Done, Intent, Undone};

/// The end that a recovery from there must come to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Old,
    New,
}

#[test]
fn a_recovery_of_an_upgrade_that_did_not_stop_the_service_yet_may_be_killed_anywhere() {
    recover(&upgrade(), &at_old(NEW), Intent, "stop", End::Old);
}

#[test]
fn a_recovery_of_an_upgrade_between_database_and_program_may_be_killed_anywhere() {
    recover(&upgrade(), &at_old(NEW), Done, "exchange", End::Old);
}

#[test]
fn a_recovery_of_an_upgrade_whose_new_service_runs_may_be_killed_anywhere() {
    recover(&upgrade(), &at_old(NEW), Done, "prove", End::Old);
}

#[test]
fn a_recovery_of_an_upgrade_that_is_just_committed_may_be_killed_anywhere() {
    recover(&upgrade(), &at_old(NEW), Intent, "commit", End::New);
    recover(&upgrade(), &at_old(NEW), Intent, "tidy", End::New);
}

#[test]
fn a_recovery_of_a_rollback_by_down_migrations_may_be_killed_anywhere() {
    recover(&down(), &at_new(), Done, "exchange", End::Old);
    recover(&down(), &at_new(), Done, "prove", End::Old);
    recover(&down(), &at_new(), Intent, "commit", End::New);
}

#[test]
fn a_recovery_of_a_rollback_to_a_backup_may_be_killed_anywhere() {
    recover(&restore(), &at_new(), Done, "exchange", End::Old);
    recover(&restore(), &at_new(), Done, "prove", End::Old);
    recover(&restore(), &at_new(), Intent, "commit", End::New);
}

#[test]
fn a_recovery_of_a_rollback_of_the_program_may_be_killed_anywhere() {
    recover(&binary(), &at_new(), Done, "switch", End::Old);
    recover(&binary(), &at_new(), Done, "prove", End::Old);
    recover(&binary(), &at_new(), Intent, "commit", End::New);
}

#[test]
fn a_recovery_of_a_first_installation_may_be_killed_anywhere() {
    let world = || World::within(quick(), &[OLD, NEW]);
    recover(&install(), &world(), Done, "exchange", End::Old);
    recover(&install(), &world(), Done, "prove", End::Old);
    recover(&install(), &world(), Intent, "commit", End::New);
}

#[test]
fn a_recovery_of_an_undo_may_be_killed_anywhere() {
    recover(&failing(), &at_old(FAILING), Undone, "start", End::Old);
    recover(&failing(), &at_old(FAILING), Undone, "exchange", End::Old);
}

pub fn recover(sweep: &Sweep, world: &World, written: Written, step: &str, end: End) {
    let fresh = Frozen::of(world);
    let past = Run::last(world).map(|run| run.name);
    let own = |run: &Run| Some(&run.name) != past.as_ref();
    let point = first(sweep, &fresh, |run| own(run) && has(run, written, step));
    let name = format!("recovery of {}, {step} {written:?}", sweep.name);
    assert!(sweep.killed_at(point, fresh.thaw()).is_some());
    let seen = interrupted::check(world, past.as_deref(), &name);
    let broken = Frozen::of(world);
    let mut count = Count::default();
    loop {
        let point = count.points + 1;
        let answer = killed(&["recover"], point, broken.thaw());
        let Some(operation) = fired(&answer, point) else {
            assert_eq!(answer.code, 0, "{name}: {answer:#?}");
            break;
        };
        let context = format!("{name} killed before operation {point}, {operation}");
        let again = world.run(&["recover", "--json"]);
        assert_eq!(again.code, 0, "{context}: {again:#?}");
        count.points += 1;
        sweep.settle(&seen, world, &context, &mut count);
    }
    println!("{name}");
    count.print(sweep.name, "kill-twice, seam");
    let ends = if end == End::Old { count.old } else { count.new };
    assert!(ends > 0 && ends == count.points, "{name}: {count:?}");
}

pub fn has(run: &Run, written: Written, step: &str) -> bool {
    let of = |wanted: &usize| run.step(*wanted) == step;
    run.events.iter().any(|event| match (written, event) {
        (Intent, Event::Intend { step }) | (Done, Event::Done { step, .. }) | (Undone, Event::Undone { step }) => {
            of(step)
        }
        _ => false,
    })
}

/// The first point at which the journal says so: what was written stays written, so halving finds it.
pub fn first(sweep: &Sweep, frozen: &Frozen<'_>, says: impl Fn(&Run) -> bool) -> u64 {
    let reached = |point| {
        let world = frozen.thaw();
        sweep.killed_at(point, world).is_none() || Run::last(world).is_some_and(|run| says(&run))
    };
    let (mut before, mut after) = (0, 256);
    assert!(reached(after), "a run has fewer operations than {after}");
    while before + 1 < after {
        let middle = u64::midpoint(before, after);
        *(if reached(middle) { &mut after } else { &mut before }) = middle;
    }
    after
}
