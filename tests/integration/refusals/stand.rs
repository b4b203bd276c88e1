//! Everything of a world that a refusal must leave alone.

use std::collections::BTreeMap;
use std::path::Path;

use crate::world::World;

/// What is installed, stored and running. Two of them are equal if nothing was changed between.
#[derive(Debug, PartialEq, Eq)]
pub struct Stand {
    current: Option<String>,
    service: Option<String>,
    answers: Option<String>,
    held: Option<Vec<u8>>,
    gate: Option<Vec<u8>>,
    files: BTreeMap<String, Content>,
}

#[derive(PartialEq, Eq)]
struct Content(Vec<u8>);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, {}", self.0.len(), gantry_installer::digest::Sha256::of(&self.0))
    }
}

impl Stand {
    pub fn of(world: &World) -> Self {
        let mut files = BTreeMap::new();
        for directory in ["root", "data", "backups", "state/releases"] {
            collect(&world.path(directory), &mut files);
        }
        Self {
            current: world.current(),
            service: std::fs::read_to_string(world.path("notes.pid")).ok(),
            answers: world.answers(),
            held: std::fs::read(world.path("state/held.json")).ok(),
            gate: std::fs::read(world.path("state/gate.json")).ok(),
            files,
        }
    }
}

fn collect(path: &Path, files: &mut BTreeMap<String, Content>) {
    let Ok(kind) = std::fs::symlink_metadata(path) else { return };
    let name = path.to_string_lossy().into_owned();
    // The work directory stays, with the name of its owner in it; whoever looks at a database makes an index of its log.
    if name.ends_with(".gantry-installer-notes/owner.json") || name.ends_with("-shm") {
        return;
    }
    if kind.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else if kind.is_file() && kind.len() > 0 {
        files.insert(name, Content(std::fs::read(path).unwrap()));
    }
}
