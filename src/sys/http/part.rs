//! The file that a download grows in, and beside it what the server said of the version that it has begun with.

#![allow(clippy::disallowed_methods, reason = "the file is appended to over several runs")]

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::digest::{Hasher, Sha256};
use crate::sys::fs::{self, PathError};
use crate::sys::http::Problem;
use crate::sys::seam;
use crate::sys::watch::Watch;

/// A file that is being downloaded, and the digest of what is in it.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    size: u64,
    length: u64,
    hasher: Hasher,
    validator: Option<String>,
}

impl Part {
    /// Opens what a former attempt left, reading all of it for the digest, or begins.
    pub(super) fn open(path: &Path, size: u64, watch: &dyn Watch) -> Result<Self, Problem> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory, 0o700)?;
        }
        seam::cross("open a download");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(path).map_err(PathError::on("open", path))?;
        let length = file.metadata().map_err(PathError::on("look at", path))?.len();
        let validator = fs::read_if_there(&beside(path))?.and_then(|bytes| String::from_utf8(bytes).ok());
        let mut part = Self { path: path.to_owned(), file, size, length: 0, hasher: Hasher::new(), validator };
        if length > size {
            part.restart(None)?;
        } else {
            part.take_in(length, watch)?;
        }
        Ok(part)
    }

    /// The bytes that are there.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// What the server calls the version that the bytes belong to, where there are bytes to go on from. Without it
    /// nothing can: the rest might be of another version.
    pub(super) fn validator(&self) -> Option<&str> {
        if self.length == 0 { None } else { self.validator.as_deref() }
    }

    /// Throws the bytes away and begins with a version of this name.
    pub(super) fn restart(&mut self, validator: Option<&str>) -> Result<(), Problem> {
        seam::cross("empty a download");
        // In this order. After a power cut the two may still belong to different versions: the digest tells.
        self.file.set_len(0).map_err(PathError::on("empty", &self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(PathError::on("rewind", &self.path))?;
        self.length = 0;
        self.hasher = Hasher::new();
        self.validator = validator.map(str::to_owned);
        match validator {
            Some(validator) => fs::write_durable(&beside(&self.path), validator.as_bytes(), 0o600)?,
            None => fs::remove_file(&beside(&self.path))?,
        }
        Ok(())
    }

    /// Adds what came.
    ///
    /// # Errors
    /// It is more than the size that was promised; nothing of it is added then.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let length = self.length.saturating_add(bytes.len() as u64);
        if length > self.size {
            return Err(Problem::Size { expected: self.size, found: length, content_type: None });
        }
        self.file.write_all(bytes).map_err(PathError::on("write", &self.path))?;
        self.hasher.update(bytes);
        self.length = length;
        Ok(())
    }

    /// Whether all of it is there.
    pub(super) fn is_full(&self) -> bool {
        self.length == self.size
    }

    /// Makes it durable, if its digest is right.
    pub(super) fn finish(&mut self, expected: Sha256) -> Result<(), Problem> {
        let found = self.hasher.clone().finish();
        if found != expected {
            return Err(Problem::Digest { expected, found });
        }
        fs::sync_file(&self.file, &self.path)?;
        fs::remove_file(&beside(&self.path))?;
        Ok(fs::sync_dir(self.path.parent().unwrap_or(Path::new(".")))?)
    }

    fn take_in(&mut self, length: u64, watch: &dyn Watch) -> Result<(), Problem> {
        let mut chunk = vec![0; 256 * 1024];
        while self.length < length {
            if watch.cancelled() {
                return Err(Problem::Cancelled);
            }
            let count = self.file.read(&mut chunk).map_err(PathError::on("read", &self.path))?;
            let read = chunk.get(..count).unwrap_or_default();
            if read.is_empty() {
                break;
            }
            self.hasher.update(read);
            self.length += read.len() as u64;
        }
        Ok(())
    }
}

/// Throws a download away, finished or not.
///
/// # Errors
/// The file cannot be removed.
pub fn discard(part: &Path) -> Result<(), PathError> {
    fs::remove_file(part)?;
    fs::remove_file(&beside(part))
}

fn beside(part: &Path) -> PathBuf {
    let mut name = OsString::from(part.file_name().unwrap_or_default());
    name.push(".validator");
    part.with_file_name(name)
}
