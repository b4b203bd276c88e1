//! A world with its service's manager, made ready for one operation, and put back under the same paths as often as needed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::frozen::copy;
use crate::launcher::Launcher;
use crate::operation::{Operation, Size};
use crate::picture::Picture;
use crate::world::{Release, World};

/// What changes in a world; the published releases and the configuration do not.
const PARTS: [&str; 4] = ["root", "state", "data", "backups"];

pub struct Stage {
    // Before the world, whose directory its service uses.
    pub launcher: Launcher,
    pub world: World,
    kept: Option<tempfile::TempDir>,
    running: Option<String>,
    /// As the operation finds it.
    pub old: Picture,
}

impl Stage {
    /// Makes a world ready for an operation, in a directory of `parent`, and keeps a copy of it beside it.
    pub fn set(operation: &Operation, size: Size, parent: &Path) -> Self {
        let mut stage = Self::without_copy(operation, size, parent);
        let kept = tempfile::tempdir_in(parent).unwrap();
        stage.stop();
        for part in PARTS.iter().filter(|part| stage.world.path(part).exists()) {
            copy(&stage.world.path(part), &kept.path().join(part));
        }
        stage.kept = Some(kept);
        stage
    }

    /// The same without the copy, for whoever keeps the whole disk. Its service runs.
    pub fn without_copy(operation: &Operation, size: Size, parent: &Path) -> Self {
        let stage = Self::empty(&(operation.releases)(), parent);
        (operation.prepare)(&stage);
        size.fill(&stage);
        stage.launcher.stops_by(operation.stop);
        let old = Picture::of(&stage.world).unwrap();
        let running = stage.world.answers();
        Self { old, running, ..stage }
    }

    fn empty(releases: &[Release], parent: &Path) -> Self {
        let world = World::within(parent, releases);
        let launcher = Launcher::start(&world.path("notes.pid"));
        let old = Picture { version: None, content: None, answers: None, backups: Vec::new() };
        let stage = Self { launcher, world, kept: None, running: None, old };
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
        self.world.replace("timeout = \"2s\"", "timeout = \"20s\"");
    }

    /// Puts everything back to how the operation finds it, with its service running.
    pub fn restore(&self) {
        self.put_back(self.kept.as_ref().unwrap().path());
        self.boot();
    }

    /// Puts a state back that [`Self::save`] kept, with no service running.
    pub fn put_back(&self, kept: &Path) {
        self.stop();
        for part in PARTS {
            let (path, kept) = (self.world.path(part), kept.join(part));
            if path.exists() {
                std::fs::remove_dir_all(&path).unwrap();
            }
            if kept.exists() {
                copy(&kept, &path);
            }
        }
    }

    /// Keeps the state as it is now. Whatever runs goes on.
    pub fn save(&self) -> tempfile::TempDir {
        let kept = tempfile::tempdir_in(self.world.path("").parent().unwrap()).unwrap();
        for part in PARTS.iter().filter(|part| self.world.path(part).exists()) {
            copy(&self.world.path(part), &kept.path().join(part));
        }
        kept
    }

    /// Starts the service that ran when the stage was set, and waits until it answers.
    pub fn boot(&self) {
        let Some(version) = &self.running else { return };
        let world = &self.world;
        let listen = format!("127.0.0.1:{}", world.port);
        let mut words = vec![world.path(&format!("root/versions/{version}/bin/notes")).into_os_string()];
        words.extend(["serve", "--listen", &listen, "--database"].map(Into::into));
        words.extend([world.database().into(), "--pid-file".into(), world.path("notes.pid").into()]);
        self.launcher.run(&words);
        let since = Instant::now();
        // Nothing tells when a process that is not ours listens.
        while world.answers().as_ref() != Some(version) {
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
