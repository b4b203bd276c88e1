//! File systems that are full or read-only, and users who may not.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::{refused, shaped};
use crate::disk::Disk;
use crate::release::copy_program;
use crate::world::{NEW, OLD, World, answer};

/// A world with one of its directories on a file system of its own, which is declared later and so unmounted first.
fn world_on(directory: &str, megabytes: u32) -> Option<(World, Disk)> {
    let world = World::with(&[OLD, NEW]);
    let disk = Disk::mount(&world.path(directory), megabytes)?;
    world.run(&["install", "--to", "1.0.0", "--yes"]).expect(0);
    world.execute("INSERT INTO notes (text) VALUES ('one'), ('two'), ('three')");
    Some((world, disk))
}

fn too_small(directory: &str, holds: &str) {
    let Some((world, disk)) = world_on(directory, 96) else { return };
    disk.fill();
    let path = world.path(directory);
    let words = [path.to_str().unwrap(), " free and this run needs ", " MiB", holds, "free "];
    refused(&world, &["upgrade", "--yes"], "no-space", &words);
    disk.empty();
    world.run(&["upgrade", "--yes"]).expect(0);
    world.stands_at("1.1.0", 2);
    world.kill_service();
}

#[test]
fn too_little_space_for_the_copy_is_counted_beforehand() {
    too_small("data", "the database and its copies");
}

#[test]
fn too_little_space_for_the_version_is_counted_beforehand() {
    too_small("root", "the versions of the program");
}

#[test]
fn too_little_space_for_the_state_is_counted_beforehand() {
    too_small("state", "the installer's state");
}

// FM-24
#[test]
fn too_little_space_for_the_backup_is_counted_beforehand() {
    let Some((world, disk)) = world_on("backups", 96) else { return };
    world.execute("CREATE TABLE ballast (a); INSERT INTO ballast VALUES (zeroblob(8000000))");
    disk.fill();
    refused(&world, &["upgrade", "--yes"], "no-space", &["backups", "7.6 MiB", "the backups"]);
    disk.empty();
    world.run(&["upgrade", "--yes"]).expect(0);
    world.kill_service();
}

// FM-25
#[test]
fn a_read_only_file_system_is_named() {
    let Some((world, disk)) = world_on("backups", 96) else { return };
    assert!(disk.remount("ro"));
    refused(&world, &["upgrade", "--yes"], "read-only", &["backups", "mounted read-only", "the backups"]);
    assert!(disk.remount("rw"));
    world.run(&["upgrade", "--yes"]).expect(0);
    world.kill_service();
}

#[test]
fn a_database_on_a_read_only_file_system_is_refused() {
    let Some((world, disk)) = world_on("data", 96) else { return };
    world.kill_service();
    // The kernel lets go of what a killed process had open only once it is gone.
    while !disk.remount("ro") {
        std::thread::yield_now();
    }
    refused(&world, &["upgrade", "--yes"], "read-only", &["data", "mounted read-only", "the database"]);
    world.run(&["gate"]).expect(0);
    refused(&world, &["rollback", "--to", "1.0.0", "--backup", "none", "--yes"], "read-only", &["data"]);
}

#[test]
fn all_reasons_are_given_at_once() {
    let Some((world, disk)) = world_on("backups", 96) else { return };
    assert!(disk.remount("ro"));
    world.execute("ALTER TABLE notes ADD COLUMN colour TEXT");
    let reader = rusqlite::Connection::open(world.database()).unwrap();
    let object = refused(&world, &["upgrade", "--yes"], "read-only", &[]);
    let codes: Vec<_> = object["refusals"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(codes, ["drifted", "database-held", "read-only"]);
    drop(reader);
    world.kill_service();
}

/// The installer as somebody who owns nothing here; none where this user may not become another.
fn as_nobody(world: &World, arguments: &[&str]) -> Option<Command> {
    let setpriv = ["--reuid=nobody", "--regid=65534", "--clear-groups"];
    if !Command::new("setpriv").args(setpriv).arg("true").status().is_ok_and(|status| status.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: this user may not become another one");
        return None;
    }
    std::fs::set_permissions(world.path(""), PermissionsExt::from_mode(0o755)).unwrap();
    // The way to the program may be closed to others.
    let program = world.path("gantry-installer");
    if !program.exists() {
        copy_program(Path::new(env!("CARGO_BIN_EXE_gantry-installer")), &program);
    }
    let mut command = Command::new("setpriv");
    command.args(setpriv).arg(program).arg("--config").arg(world.path("installer.toml")).args(arguments);
    Some(command)
}

#[test]
fn whoever_may_not_change_anything_is_told_who_may() {
    let world = World::installed(&[OLD, NEW]);
    for arguments in [&["upgrade", "--yes", "--json"][..], &["rollback", "--json"], &["recover", "--json"]] {
        let before = super::Stand::of(&world);
        let Some(command) = as_nobody(&world, arguments) else { return };
        let object = shaped(&answer(command).expect(3));
        let said = object["refusals"].to_string();
        assert!(said.contains("ermission denied") && said.contains("run it as root"), "{object:#}");
        assert_eq!(super::Stand::of(&world), before);
    }
}

#[test]
fn the_gate_answers_to_the_services_own_user() {
    let world = World::installed(&[OLD, NEW]);
    let Some(command) = as_nobody(&world, &["gate", "--json"]) else { return };
    let owned = Command::new("chown").arg("-R").arg("nobody").arg(world.path("data")).status();
    assert!(owned.unwrap().success());
    assert_eq!(shaped(&answer(command).expect(0))["verdict"], "ready");
    world.execute("UPDATE schema_migrations SET dirty = 1");
    let command = as_nobody(&world, &["gate", "--", "true"]).unwrap();
    assert!(answer(command).expect(78).stderr.contains("dirty at 1"));
}

// FM-10: whoever is told to become root frees no space.
#[test]
fn a_full_disk_is_not_told_as_a_matter_of_rights() {
    let world = World::with(&[OLD, NEW]);
    let Some(disk) = Disk::mount(&world.path("state"), 4) else { return };
    disk.leave(0);
    let path = disk.path().display().to_string();
    let free = format!("free space on the file system of `{path}");
    refused(&world, &["install", "--to", "1.0.0", "--yes"], "state", &["No space left on device", &free]);
    let pages = world.run(&["man", disk.path().join("pages").to_str().unwrap()]).expect(1);
    assert!(pages.stderr.contains(&free), "{}", pages.stderr);
    disk.grow();
    world.install("1.0.0");
    world.execute("CREATE TABLE ballast (a); INSERT INTO ballast VALUES (randomblob(4000000))");
    let Some(full) = Disk::mount(&world.path("exports"), 4) else { return };
    full.leave(0);
    let file = full.path().join("export.tar.gz");
    let export = world.run(&["export", "--to", file.to_str().unwrap()]).expect(1);
    assert!(export.stderr.contains(&format!("cannot write `{}`", file.display())), "{}", export.stderr);
    assert!(export.stderr.contains("free space on the file system of"), "{}", export.stderr);
    world.kill_service();
}

#[test]
fn an_answer_that_cannot_be_written_is_not_given_in_silence() {
    let world = World::with(&[OLD]);
    let mut command = world.command(&["completions", "bash"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let told = command.output().unwrap();
    assert_eq!(told.status.code(), Some(1));
    let words = String::from_utf8_lossy(&told.stderr);
    assert!(words.contains("cannot write the answer to standard output"), "{words}");
    // Whoever has read enough may go away.
    let mut command = world.command(&["completions", "bash"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(command.stdout(writer).output().unwrap().status.code(), Some(0));
}
