//! State directories that are another's, or of a newer installer.

use super::{leave_unfinished, refused, shaped};
use crate::world::{NEW, OLD, World};

fn edit(world: &World, file: &str, from: &str, to: &str) {
    let file = world.path(file);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replacen(from, to, 1)).unwrap();
}

const NEWER: [&str; 4] = ["format 99", "knows 1", "install the newer gantry-installer", "run the same command again"];

#[test]
fn the_state_directory_of_another_product_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    edit(&world, "state/owner.json", "\"notes\"", "\"letters\"");
    for command in [&["upgrade", "--yes"][..], &["status"], &["rollback"], &["recover"], &["backup", "create"]] {
        refused(&world, command, "foreign-state", &["state`", "`letters`", "give `notes` an `install.state`"]);
    }
}

#[test]
fn the_state_directory_of_a_newer_installer_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    edit(&world, "state/owner.json", "\"format\": 1", "\"format\": 99");
    for command in [&["upgrade", "--yes"][..], &["status"], &["rollback"], &["recover"], &["verify"]] {
        refused(&world, command, "newer-state", &NEWER);
    }
}

#[test]
fn a_release_that_a_newer_installer_recorded_is_refused() {
    let world = World::installed(&[OLD, NEW]);
    edit(&world, "state/releases/1.0.0.json", "\"format\": 1", "\"format\": 99");
    for command in [&["upgrade", "--yes"][..], &["status"], &["rollback"], &["verify"]] {
        refused(&world, command, "newer-state", &NEWER);
    }
}

#[test]
fn a_run_that_a_newer_installer_began_is_not_recovered_by_an_older_one() {
    let world = World::installed(&[OLD, NEW]);
    leave_unfinished(&world);
    edit(&world, "state/runs/000009-upgrade-1.1.0/plan.json", "\"format\": 1", "\"format\": 99");
    refused(&world, &["recover"], "newer-state", &NEWER);
}

#[test]
fn a_gate_that_a_newer_installer_wrote_is_no_pass() {
    let world = World::installed(&[OLD, NEW]);
    edit(&world, "state/gate.json", "\"format\": 1", "\"format\": 99");
    refused(&world, &["gate"], "unknown", &["format 99"]);
}

#[test]
fn a_record_that_is_damaged_is_named() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::write(world.path("state/trust.json"), "{ \"format\": 1, \"floor\"").unwrap();
    refused(&world, &["upgrade", "--yes"], "state", &["trust.json", "cannot be understood"]);
    world.run(&["gate"]).expect(0);
}

#[test]
fn a_current_that_was_not_installed_from_here_is_named() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::remove_file(world.path("root/current")).unwrap();
    std::os::unix::fs::symlink("versions/0.9.0", world.path("root/current")).unwrap();
    refused(&world, &["upgrade", "--yes"], "observe", &["root/current", "versions/0.9.0", "nothing is recorded"]);
    refused(&world, &["gate"], "unknown", &["0.9.0"]);
}

#[test]
fn a_file_of_a_version_that_was_changed_is_named() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::write(world.path("root/versions/1.0.0/bin/mode"), "never-healthy").unwrap();
    std::fs::remove_file(world.path("root/versions/1.0.0/migrations/0001_notes.down.sql")).unwrap();
    std::fs::write(world.path("root/versions/1.0.0/bin/more"), "").unwrap();
    let findings =
        refused(&world, &["verify"], "file", &["versions/1.0.0/bin/mode` is not what it was"])["refusals"].to_string();
    assert!(findings.contains("0001_notes.down.sql` is missing"), "{findings}");
    assert!(findings.contains("bin/more` was not in the release"), "{findings}");
}

#[test]
fn a_backup_that_was_changed_is_not_restored() {
    let world = World::installed(&[OLD, NEW]);
    world.run(&["upgrade", "--yes"]).expect(0);
    let backup = world.path("backups/000002-upgrade-1.1.0/database.db");
    let mut bytes = std::fs::read(&backup).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&backup, bytes).unwrap();
    refused(&world, &["backup", "verify"], "backup-damaged", &["000002-upgrade-1.1.0", "SHA-256", "do not restore it"]);
    let restore = ["rollback", "--strategy", "restore", "--yes"];
    refused(&world, &restore, "strategy", &["`restore` is not possible", "000002-upgrade-1.1.0"]);
    let ways = shaped(&world.run(&["rollback", "--dry-run", "--json"]).expect(0));
    assert_eq!(ways["strategies"][2]["possible"], false, "{ways:#}");
}
