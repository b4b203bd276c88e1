//! What was tried already, so that a long run can go on where it stopped.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use gantry_installer::digest::Sha256;

/// A line for each point, in a file named by what was tried: another installer, or another harness, begins anew.
pub struct Record {
    known: HashMap<String, String>,
    file: Option<Mutex<File>>,
}

impl Record {
    /// Nothing is kept.
    pub fn none() -> Self {
        Self { known: HashMap::new(), file: None }
    }

    /// What was kept of this subject.
    pub fn open(subject: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/proof");
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(format!("{}.done", &subject[..16]));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        let known = lines.map(|(key, word)| (key.to_owned(), word.to_owned())).collect();
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        Self { known, file: Some(Mutex::new(file)) }
    }

    /// What came of it when it was tried.
    pub fn word(&self, key: &str) -> Option<&str> {
        self.known.get(key).map(String::as_str)
    }

    pub fn keep(&self, key: &str, word: &str) {
        if let Some(file) = &self.file {
            file.lock().unwrap().write_all(format!("{key}\t{word}\n").as_bytes()).unwrap();
        }
    }
}

/// The digest of the installer and of what tests it.
pub fn subject() -> String {
    let own = std::env::current_exe().unwrap();
    let files = [Path::new(env!("CARGO_BIN_EXE_gantry-installer")), &own];
    let digests = files.map(|file| Sha256::of(&std::fs::read(file).unwrap()).to_string());
    Sha256::of(digests.concat().as_bytes()).to_string()
}
