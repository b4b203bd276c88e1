//! A release that is on disk and was published again under its version: it alone knows the schema of the live database.

use super::operations::{AT_NEW, at_new};
use super::proof::Stand;
use super::sweep::{Count, Sweep};
use crate::tally;
use crate::world::{NEW, OLD, Release, World};

const UPGRADE: &[&str] = &["upgrade", "--to", "1.1.0", "--yes"];
/// Release 1.0.0 on the schema that 1.1.0 made.
const AT_SCHEMA_OF_NEW: Stand = Stand { release: Some(("1.0.0", 2)), ..AT_NEW };

/// 1.1.0 was gone back from by its program alone, and is published as another archive now.
fn gone_back_from(other: &Release) -> World {
    let mut world = at_new();
    world.run(&["rollback", "--strategy", "binary", "--yes"]).expect(0);
    world.withdraw();
    world.add(&OLD);
    world.add(other);
    world.publish();
    world
}

fn sweep(name: &'static str, code: i32) -> Sweep {
    Sweep {
        name,
        arguments: UPGRADE,
        code,
        old: AT_SCHEMA_OF_NEW,
        new: AT_NEW,
        after_old: (UPGRADE, code),
        after_new: (&["rollback", "--strategy", "binary", "--yes"], 0),
    }
}

fn everywhere(sweep: &Sweep, world: &World) -> Count {
    sweep.run_borrowed("kill, seam", tally::every(3), world)
}

/// The files of 1.1.0 are those of this release, nothing is kept beside them, and the gate lets the installed one start.
#[track_caller]
fn has(release: &Release, world: &World) {
    assert_eq!(std::fs::read_to_string(world.path("root/versions/1.1.0/bin/mode")).unwrap(), release.mode);
    for kept in ["root/versions/.1.1.0.replaced", "state/releases/.1.1.0.replaced"] {
        assert!(!world.path(kept).exists(), "{kept}");
    }
    assert_eq!(world.run(&["gate", "--json"]).json()["verdict"], "ready");
    world.run(&["verify"]).expect(0);
}

#[test]
fn a_release_that_was_on_disk_is_there_again_when_its_other_archive_fails() {
    let unwell = NEW.mode("never-healthy\ndies-after 1");
    let world = gone_back_from(&unwell);
    world.run(UPGRADE).expect(4);
    has(&NEW, &world);
}

#[test]
fn what_a_committed_release_replaced_is_gone() {
    let other = NEW.mode("slow-stop 1");
    let world = gone_back_from(&other);
    world.run(UPGRADE).expect(0);
    has(&other, &world);
}

#[test]
fn an_upgrade_to_another_archive_killed_anywhere_ends_with_one_of_the_two() {
    let count = everywhere(&sweep("upgrade-republished", 0), &gone_back_from(&NEW.mode("slow-stop 1")));
    assert!(count.old > 0 && count.new > 0, "{count:?}");
}

#[test]
fn an_upgrade_to_another_archive_that_fails_killed_anywhere_ends_with_the_one_that_was_there() {
    let sweep = sweep("upgrade-republished-failing", 4);
    let retry: &[&str] = &["upgrade", "--to", "1.1.0", "--yes", "--retry"];
    let sweep = Sweep { after_old: (retry, 4), ..sweep };
    let count = everywhere(&sweep, &gone_back_from(&NEW.mode("never-healthy\ndies-after 1")));
    assert_eq!(count.old, count.points);
}
