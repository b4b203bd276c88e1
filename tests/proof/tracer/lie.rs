//! Seeded bugs: calls that are said to be done and are not, as if the installer did not make them.

use std::path::Path;

use nix::unistd::Pid;

use super::{Point, memory};

/// A bug in the installer, made from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// No directory is ever synced. Only a power cut shows it.
    NoDirectorySync,
    /// No file whose path ends so is ever synced. Only a power cut shows it.
    NoSyncOf(&'static str),
    /// Nothing is ever synced. Only a power cut shows it.
    NoSync,
    /// Records that hold these words never reach the journal.
    NoRecord(&'static str),
    /// The write-ahead log of the old database lies beside the new one once that has the live name.
    LogLeftBehind,
}

/// What a lie makes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is not made, and answers this.
    Instead(i64),
    /// It is made. Before it, the log is kept.
    Keep,
    /// It is made. After it, the log is put back.
    PutBack,
}

impl Lie {
    /// What becomes of the call at `point`, if this lie is about it.
    pub(super) fn tell(self, point: &Point, process: Pid, arguments: &[u64; 6], world: &Path) -> Option<Told> {
        let syncs = matches!(point.call, "fsync" | "fdatasync" | "sync_file_range");
        let on_directory = || world.join(&point.path).is_dir();
        match self {
            Self::NoDirectorySync => (syncs && on_directory()).then_some(Told::Instead(0)),
            Self::NoSyncOf(end) => (syncs && point.path.to_string_lossy().ends_with(end)).then_some(Told::Instead(0)),
            Self::NoSync => syncs.then_some(Told::Instead(0)),
            Self::NoRecord(words) => {
                let appends = point.call == "write" && point.path.ends_with("journal");
                let length = point.length.filter(|_| appends)?;
                let bytes = memory::bytes(process, arguments[1], length)?;
                let holds = bytes.windows(words.len()).any(|window| window == words.as_bytes());
                holds.then_some(Told::Instead(i64::try_from(length).ok()?))
            }
            Self::LogLeftBehind => match point.call {
                "unlink" | "unlinkat" | "ftruncate" if is_live_log(&point.path) => Some(Told::Keep),
                "rename" | "renameat" | "renameat2" if point.to.as_deref().is_some_and(is_live) => Some(Told::PutBack),
                _ => None,
            },
        }
    }
}

fn is_live(path: &Path) -> bool {
    path.parent() == Some(Path::new("data")) && path.extension().is_some_and(|end| end == "db")
}

fn is_live_log(path: &Path) -> bool {
    path.parent() == Some(Path::new("data")) && path.extension().is_some_and(|end| end == "db-wal")
}
