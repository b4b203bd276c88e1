//! Where a rollback goes.

use super::{ONLY, dry_run, named, refusal, stands, upgraded};
use crate::world::{NEW, OLD, Release, World};

#[test]
fn without_a_target_it_goes_where_the_last_run_came_from() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 3, &[2, 3])]);
    world.run(&["upgrade", "--to", "1.1", "--yes"]).expect(0);
    world.run(&["upgrade", "--to", "1.2", "--yes"]).expect(0);
    let answer = world.run(&["rollback", "--strategy", "down", "--yes", "--json"]).expect(0).json();
    assert_eq!((&answer["from"]["version"], &answer["to"]["version"]), (&"1.2.0".into(), &"1.1.0".into()));
    stands(&world, "1.1.0", 2, 3);
}

#[test]
fn what_a_later_manifest_says_of_a_release_on_disk_counts_from_the_moment_it_was_seen() {
    let mut world = upgraded(ONLY);
    assert_eq!(named(&dry_run(&world), "binary")["possible"], false);
    world.withdraw();
    world.add(&Release::new("1.0.0", 1, &[1, 2]).extra("yanked = \"eats rows\""));
    world.add(&NEW);
    world.publish();
    world.run(&["status"]).expect(0);

    let answer = world.run(&["rollback", "--to", "1.0.0", "--dry-run", "--json"]).expect(0).json();
    assert_eq!(answer["warnings"], serde_json::json!(["release 1.0.0 was withdrawn: eats rows"]));
    assert_eq!(named(answer["strategies"].as_array().unwrap(), "binary")["possible"], true);
    // Who names no release exactly does not get one that was withdrawn.
    let (code, _) = refusal(world.run(&["rollback", "--to", "1.0", "--dry-run", "--json"]));
    assert_eq!(code, "no-release");
    world.run(&["rollback", "--to", "1.0.0", "--strategy", "binary", "--yes"]).expect(0);
    stands(&world, "1.0.0", 2, 4);

    // A still later one takes it back.
    world.withdraw();
    world.add(&ONLY);
    world.add(&NEW);
    world.publish();
    world.run(&["status"]).expect(0);
    let trust = std::fs::read_to_string(world.path("state/trust.json")).unwrap();
    assert!(!trust.contains("eats rows"), "{trust}");
}

#[test]
fn without_a_target_it_is_refused_after_a_rollback() {
    let world = upgraded(OLD);
    world.run(&["rollback", "--yes"]).expect(0);
    let (code, message) = refusal(world.run(&["rollback", "--yes", "--json"]));
    assert_eq!(code, "rolled-back");
    assert!(message.contains("rollback itself"), "{message}");
    stands(&world, "1.0.0", 2, 4);
}

#[test]
fn after_a_rollback_the_next_lower_release_is_named() {
    let world = World::installed(&[OLD, NEW, Release::new("1.2.0", 3, &[2, 3])]);
    world.run(&["upgrade", "--to", "1.1", "--yes"]).expect(0);
    world.run(&["upgrade", "--to", "1.2", "--yes"]).expect(0);
    world.run(&["rollback", "--strategy", "down", "--yes"]).expect(0);
    let remedy = |arguments: &[&str]| {
        let refused = world.run(&[arguments, &["--json"]].concat()).expect(3).json();
        world.plain(refused["refusals"][0]["remedy"].as_str().unwrap())
    };
    assert!(remedy(&["rollback", "--yes"]).contains("`gantry-installer rollback --to 1.0.0`"));
    assert!(remedy(&["rollback", "--dry-run"]).contains("`gantry-installer rollback --to 1.0.0 --dry-run`"));
}

#[test]
fn of_several_hops_the_last_one_is_taken_back() {
    let barrier = NEW.extra("barrier = true");
    let world = World::installed(&[OLD, barrier, Release::new("1.2.0", 3, &[2, 3])]);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["hops"].as_array().unwrap().len(), 2);
    world.run(&["rollback", "--strategy", "down", "--yes"]).expect(0);
    stands(&world, "1.1.0", 2, 3);
}

#[test]
fn several_releases_are_gone_back_in_one_run_whatever_barriers_lie_between() {
    let barrier = NEW.extra("barrier = true");
    let world = World::installed(&[OLD, barrier, Release::new("1.2.0", 3, &[2, 3])]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let answer = world.run(&["rollback", "--to", "1.0", "--strategy", "down", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["hops"].as_array().unwrap().len(), 1);
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_target_above_is_refused_with_the_upgrade_command_and_the_installed_one_is_nothing() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world.run(&["rollback", "--yes"]).expect(0);
    let answer = world.run(&["rollback", "--to", "1.1", "--yes", "--json"]).expect(3).json();
    assert!(
        world.plain(answer["refusals"][0]["remedy"].as_str().unwrap()).contains("gantry-installer upgrade --to 1.1"),
        "{answer:#}"
    );
    let answer = world.run(&["rollback", "--to", "1.0.0", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["outcome"], "nothing");
}

#[test]
fn a_release_that_is_not_on_disk_any_more_is_brought_in_again() {
    let world = World::with(&[OLD, NEW, Release::new("1.2.0", 2, &[1, 2]), Release::new("1.3.0", 2, &[1, 2])]);
    world.run(&["install", "--to", "1.1.0", "--yes"]).expect(0);
    world.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
    world.configure("");
    world.run(&["upgrade", "--to", "1.3", "--yes"]).expect(0);
    assert!(!world.path("root/versions/1.2.0").exists());
    let answer = world.run(&["rollback", "--to", "1.2", "--yes", "--json"]).expect(0).json();
    assert!(answer["steps"].as_array().unwrap().iter().any(|step| step["name"] == "fetch"), "{answer:#}");
    stands(&world, "1.2.0", 2, 3);
}

#[test]
fn a_release_that_is_to_be_brought_in_and_is_not_there_any_more_is_refused() {
    let mut world = World::with(&[OLD, NEW]);
    world.run(&["install", "--to", "1.1.0", "--yes"]).expect(0);
    world.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
    world.withdraw();
    world.add(&NEW);
    world.publish();
    let (code, message) = refusal(world.run(&["rollback", "--to", "1.0.0", "--yes", "--json"]));
    assert_eq!(code, "no-release");
    assert!(message.contains("neither on disk nor in the manifest"), "{message}");
    world.stands_at("1.1.0", 2);
}

#[test]
fn a_release_that_was_withdrawn_is_gone_back_to_only_by_its_whole_name_and_with_a_warning() {
    let withdrawn = Release::new("1.0.5", 1, &[1, 2]).extra("yanked = \"it forgets\"");
    let mut world = World::with(&[OLD, withdrawn, NEW]);
    world.install("1.1.0");
    let dry = ["rollback", "--to", "1.0", "--dry-run"];
    assert!(world.run(&dry).expect(0).stdout.contains("ways back to 1.0.0"));
    let dry = world.run(&["rollback", "--to", "1.0.5", "--dry-run", "--json"]).expect(0).json();
    assert!(dry["warnings"][0].as_str().unwrap().contains("it forgets"), "{dry:#}");
    world.withdraw();
    world.add(&NEW);
    world.add(&Release::new("1.0.6", 1, &[1, 2]).extra("installer = \">=99.0\""));
    world.publish();
    let (code, message) = refusal(world.run(&["rollback", "--to", "1.0", "--yes", "--json"]));
    assert_eq!(code, "no-way");
    assert!(message.contains(">=99.0"), "{message}");
    let nothing = world.run(&["rollback", "--to", "1", "--yes", "--json"]).expect(0).json();
    assert_eq!(nothing["outcome"], "nothing");
}

#[test]
fn where_nothing_was_ever_done_nothing_is_left_behind() {
    let world = World::with(&[OLD]);
    for (command, code) in [(&["rollback", "--dry-run"][..], 3), (&["recover"], 0), (&["backup", "restore", "x"], 3)] {
        world.run(command).expect(code);
        assert!(!world.path("state").exists(), "{command:?}");
    }
}

// Trust binds what brings a release in: one on disk needs no network, and no manifest.
#[test]
fn a_release_on_disk_needs_no_manifest() {
    let world = upgraded(ONLY);
    world.configure_at("http://127.0.0.1:1/notes.toml", "");
    world.run(&["rollback", "--strategy", "down", "--yes"]).expect(0);
    stands(&world, "1.0.0", 1, 4);
}

// FM-27: what was gone back from is not taken by the next unattended upgrade, and is on demand.
#[test]
fn a_release_that_was_gone_back_from_is_skipped_and_may_be_named() {
    let world = upgraded(OLD);
    world.run(&["rollback", "--yes"]).expect(0);
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(0).json();
    assert_eq!(answer["outcome"], "nothing");
    assert_eq!(world.run(&["status", "--json"]).json()["held"][0]["version"], "1.1.0");
    world.run(&["upgrade", "--to", "1.1", "--yes"]).expect(0);
    stands(&world, "1.1.0", 2, 4);
}

#[test]
fn a_release_on_disk_that_was_altered_is_never_run() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let program = world.path("root/versions/1.0.0/bin/notes");
    let mut bytes = std::fs::read(&program).unwrap();
    bytes.push(0);
    std::fs::write(&program, bytes).unwrap();
    let answer = world.run(&["rollback", "--yes", "--json"]).expect(3).json();
    assert_eq!(answer["refusals"][0]["code"], "file");
    let message = answer["refusals"][0]["message"].as_str().unwrap();
    assert!(message.contains("versions/1.0.0/bin/notes` is not what it was"), "{message}");
    world.stands_at("1.1.0", 2);
}
