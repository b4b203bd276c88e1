//! What must not be shown or kept: passwords, keys, and what takes over a terminal.

use std::path::Path;

use crate::release_server::{Mode, ReleaseServer};
use crate::world::{Answer, NEW, OLD, World};

const PASSWORD: &str = "hunter2-of-the-mirror";

#[track_caller]
fn does_not_tell(answer: &Answer, secret: &str) {
    assert!(!answer.stdout.contains(secret) && !answer.stderr.contains(secret), "{answer:#?}");
}

#[track_caller]
fn is_nowhere(directory: &Path, secret: &str) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.symlink_metadata().unwrap().is_dir() {
            is_nowhere(&path, secret);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds it", path.display());
        }
    }
}

#[test]
fn a_password_in_an_address_is_used_and_neither_shown_nor_kept() {
    let world = World::with(&[OLD, NEW]);
    let server = ReleaseServer::start(&world.path("releases"));
    let url = server.url("/notes.toml").replacen("http://", &format!("http://me:{PASSWORD}@"), 1);
    world.configure_at(&url, "");
    does_not_tell(&world.run(&["install", "--to", "1.0.0", "--yes"]).expect(0), PASSWORD);
    assert!(server.requests().iter().all(|request| request.headers.contains_key("authorization")));
    let signature = std::fs::read(world.path("releases/notes.toml.minisig")).unwrap();
    let commands: [&[&str]; 4] =
        [&["upgrade", "--yes"], &["upgrade", "--yes", "--json"], &["status"], &["upgrade", "--dry-run", "--json"]];
    for wrong in [&b"no signature"[..], b"untrusted comment: x\n"] {
        std::fs::write(world.path("releases/notes.toml.minisig"), wrong).unwrap();
        commands.iter().for_each(|command| does_not_tell(&world.run(command), PASSWORD));
    }
    std::fs::write(world.path("releases/notes.toml.minisig"), signature).unwrap();
    for path in ["/notes-1.1.0.tar.gz", "/notes.toml"] {
        for mode in [Mode::FlippedBit, Mode::Status(404)] {
            server.misbehave(path, mode);
            commands.iter().for_each(|command| does_not_tell(&world.run(command), PASSWORD));
        }
        server.misbehave(path, Mode::Ok);
    }
    does_not_tell(&world.run(&["upgrade", "--yes", "-v"]).expect(0), PASSWORD);
    does_not_tell(&world.run(&["history", "--json"]).expect(0), PASSWORD);
    for place in ["state", "root", "backups", "data"] {
        is_nowhere(&world.path(place), PASSWORD);
    }
}

#[test]
fn neither_a_key_nor_its_password_is_printed() {
    let world = World::with(&[OLD]);
    let (key, password) = (world.path("release.key"), world.path("password"));
    std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let manifest = world.path("releases/notes.toml");
    let sign = |more: &[&str]| {
        let words = ["manifest", "sign", "--manifest", manifest.to_str().unwrap(), "--key", key.to_str().unwrap()];
        world.run(&[&words[..], more].concat())
    };
    let answers = [
        sign(&["--generate", "--password-file", password.to_str().unwrap()]).expect(0),
        sign(&["--password-file", password.to_str().unwrap(), "--json"]).expect(0),
        sign(&["--password-file", manifest.to_str().unwrap()]),
    ];
    let secret = std::fs::read_to_string(&key).unwrap();
    for answer in &answers {
        does_not_tell(answer, PASSWORD);
        does_not_tell(answer, secret.lines().nth(1).unwrap());
    }
    assert_ne!(answers[2].code, 0);
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&key).unwrap()) & 0o7777, 0o600);
}

#[test]
fn a_name_in_the_database_does_not_take_over_the_terminal() {
    let world = World::installed(&[OLD, NEW]);
    world.execute("CREATE TABLE \"\u{1b}[2J\u{1b}[1Aall is well\" (a); CREATE TRIGGER \"\u{1b}]0;x\u{7}\" AFTER INSERT ON notes BEGIN SELECT 1; END");
    let mut said = String::new();
    for command in [&["status"][..], &["upgrade", "--yes"], &["gate"], &["verify"]] {
        let answer = world.run(command);
        said += &(answer.stdout + &answer.stderr);
    }
    assert!(!said.contains('\u{1b}') && said.contains("\\u{1b}]0;x\\u{7}"), "{said}");
}
