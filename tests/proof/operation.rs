//! What an operation is to the proof: how its machine is made ready, what is run, and what may come of it.

use crate::launcher::Stop;
use crate::stage::Stage;
use crate::world::Release;

/// Something that the installer does. A further one is an entry in [`crate::operations`].
pub struct Operation {
    /// One word or a few, for the table and the command line.
    pub name: &'static str,
    /// What is published.
    pub releases: fn() -> Vec<Release>,
    /// Makes the machine ready, on which nothing is installed.
    pub prepare: fn(&Stage),
    pub arguments: &'static [&'static str],
    /// The releases on the way, at each of which it may end as well: wholly there, and short of NEW.
    pub stops: &'static [&'static str],
    /// What it answers when nothing goes wrong.
    pub code: i32,
    pub ends: Ends,
    /// At how many of its points it is killed in a sample.
    pub kills: usize,
    /// How its service is stopped.
    pub stop: Stop,
}

/// Which ends it may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// All of the OLD or all of the NEW.
    Either,
    /// It fails by itself: always OLD.
    Old,
    /// It changes several backups and nothing else, each by itself: between OLD and NEW any of them may be gone.
    Piecemeal,
}

/// How large the database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Small,
    /// 64 MiB.
    Large,
}

impl Size {
    pub(crate) fn fill(self, stage: &Stage) {
        const ROWS: &str = "INSERT INTO notes (text) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n \
            WHERE i < 16000) SELECT printf('%d ', i) || hex(zeroblob(2000)) FROM n";
        if self == Self::Large {
            stage.world.execute(ROWS);
        }
    }
}
