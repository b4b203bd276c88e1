//! What this copy of the program is, how it misbehaves, and how it was called.

use std::collections::HashMap;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::Fallible;

/// What this copy of the program is, and how it misbehaves: the lines of `mode`, split at the first space.
pub struct Release {
    pub version: String,
    pub mode: HashMap<String, String>,
}

impl Release {
    pub fn beside_the_executable() -> Fallible<Self> {
        let read = |name: &str| -> Fallible<String> {
            let path = std::env::current_exe()?.with_file_name(name);
            Ok(if path.exists() { std::fs::read_to_string(path)? } else { String::new() })
        };
        let version = read("version")?.trim().to_owned();
        let mode = read("mode")?;
        let lines = mode.lines().map(|line| line.trim().split_once(' ').unwrap_or((line.trim(), "")));
        let mode = lines.map(|(word, rest)| (word.to_owned(), rest.to_owned())).collect();
        Ok(Self { version: if version.is_empty() { "0.0.0".to_owned() } else { version }, mode })
    }

    pub fn does(&self, fault: &str) -> bool {
        self.mode.contains_key(fault)
    }

    pub fn number(&self, fault: &str) -> Fallible<Option<u64>> {
        Ok(self.mode.get(fault).map(|number| number.parse()).transpose()?)
    }

    pub fn pause(&self, fault: &str) -> Fallible<()> {
        if let Some(number) = self.number(fault)? {
            thread::sleep(Duration::from_millis(number));
        }
        Ok(())
    }
}

pub struct Options {
    pub database: PathBuf,
    pub listen: String,
    pub pid_file: Option<PathBuf>,
}

impl Options {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Fallible<Self> {
        let mut given = HashMap::new();
        while let Some(option) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("`{option}` needs a value"))?;
            given.insert(option, value);
        }
        Ok(Self {
            database: given.remove("--database").ok_or("`--database` is missing")?.into(),
            listen: given.remove("--listen").unwrap_or_else(|| "127.0.0.1:0".to_owned()),
            pid_file: given.remove("--pid-file").map(PathBuf::from),
        })
    }
}
