//! What must hold once a recovery has ended: all of the OLD or all of the NEW, and nothing left over.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::frozen::{below, services};
use super::interrupted::Seen;
use crate::world::World;

/// One of the two ends.
#[derive(Clone, Copy, Debug)]
pub struct Stand {
    /// The installed release and its schema; nothing before a first installation.
    pub release: Option<(&'static str, i64)>,
    /// The rows of the table `notes`, in order, one word each.
    pub notes: &'static str,
    /// The backups, as `kind version`, oldest first.
    pub backups: &'static [&'static str],
    /// The backup that is there in addition where the new service had been started.
    pub given_up: Option<&'static str>,
    /// What the gate says of it; of nothing, that it is unknown.
    pub verdict: &'static str,
}

/// Asserts that the machine stands wholly there.
pub fn wholly(stand: &Stand, seen: &Seen, world: &World, context: &str) {
    assert_eq!(world.current().as_deref(), stand.release.map(|(version, _)| version), "{context}");
    assert_eq!(world.answers().as_deref(), stand.release.map(|(version, _)| version), "{context}");
    assert_eq!(services(world), usize::from(stand.release.is_some()), "{context}: {:?}", world.processes());
    match stand.release {
        Some((_, schema)) => {
            let broken_off = "SELECT version FROM schema_migrations WHERE dirty = 1";
            let found = if stand.verdict == "dirty" { world.query(broken_off) } else { world.schema() };
            assert_eq!(found, schema, "{context}");
            assert_eq!(world.query::<String>(NOTES), stand.notes, "{context}");
            assert_eq!(world.query::<String>("PRAGMA integrity_check"), "ok", "{context}");
        }
        None => assert!(!world.database().exists(), "{context}"),
    }
    let status = world.run(&["status", "--json"]);
    assert_eq!(status.code, 0, "{context}: {status:#?}");
    nothing_left(&status.json(), world, context);
    backups(stand, seen, &status.json()["backups"], world, context);
    answers(stand, world, context);
}

const NOTES: &str = "SELECT coalesce(group_concat(text, ' '), '') FROM (SELECT text FROM notes ORDER BY id)";

fn answers(stand: &Stand, world: &World, context: &str) {
    let verify = world.run(&["verify", "--json"]);
    assert_eq!(verify.code == 0, stand.verdict == "ready", "{context}: {verify:#?}");
    let gate = world.run(&["gate", "--json"]);
    assert_eq!(gate.json()["verdict"], stand.verdict, "{context}: {gate:#?}");
    let again = world.run(&["recover", "--json"]);
    assert_eq!((again.code, &again.json()["outcome"]), (0, &"nothing".into()), "{context}: {again:#?}");
}

/// No file of the run is left but its records, in no place that the installer writes to.
fn nothing_left(status: &Value, world: &World, context: &str) {
    assert_eq!(status["unfinished"], Value::Null, "{context}");
    let work = below(&world.path("data/.gantry-installer-notes"));
    assert!(work.iter().all(|name| name == Path::new("owner.json")), "{context}: {work:?}");
    let left = ["state/.reserve", "root/.reserve", "state/private"].map(|name| world.path(name).exists());
    assert_eq!(left, [false; 3], "{context}");
    let versions = std::fs::read_dir(world.path("root/versions")).into_iter().flatten();
    let mut versions: Vec<_> = versions.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    versions.sort();
    assert_eq!(status["versions"], Value::from(versions), "{context}");
}

/// Exactly those that must be there, each as it was when it was made, and no directory that is none.
fn backups(stand: &Stand, seen: &Seen, listed: &Value, world: &World, context: &str) {
    let words = |backup: &Value| format!("{} {}", backup["kind"], backup["version"]).replace('"', "");
    let found: Vec<String> = listed.as_array().unwrap().iter().map(words).collect();
    let given_up = stand.given_up.filter(|_| seen.started);
    let expected: Vec<&str> = stand.backups.iter().copied().chain(given_up).collect();
    assert_eq!(found, expected, "{context}");
    let mut directories: Vec<_> =
        below(&world.path("backups")).into_iter().filter(|path| path.iter().count() == 1).collect();
    directories.sort();
    let mut names: Vec<_> =
        listed.as_array().unwrap().iter().map(|backup| PathBuf::from(backup["id"].as_str().unwrap())).collect();
    names.sort();
    assert_eq!(directories, names, "{context}");
    if !names.is_empty() {
        let verified = world.run(&["backup", "verify", "--json"]);
        assert_eq!(verified.code, 0, "{context}: {verified:#?}");
    }
}
