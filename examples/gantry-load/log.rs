//! The log of what was acknowledged, and beside it the log of what may or may not have happened.
//!
//! One line a write: `NUMBER KIND BUCKET KEY ID ETAG`, with tabs between, `-` where there is none. The number is drawn before
//! the request is sent, and all writes of one key come from one worker, so numbers tell the order of a key's writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bucket,
    Put,
    Delete,
}

/// One line of a log.
#[derive(Clone, Debug)]
pub struct Entry {
    pub number: u64,
    pub kind: Kind,
    pub bucket: String,
    pub key: String,
    pub id: String,
    pub etag: String,
}

/// A log is not what it should be.
#[derive(Debug, Error)]
pub enum LogError {
    #[error("cannot use the log `{}`", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("there is a log `{}` already; go on with it by --resume, or name another", path.display())]
    There { path: PathBuf },
    #[error("line {line} of `{}` is not one of a log", path.display())]
    Line { path: PathBuf, line: usize },
}

/// Both logs, shared by all workers.
#[derive(Debug)]
pub struct Log {
    next: AtomicU64,
    files: Mutex<Files>,
}

#[derive(Debug)]
struct Files {
    acknowledged: File,
    maybe: File,
    last: Option<Instant>,
    counts: Counts,
}

/// What was written to the logs since they were opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub acknowledged: u64,
    pub maybe: u64,
    pub longest_gap: Duration,
}

/// Whether an existing log is continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    New,
    Resumed,
}

impl Log {
    /// Opens both logs.
    pub fn open(path: &Path, beginning: Beginning) -> Result<Self, LogError> {
        let maybe = maybe_path(path);
        if beginning == Beginning::New && (path.exists() || maybe.exists()) {
            return Err(LogError::There { path: path.to_owned() });
        }
        let open = |path: &Path| {
            let opened = OpenOptions::new().append(true).create(true).open(path);
            opened.map_err(|source| LogError::File { path: path.to_owned(), source })
        };
        let files = Files { acknowledged: open(path)?, maybe: open(&maybe)?, last: None, counts: Counts::default() };
        let earlier = read(path)?.into_iter().chain(read(&maybe)?);
        let next = earlier.map(|entry| entry.number + 1).max().unwrap_or(1);
        Ok(Self { next: AtomicU64::new(next), files: Mutex::new(files) })
    }

    /// A number for a write that is about to be sent.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Records a write that the node acknowledged.
    pub fn acknowledged(&self, entry: &Entry) -> io::Result<()> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let gap = files.last.map_or(Duration::ZERO, |last| now - last);
        files.counts.longest_gap = files.counts.longest_gap.max(gap);
        files.last = Some(now);
        files.counts.acknowledged += 1;
        files.acknowledged.write_all(entry.line().as_bytes())
    }

    /// Records a write that was sent and not answered: it may have happened.
    pub fn maybe(&self, entry: &Entry) -> io::Result<()> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.counts.maybe += 1;
        files.maybe.write_all(entry.line().as_bytes())
    }

    /// What was written so far.
    pub fn counts(&self) -> Counts {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).counts
    }
}

/// Where the writes without an answer go.
pub fn maybe_path(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".maybe");
    name.into()
}

/// Every whole line of a log; a last one without its end is what a kill left, and was not finished.
pub fn read(path: &Path) -> Result<Vec<Entry>, LogError> {
    let text = std::fs::read_to_string(path).map_err(|source| LogError::File { path: path.to_owned(), source })?;
    let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let parsed = whole.enumerate().map(|(index, line)| {
        line.parse().map_err(|_: NoEntry| LogError::Line { path: path.to_owned(), line: index + 1 })
    });
    parsed.collect()
}

/// A line that is not one of a log.
pub struct NoEntry;

impl Entry {
    fn line(&self) -> String {
        let Self { number, kind, bucket, key, id, etag } = self;
        let kind = match kind {
            Kind::Bucket => "bucket",
            Kind::Put => "put",
            Kind::Delete => "delete",
        };
        format!("{number}\t{kind}\t{bucket}\t{key}\t{id}\t{etag}\n")
    }
}

impl FromStr for Entry {
    type Err = NoEntry;

    fn from_str(line: &str) -> Result<Self, NoEntry> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [number, kind, bucket, key, id, etag] = fields.as_slice() else { return Err(NoEntry) };
        let kind = match *kind {
            "bucket" => Kind::Bucket,
            "put" => Kind::Put,
            "delete" => Kind::Delete,
            _ => return Err(NoEntry),
        };
        let owned = |text: &str| text.to_owned();
        let number = number.parse().map_err(|_| NoEntry)?;
        Ok(Self { number, kind, bucket: owned(bucket), key: owned(key), id: owned(id), etag: owned(etag) })
    }
}
