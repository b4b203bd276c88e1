//! A new release that does not come up, or not at once.

use super::{reason, succeeded, undone};
use crate::world::{NEW, OLD, World};

const UPGRADE: [&str; 5] = ["upgrade", "--to", "1.1", "--yes", "--json"];

/// Tries a release with this fault and returns why it failed.
#[track_caller]
fn failing(mode: &'static str) -> String {
    given_up(&World::installed(&[OLD, NEW.mode(mode)]))
}

/// The same with one that is waited for until the time is up.
#[track_caller]
fn failing_late(mode: &'static str) -> String {
    given_up(&World::installed(&[OLD, NEW.mode(mode)]).impatient())
}

#[track_caller]
fn given_up(world: &World) -> String {
    reason(&undone(world, world.run(&UPGRADE)))
}

#[test]
fn a_service_that_dies_at_once_is_noticed_and_its_last_words_are_shown() {
    let reason = failing("dies-at-once");
    assert!(reason.contains("the service ended") && reason.contains("dying at once, as told"), "{reason}");
}

#[test]
fn a_service_that_dies_while_it_is_waited_for_is_undone() {
    let reason = failing("never-healthy\ndies-after 300");
    assert!(reason.contains("the service ended") && reason.contains("dying 300 ms after"), "{reason}");
}

#[test]
fn a_service_that_never_becomes_healthy_is_undone_when_the_time_is_up() {
    let reason = failing_late("never-healthy");
    assert!(reason.contains("was not well after") && reason.contains("503"), "{reason}");
}

#[test]
fn a_service_that_hangs_on_the_health_question_is_undone() {
    let reason = failing_late("hangs-on-health");
    assert!(reason.contains("was not well after"), "{reason}");
}

// FM-30: a good answer that is not the new release's is none.
#[test]
fn an_answer_of_the_old_version_does_not_prove_the_new_one() {
    let reason = failing_late("answers-as 1.0.0");
    assert!(reason.contains("`1.0.0` instead of 1.1.0"), "{reason}");
}

#[test]
fn a_service_that_cannot_be_started_is_undone() {
    let world = World::installed(&[OLD, NEW.mode("slow-start many")]);
    let answer = undone(&world, world.run(&UPGRADE));
    assert!(reason(&answer).contains("the service ended"), "{answer:#}");
}

// FM-29: the time that is allowed grows while the answers show progress.
#[test]
fn a_service_that_is_healthy_late_but_shows_progress_is_waited_for() {
    // 1100 answers, 5 ms apart, take longer than the five seconds that a silent start has.
    let world = World::installed(&[OLD, NEW.mode("healthy-after 1100")]).impatient();
    let answer = world.run(&UPGRADE).expect(0).json();
    assert!(answer["downtime_ms"].as_u64().unwrap() > 5000, "{answer:#}");
    succeeded(&world);
}

#[test]
fn a_service_that_listens_late_is_waited_for() {
    let world = World::installed(&[OLD, NEW.mode("slow-start 500")]);
    world.run(&UPGRADE).expect(0);
    succeeded(&world);
}

#[test]
fn a_service_that_is_well_every_second_time_is_well_once_it_says_so() {
    let world = World::installed(&[OLD, NEW.mode("flaps")]);
    world.run(&UPGRADE).expect(0);
    assert_eq!(world.current().as_deref(), Some("1.1.0"));
    assert_eq!(world.schema(), 2);
}

// FM-27: neither an upgrade by itself nor one by name takes the release again; `--retry` does.
#[test]
fn a_release_that_failed_is_taken_again_only_on_demand() {
    let world = World::installed(&[OLD, NEW.mode("dies-at-once")]);
    undone(&world, world.run(&UPGRADE));
    let by_itself = world.run(&["upgrade", "--yes"]).expect(0);
    assert!(format!("{}{}", by_itself.stdout, by_itself.stderr).contains("1.1.0"), "{by_itself:#?}");
    world.stands_at("1.0.0", 1);
    world.run(&["upgrade", "--to", "1.1", "--retry", "--yes"]).expect(4);
    world.stands_at("1.0.0", 1);
}

#[test]
fn another_artifact_of_a_release_that_failed_is_another_attempt() {
    let mut world = World::installed(&[OLD, NEW.mode("dies-at-once")]);
    undone(&world, world.run(&UPGRADE));
    world.withdraw();
    world.add(&OLD);
    world.add(&NEW);
    world.publish();
    world.run(&UPGRADE).expect(0);
    succeeded(&world);
}
