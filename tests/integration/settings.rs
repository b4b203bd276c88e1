//! Changes to the configuration of a world, and to what is installed in it.

use std::process::Command;

use crate::world::World;

impl World {
    /// Writes other words into the configuration.
    #[track_caller]
    pub fn replace(&self, words: &str, others: &str) {
        let file = self.path("installer.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(words), "`{words}` is not in {text}");
        std::fs::write(file, text.replacen(words, others, 1)).unwrap();
    }

    /// Replaces everything that the configuration says of the service.
    pub fn service_by(&self, words: &str) {
        let file = self.path("installer.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, rest) = text.split_once("[service]\n").unwrap();
        let (_, after) = rest.split_once("[health]\n").unwrap();
        std::fs::write(file, format!("{before}[service]\n{words}\n[health]\n{after}")).unwrap();
    }

    /// Waits no longer than it has to where it waits in vain: for a service that never comes up, or never ends. Everywhere
    /// else the machine may be busy.
    pub fn impatient(self) -> Self {
        let file = self.path("installer.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, text.replace("timeout = \"60s\"", "timeout = \"5s\"")).unwrap();
        self
    }

    /// Gives an installed release other faults, from its next start on, as if it had been published with them.
    pub fn misbehave(&self, version: &str, mode: &str) {
        std::fs::write(self.path(&format!("root/versions/{version}/bin/mode")), mode).unwrap();
        let record = self.path(&format!("state/releases/{version}.json"));
        let mut known: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
        known["files"]["bin/mode"] = gantry_installer::digest::Sha256::of(mode.as_bytes()).to_string().into();
        std::fs::write(&record, known.to_string()).unwrap();
    }

    /// Stops the service as its operator would, and waits until it has ended in order.
    pub fn stop_service(&self) {
        let pid = std::fs::read_to_string(self.path("notes.pid")).unwrap();
        assert!(Command::new("kill").arg(pid.trim()).status().unwrap().success());
        while self.path("notes.pid").exists() {
            std::thread::yield_now();
        }
    }
}
