//! What works without the publisher: from the record of what was trusted, whatever the clock.

use super::{Stand, failed, shaped};
use crate::world::{NEW, OLD, World};

fn upgraded() -> World {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    world
}

/// Everything that must work, ending in a rollback.
fn works(world: &World) {
    let before = Stand::of(world);
    for command in [&["gate"][..], &["verify"], &["history"], &["backup", "list"], &["backup", "verify"]] {
        world.run(command).expect(0);
    }
    let status = shaped(&world.run(&["status", "--json"]).expect(0));
    assert!(status["available"].is_null() && !status["warnings"].as_array().unwrap().is_empty(), "{status:#}");
    assert_eq!(status["installed"]["version"], "1.1.0");
    assert_eq!(shaped(&world.run(&["recover", "--json"]).expect(0))["outcome"], "nothing");
    world.run(&["rollback", "--dry-run"]).expect(0);
    assert_eq!(Stand::of(world), before);
    world.run(&["rollback", "--yes"]).expect(0);
    assert_eq!(world.answers().as_deref(), Some("1.0.0"));
}

#[test]
fn the_way_back_needs_no_publisher() {
    let world = upgraded();
    std::fs::remove_dir_all(world.path("releases")).unwrap();
    failed(&world, &["upgrade", "--yes"], "manifest-unreachable", &["notes.toml"]);
    works(&world);
}

#[test]
fn the_way_back_needs_no_certificates() {
    let world = upgraded();
    let file = world.path("installer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let with = "[manifest]\nca_file = \"/nowhere/ca.pem\"\nurl = \"http://127.0.0.1:1/notes.toml\"";
    let (from, _) = text.split_once("keys = ").unwrap();
    let (from, _) = from.split_once("[manifest]").unwrap();
    let keys = text.split_once("keys = ").unwrap().1;
    std::fs::write(&file, format!("{from}{with}\nkeys = {keys}")).unwrap();
    super::refused(&world, &["upgrade", "--yes"], "ca-file", &["/nowhere/ca.pem", "`manifest.ca_file`"]);
    world.run(&["backup", "create"]).expect(0);
    works(&world);
}

#[test]
fn the_way_back_needs_no_fresh_manifest() {
    let mut world = upgraded();
    world.publish_with("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
    works(&world);
}

#[test]
fn the_way_back_needs_no_signature() {
    let world = upgraded();
    std::fs::write(world.path("releases/notes.toml.minisig"), "gone").unwrap();
    works(&world);
}

#[test]
fn a_release_that_is_not_on_disk_is_brought_in_for_a_rollback_with_all_that_binds_one() {
    let mut world = upgraded();
    std::fs::remove_dir_all(world.path("root/versions/1.0.0")).unwrap();
    world.publish_with("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
    super::refused(&world, &["rollback", "--yes"], "expired", &["2026-11-02"]);
    // A rollback has no such flag.
    assert!(!world.run(&["rollback", "--yes"]).stderr.contains("--allow-expired"));
    world.publish();
    world.run(&["rollback", "--yes"]).expect(0);
    assert_eq!(world.answers().as_deref(), Some("1.0.0"));
}

#[test]
fn a_run_is_undone_without_the_publisher_after_a_kill() {
    use std::process::Stdio;
    // The new service never becomes healthy, so the kill comes while it is waited for.
    let world = World::installed(&[OLD, NEW.mode("hangs-on-health")]);
    let mut command = world.command(&["upgrade", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while world.current().as_deref() != Some("1.1.0") {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_dir_all(world.path("releases")).unwrap();
    world.run(&["gate"]).expect(3);
    assert_eq!(shaped(&world.run(&["recover", "--json"]).expect(0))["outcome"], "restored");
    world.stands_at("1.0.0", 1);
}
