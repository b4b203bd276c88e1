//! What a run leaves behind: its journal, only appended to and fsynced, and the records of the state directory.

pub mod backups;
pub mod gate;
pub mod held;
pub mod owned;
pub mod package;
pub mod probation;
pub mod record;
pub mod releases;
pub mod runs;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Sha256;
use crate::sys::fs::{self, PathError};
use crate::sys::{clock, room, seam};

/// One thing that a run did, or is about to do. `step` is a position in the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The step is about to be performed; it may have happened in part, or wholly.
    Intend {
        /// Which one.
        step: usize,
    },
    /// The step was performed, and is durable.
    Done {
        /// Which one.
        step: usize,
        /// How long it took.
        ms: u64,
    },
    /// The run cannot go on and goes back.
    Failed {
        /// At which step.
        step: usize,
        /// Why, in one line.
        error: String,
    },
    /// The step is about to be undone.
    Undo {
        /// Which one.
        step: usize,
    },
    /// The step was undone, and that is durable.
    Undone {
        /// Which one.
        step: usize,
    },
    /// A recovery begins; a run that needs too many is given up.
    Recover,
    /// The run has ended. Nothing comes after it.
    Closed {
        /// Whether everything is NEW (`done`) or OLD (`restored`).
        outcome: Ended,
    },
}

/// In which state a run left the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// All of the NEW.
    New,
    /// All of the OLD.
    Old,
}

/// An event and when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// By the wall clock, which may be wrong: the order is that of the lines.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What stands in one line.
#[derive(Serialize, Deserialize)]
struct Line {
    /// Noted before `entry`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<Entry>,
    #[serde(flatten)]
    entry: Entry,
}

/// A journal that cannot be read or written.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file system's answer.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A line other than the last does not carry its own checksum.
    #[error("the journal `{}` is damaged in line {line}", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// An entry could be neither written nor taken back.
    #[error("the journal `{}` cannot be written any more", path.display())]
    Spoilt {
        /// The journal.
        path: PathBuf,
    },
    /// An entry could not be put into words; a bug.
    #[error("cannot write an entry of the journal")]
    Form(#[from] serde_json::Error),
}

/// The open journal of a run.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    entries: Vec<Entry>,
    /// Noted, and not written yet.
    noted: Vec<Entry>,
    /// Of the whole lines.
    length: u64,
    /// A failed append could not be taken back: nothing more may be written behind it.
    spoilt: bool,
}

impl Journal {
    /// Opens the journal, making it where there is none, and drops a torn last line.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let (entries, length) = parse(path, &fs::read_if_there(path)?.unwrap_or_default())?;
        let file = fs::open_log(path, length)?;
        Ok(Self { path: path.to_owned(), file, entries, noted: Vec::new(), length, spoilt: false })
    }

    /// Reads a journal without opening it for writing; empty where there is none.
    pub fn read(path: &Path) -> Result<Vec<Entry>, JournalError> {
        Ok(parse(path, &fs::read_if_there(path)?.unwrap_or_default())?.0)
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Keeps an entry for the line of the next one, which spares a sync: for what announces nothing. A kill before that
    /// leaves the journal as if it had not happened yet.
    pub fn note(&mut self, event: Event) {
        self.noted.push(Entry { at: clock::now(), event });
    }

    /// Writes an entry, and those that were noted before it. When it returns, all of them survive a power cut.
    ///
    /// # Errors
    /// None of them is in the journal then: whatever came of it is cut off again, so that no recovery acts upon it.
    pub fn append(&mut self, event: Event) -> Result<(), JournalError> {
        if self.spoilt {
            return Err(JournalError::Spoilt { path: self.path.clone() });
        }
        let entry = Entry { at: clock::now(), event };
        // One line, as it has one checksum: of two of them a power cut might keep the second one alone.
        let line = line_of(&serde_json::to_string(&Line { before: self.noted.clone(), entry: entry.clone() })?);
        seam::cross("append to the journal");
        let written = match self.write(&line) {
            // Usually it goes where the journal keeps room behind its end.
            Err(error) if !self.spoilt && room::is_lack(&error) && room::give_one_back(&self.path) => self.write(&line),
            written => written,
        };
        if let Err(error) = written {
            return Err(PathError::on("append to", &self.path)(error).into());
        }
        self.length += line.len() as u64;
        self.entries.append(&mut self.noted);
        self.entries.push(entry);
        Ok(())
    }

    /// Appends durably; what came of a line that could not be written is cut off again.
    fn write(&mut self, line: &str) -> io::Result<()> {
        let written = io::Write::write_all(&mut self.file, line.as_bytes()).and_then(|()| self.file.sync_data());
        if written.is_err() {
            self.spoilt = self.file.set_len(self.length).and_then(|()| self.file.sync_all()).is_err();
        }
        written
    }
}

pub(crate) fn line_of(entry: &str) -> String {
    format!("{} {entry}\n", checksum(entry))
}

fn checksum(entry: &str) -> String {
    Sha256::of(entry.as_bytes()).to_string().chars().take(16).collect()
}

/// The entries, and the length of the file up to the last whole one.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<(Vec<Entry>, u64), JournalError> {
    let mut entries = Vec::new();
    let mut length = 0;
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for (number, line) in lines.iter().enumerate() {
        match entry_of(line) {
            Some(Some(Line { before, entry })) => entries.extend(before.into_iter().chain([entry])),
            // A kill or a power cut tears only the end, and what was torn was never acted upon.
            None if number + 1 == lines.len() => break,
            // What is whole and cannot be understood was written by another installer, and may have been acted upon.
            None | Some(None) => return Err(JournalError::Damaged { path: path.to_owned(), line: number + 1 }),
        }
        length += line.len() as u64;
    }
    Ok((entries, length))
}

/// Nothing where the line is not whole; what cannot be understood is none.
fn entry_of(line: &[u8]) -> Option<Option<Line>> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (sum, entry) = text.split_once(' ')?;
    if sum != checksum(entry) {
        return None;
    }
    Some(serde_json::from_str(entry).ok())
}

#[cfg(test)]
mod tests;
