//! Mounts that stand in the way.

use std::io::Write as _;
use std::process::Command;

use crate::disk::Disk;
use crate::tally::{self, End};
use crate::world::{NEW, OLD, World, answer};

// FM-35: a mount point cannot be renamed over, not even by an undo.
#[test]
fn a_database_that_is_a_mount_point_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    let database = world.database();
    let bound = Command::new("mount").arg("--bind").arg(&database).arg(&database).output();
    if !bound.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: this user may not mount a file system");
        return;
    }
    let refused = world.run(&["upgrade", "--yes", "--json"]);
    assert!(Command::new("umount").arg("-l").arg(&database).status().unwrap().success());
    let refusals = refused.expect(3).json()["refusals"].to_string();
    assert!(refusals.contains("mount-point") && refusals.contains("mount its directory"), "{refusals}");
    world.stands_at("1.0.0", 1);
    tally::point("upgrade", "database is a mount point", End::Old);
}

// FM-37
#[test]
fn versions_where_nothing_may_be_run_are_told_before_the_stop() {
    let world = World::with(&[OLD, NEW]);
    let Some(disk) = Disk::mount(&world.path("root"), 256) else { return };
    world.install("1.0.0");
    let before = std::fs::read_to_string(world.path("notes.pid")).unwrap();
    assert!(disk.remount("noexec"));
    let answer = world.run(&["upgrade", "--yes", "--json"]).expect(1).json();
    assert!(answer["error"].to_string().contains("ermission denied"), "{answer:#}");
    assert_eq!(std::fs::read_to_string(world.path("notes.pid")).unwrap(), before, "nothing was stopped");
    world.stands_at("1.0.0", 1);
    tally::point("upgrade", "noexec", End::Old);
    assert!(disk.remount("exec"));
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
    world.kill_service();
}

// FM-9, FM-37: neither the installer nor its SQLite needs a place for temporary files that is not its own.
#[test]
fn a_place_for_temporary_files_that_cannot_be_used_is_not_used() {
    let world = World::installed(&[OLD, NEW]);
    for words in [&["upgrade", "--yes"][..], &["rollback", "--strategy", "down", "--yes"]] {
        let mut command = world.command(words);
        for name in ["TMPDIR", "TMP", "TEMP", "SQLITE_TMPDIR"] {
            command.env(name, "/proc/nowhere");
        }
        answer(command).expect(0);
    }
    world.stands_at("1.0.0", 1);
}

#[test]
fn a_read_only_file_system_of_any_room_is_named_and_the_gate_still_answers() {
    for room in ["root", "state"] {
        let world = World::with(&[OLD, NEW]);
        let Some(disk) = Disk::mount(&world.path(room), 256) else { return };
        world.install("1.0.0");
        world.kill_service();
        while !disk.remount("ro") {
            std::thread::yield_now();
        }
        for command in [&["upgrade", "--yes", "--json"][..], &["rollback", "--yes", "--json"], &["recover", "--json"]] {
            let answer = world.run(command);
            assert_eq!(answer.code, if room == "root" && command[0] == "recover" { 0 } else { 3 }, "{answer:#?}");
        }
        world.run(&["gate", "--", "true"]).expect(0);
        world.run(&["status"]).expect(0);
        assert_eq!((world.current().as_deref(), world.schema()), (Some("1.0.0"), 1));
        for command in ["upgrade", "rollback", "recover"] {
            tally::point(command, "read-only", End::Old);
        }
    }
}
