//! Archives that are not what was promised, or should never have been published.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::failed;
use crate::world::{NEW, OLD, World, measure};

const UPGRADE: [&str; 2] = ["upgrade", "--yes"];

fn archive(world: &World) -> PathBuf {
    world.path("releases/notes-1.1.0.tar.gz")
}

/// Publishes the archive as it is now: with its size and digest.
fn publish(world: &mut World, bytes: &[u8]) {
    let file = archive(world);
    let (size, sha256) = measure(&file);
    std::fs::write(&file, bytes).unwrap();
    let (new_size, new_sha256) = measure(&file);
    let text = std::fs::read_to_string(world.path("releases/notes.toml")).unwrap();
    let text = text.replace(&sha256, &new_sha256).replace(&format!("size = {size}\n"), &format!("size = {new_size}\n"));
    world.publish_text(&text.replace("sequence = 1\n", "sequence = 2\n"));
}

fn files(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (path, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        // `set_path` would refuse what a publisher of evil things would not.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// An upgrade to these entries fails, for this reason, and is not held: the next archive of that name is another one.
fn entries_fail(entries: &[(&str, &[u8])], code: &str, words: &[&str]) {
    let mut world = World::installed(&[OLD, NEW]);
    publish(&mut world, &files(entries));
    failed(&world, &UPGRADE, code, words);
    assert!(!world.path("state/held.json").exists());
}

const SHELL: &[u8] = b"#!/bin/sh\necho notes 1.1.0\n";
const NOTES: &[u8] = b"CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);";

#[test]
fn another_digest_than_the_manifests_is_refused_with_both() {
    let world = World::installed(&[OLD, NEW]);
    let (_, sha256) = measure(&archive(&world));
    let mut bytes = std::fs::read(archive(&world)).unwrap();
    bytes[100] ^= 1;
    std::fs::write(archive(&world), bytes).unwrap();
    let (_, found) = measure(&archive(&world));
    failed(&world, &UPGRADE, "download", &["notes-1.1.0.tar.gz", &sha256, &found, "not the file that was published"]);
}

#[test]
fn another_size_than_the_manifests_is_refused_with_both() {
    let world = World::installed(&[OLD, NEW]);
    let (size, _) = measure(&archive(&world));
    let bytes = std::fs::read(archive(&world)).unwrap();
    std::fs::write(archive(&world), &bytes[..1000]).unwrap();
    failed(&world, &UPGRADE, "download", &["notes-1.1.0.tar.gz", "1000 bytes", &size.to_string()]);
    std::fs::write(archive(&world), [&bytes[..], b"more"].concat()).unwrap();
    failed(&world, &UPGRADE, "download", &[&(size + 4).to_string(), &size.to_string()]);
    std::fs::write(archive(&world), bytes).unwrap();
    world.run(&UPGRADE).expect(0);
}

#[test]
fn a_missing_archive_is_named() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::remove_file(archive(&world)).unwrap();
    failed(&world, &UPGRADE, "download", &["notes-1.1.0.tar.gz", "No such file"]);
}

#[test]
fn a_truncated_archive_is_refused_though_its_digest_is_right() {
    let mut world = World::installed(&[OLD, NEW]);
    let bytes = std::fs::read(archive(&world)).unwrap();
    publish(&mut world, &bytes[..bytes.len() / 2]);
    failed(&world, &UPGRADE, "archive", &["cannot unpack the archive of 1.1.0"]);
}

#[test]
fn what_is_no_archive_is_refused() {
    let mut world = World::installed(&[OLD, NEW]);
    publish(&mut world, b"<html>please log in</html>");
    failed(&world, &UPGRADE, "archive", &["cannot unpack the archive of 1.1.0"]);
}

#[test]
fn an_archive_that_leads_outside_its_directory_is_refused() {
    let evil = [("notes-1.1.0/bin/notes", SHELL), ("notes-1.1.0/../../../evil", b"evil")];
    let mut world = World::installed(&[OLD, NEW]);
    publish(&mut world, &files(&evil));
    failed(&world, &UPGRADE, "archive", &["../evil", "it leads outside"]);
    assert!(!world.path("evil").exists() && !world.path("root/evil").exists());
}

#[test]
fn an_archive_without_the_program_is_refused() {
    entries_fail(&[("notes-1.1.0/migrations/1_a.up.sql", NOTES)], "archive", &["no program `bin/notes`"]);
}

#[test]
fn an_archive_without_the_migration_of_its_schema_is_refused() {
    let entries = [("notes-1.1.0/bin/notes", SHELL), ("notes-1.1.0/migrations/0001_notes.up.sql", NOTES)];
    entries_fail(&entries, "archive", &["no migration for schema 2", "manifest"]);
}

// FM-41
#[test]
fn a_program_for_another_machine_is_refused_while_the_old_one_runs() {
    // The header of an ELF file for s390x.
    let mut program = [0; 64];
    program[..20].copy_from_slice(b"\x7fELF\x02\x02\x01\0\0\0\0\0\0\0\0\0\0\x02\0\x16");
    let entries = [("notes-1.1.0/bin/notes", &program[..]), ("notes-1.1.0/migrations/0001_notes.up.sql", NOTES)];
    entries_fail(&entries, "program", &["1.1.0 cannot run here", "another processor", "another machine"]);
}

#[test]
fn a_program_that_takes_itself_for_another_version_is_refused() {
    let program = b"#!/bin/sh\necho notes 9.9.9\n";
    let entries = [("notes-1.1.0/bin/notes", &program[..]), ("notes-1.1.0/migrations/0001_notes.up.sql", NOTES)];
    entries_fail(&entries, "program", &["notes 9.9.9", "not 1.1.0"]);
}

#[test]
fn migrations_that_lead_to_another_schema_than_the_manifests_are_refused() {
    let fingerprint = "fingerprint = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"";
    let world = World::installed(&[OLD, NEW.extra(fingerprint)]);
    failed(&world, &UPGRADE, "fingerprint", &["schema 2", "sha256:00000", "the manifest says"]);
}

#[test]
fn what_failed_to_come_in_leaves_the_old_versions_alone() {
    let world = World::installed(&[OLD, NEW]);
    std::fs::remove_file(archive(&world)).unwrap();
    failed(&world, &UPGRADE, "download", &[]);
    let versions = std::fs::read_dir(world.path("root/versions")).unwrap();
    let names: Vec<_> = versions.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, ["1.0.0"]);
    let program = std::fs::metadata(world.path("root/current/bin/notes")).unwrap();
    assert_eq!(program.permissions().mode() & 0o777, 0o755);
    world.run(&["verify"]).expect(0);
}
