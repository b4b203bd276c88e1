//! A world with its service's manager, made ready for one operation, and put back under the same paths as often as needed.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::launcher::Launcher;
use crate::operation::{Operation, Size};
use crate::picture::Picture;
use crate::tree::copy;
use crate::world::{Release, World};

/// What changes in a world; the published releases and the configuration do not.
pub const PARTS: [&str; 4] = ["root", "state", "data", "backups"];

pub struct Stage {
    // Before the world, whose directory its service uses.
    pub launcher: Launcher,
    pub world: World,
    kept: Option<Saved>,
    /// As the operation finds it.
    pub old: Picture,
}

/// A state of a world.
pub struct Saved {
    directory: tempfile::TempDir,
    /// What was started of the service that ran.
    running: Option<Vec<OsString>>,
}

impl Stage {
    /// Makes a world ready for an operation, in a directory of `parent`, and keeps a copy of it beside it.
    pub fn set(operation: &Operation, size: Size, parent: &Path) -> Self {
        let mut stage = Self::without_copy(operation, size, parent);
        stage.kept = Some(stage.save());
        stage
    }

    /// The same without the copy, for whoever keeps the whole disk. Its service runs.
    pub fn without_copy(operation: &Operation, size: Size, parent: &Path) -> Self {
        let stage = Self::empty(&(operation.releases)(), parent);
        (operation.prepare)(&stage);
        size.fill(&stage);
        stage.launcher.stops_by(operation.stop);
        let old = Picture::of(&stage.world).unwrap();
        Self { old, ..stage }
    }

    fn empty(releases: &[Release], parent: &Path) -> Self {
        let world = World::within(parent, releases);
        let launcher = Launcher::start(&world.path("notes.pid"));
        let old = Picture { version: None, content: None, answers: None, backups: Vec::new() };
        let stage = Self { launcher, world, kept: None, old };
        stage.configure("");
        stage
    }

    /// Writes the configuration, with `more` at its end.
    pub fn configure(&self, more: &str) {
        self.world.configure(more);
        let listen = format!("127.0.0.1:{}", self.world.port);
        let (config, pid_file) = (self.world.path("installer.toml"), self.world.path("notes.pid"));
        self.world.service_by(&self.launcher.settings(&[
            env!("CARGO_BIN_EXE_gantry-installer"),
            "--config",
            config.to_str().unwrap(),
            "gate",
            "--",
            "{binary}",
            "serve",
            "--database",
            "{database}",
            "--listen",
            &listen,
            "--pid-file",
            pid_file.to_str().unwrap(),
        ]));
        self.world.replace("timeout = \"60s\"", "timeout = \"20s\"");
    }

    /// Puts everything back to how the operation finds it, with its service running.
    pub fn restore(&self) {
        self.put_back(self.kept.as_ref().unwrap());
    }

    /// Keeps the state as it is now. Whatever runs goes on.
    pub fn save(&self) -> Saved {
        let running = self.launcher.running().map(without_gate);
        let directory = tempfile::tempdir_in(self.world.path("").parent().unwrap()).unwrap();
        for part in PARTS {
            copy(&self.world.path(part), &directory.path().join(part));
        }
        Saved { directory, running }
    }

    /// Puts such a state back, and starts the service that ran in it.
    pub fn put_back(&self, saved: &Saved) {
        self.stop();
        for part in PARTS {
            let path = self.world.path(part);
            if path.exists() {
                std::fs::remove_dir_all(&path).unwrap();
            }
            copy(&saved.directory.path().join(part), &path);
        }
        if let Some(words) = &saved.running {
            self.boot(words);
        }
    }

    /// Starts a service as the machine's boot would, and waits until it answers.
    pub fn boot(&self, words: &[OsString]) {
        self.launcher.run(words);
        let since = Instant::now();
        // Nothing tells when a process that is not ours listens.
        while self.world.answers().is_none() && self.launcher.running().is_some() {
            assert!(since.elapsed() < Duration::from_secs(20), "the service does not run again");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The power goes for the service.
    pub fn stop(&self) {
        self.launcher.kill();
    }

    /// The installer with these arguments, ready to be run or traced.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.world.command(arguments)
    }
}

/// A gate would refuse the start of a service that a kill left running.
fn without_gate(words: Vec<OsString>) -> Vec<OsString> {
    let end = words.iter().position(|word| word == "--").map_or(0, |gate| gate + 1);
    words[end..].to_vec()
}
