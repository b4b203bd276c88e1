//! Bugs that every harness must find: a sync that is said to have happened and never did.

use std::path::Path;

use super::trace::{Call, Fate, Watcher};

/// Which calls are left out, in silence.
#[derive(Clone, Copy, Debug)]
pub struct Lie {
    pub name: &'static str,
    skips: fn(&Path) -> bool,
}

pub const NEW_DATABASE: Lie = Lie { name: "the new database is never synced", skips: is_new_database };
pub const DIRECTORIES: Lie = Lie { name: "no directory is ever synced", skips: Path::is_dir };
pub const JOURNAL: Lie = Lie { name: "the journal is never synced", skips: |path| path.ends_with("journal") };
pub const EVERYTHING: Lie = Lie { name: "the commit is acknowledged and nothing is durable", skips: |_| true };
pub const ALL: [Lie; 4] = [NEW_DATABASE, DIRECTORIES, JOURNAL, EVERYTHING];

fn is_new_database(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".new") && path.parent().is_some_and(|work| work.ends_with(".gantry-installer-notes"))
}

impl Lie {
    /// Whether this call is one that is left out.
    pub fn covers(&self, call: &Call) -> bool {
        let syncs = ["fsync", "fdatasync", "syncfs", "sync_file_range"].contains(&call.name);
        syncs && call.paths.as_ref().is_some_and(|(path, _)| (self.skips)(path))
    }
}

/// Lets everything happen but what a lie covers.
#[derive(Debug, Default)]
pub struct Liar {
    pub lie: Option<Lie>,
    /// How often it lied.
    pub told: usize,
}

impl Watcher for Liar {
    fn before(&mut self, call: &Call) -> Fate {
        if self.lie.is_some_and(|lie| lie.covers(call)) {
            self.told += 1;
            return Fate::Skipped;
        }
        Fate::Made
    }
}
