//! A copy of a file that nobody writes, such as a backup: its content is proven while it is copied.

use std::io::{Read as _, Write as _};
use std::path::Path;

use thiserror::Error;

use crate::db::copy::{create, remove};
use crate::digest::{Hasher, Sha256};
use crate::sys::attributes::Owner;
use crate::sys::dir::{Access, Dir};
use crate::sys::fs::{self, PathError, sync_file};
use crate::sys::seam;
use crate::sys::watch::Watch;

const CHUNK: usize = 1 << 20;

/// What a file must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its length.
    pub bytes: u64,
    /// The digest of its bytes.
    pub sha256: Sha256,
}

/// Why there is no copy; what was made of it is removed.
#[derive(Debug, Error)]
pub enum CopyFileError {
    /// The file is damaged.
    #[error("`{path}` holds {} bytes of digest {}, not the {} bytes of digest {} that were recorded",
        found.bytes, found.sha256, expected.bytes, expected.sha256)]
    Damaged {
        /// Which one.
        path: String,
        /// What it should hold.
        expected: Box<Content>,
        /// What it holds.
        found: Box<Content>,
    },
    /// The watcher wanted it to end.
    #[error("the copy of `{path}` was cancelled")]
    Cancelled {
        /// Of which file.
        path: String,
    },
    /// A file could not be made, read or written.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Copies `from`, which must hold `expected`, into the new file `name` of `into`, for `owner`. A leftover of that name
/// is replaced. Durable when it returns.
pub fn copy_file(
    from: &Path,
    expected: Content,
    owner: Owner,
    into: &Dir,
    name: &str,
    watch: &dyn Watch,
) -> Result<(), CopyFileError> {
    create(into, name, owner)?;
    let copied = fill(from, expected, into, name, watch);
    if copied.is_err() {
        let _ = remove(into, name);
    }
    copied
}

/// What the file `name` of `directory` holds.
pub fn content(directory: &Dir, name: &str, watch: &dyn Watch) -> Result<Content, CopyFileError> {
    let path = directory.path().join(name);
    let total = directory.length(name)?.unwrap_or(0);
    pass(directory.open_file(name, Access::Read)?, &path, total, watch, |_| Ok(()))
}

fn fill(from: &Path, expected: Content, into: &Dir, name: &str, watch: &dyn Watch) -> Result<(), CopyFileError> {
    let path = into.path().join(name);
    let mut target = into.open_file(name, Access::ReadWrite)?;
    seam::cross("copy a file");
    let found = pass(fs::open_regular(from)?, from, expected.bytes, watch, |piece| {
        target.write_all(piece).map_err(PathError::on("write", &path))
    })?;
    if found != expected {
        let (expected, found) = (Box::new(expected), Box::new(found));
        return Err(CopyFileError::Damaged { path: from.display().to_string(), expected, found });
    }
    sync_file(&target, &path)?;
    Ok(into.sync()?)
}

fn pass(
    mut file: std::fs::File,
    path: &Path,
    total: u64,
    watch: &dyn Watch,
    mut take: impl FnMut(&[u8]) -> Result<(), PathError>,
) -> Result<Content, CopyFileError> {
    let mut buffer = vec![0_u8; CHUNK];
    let mut hasher = Hasher::new();
    let mut bytes = 0;
    loop {
        if watch.cancelled() {
            return Err(CopyFileError::Cancelled { path: path.display().to_string() });
        }
        let length = match file.read(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(PathError::on("read", path)(error).into()),
        };
        let piece = buffer.get(..length).unwrap_or_default();
        if piece.is_empty() {
            return Ok(Content { bytes, sha256: hasher.finish() });
        }
        hasher.update(piece);
        take(piece)?;
        bytes += length as u64;
        watch.progress(bytes, total.max(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::attributes::owner;
    use crate::sys::watch::Unwatched;

    #[test]
    fn a_backup_is_copied_and_proven_in_one_pass() {
        let temporary = tempfile::tempdir().unwrap();
        let into = Dir::open(temporary.path()).unwrap();
        let from = temporary.path().join("backup.db");
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
        fs::write_durable(&from, &bytes, 0o600).unwrap();
        let expected = Content { bytes: bytes.len() as u64, sha256: Sha256::of(&bytes) };

        copy_file(&from, expected, owner(&from).unwrap(), &into, "new", &Unwatched).unwrap();

        assert_eq!(fs::read(&temporary.path().join("new")).unwrap(), bytes);
        assert_eq!(content(&into, "new", &Unwatched).unwrap(), expected);
    }

    /// FM-20: a damaged backup is found before anything is replaced, and it stays where it is.
    #[test]
    fn a_backup_with_one_flipped_bit_is_refused_and_leaves_no_copy() {
        let temporary = tempfile::tempdir().unwrap();
        let into = Dir::open(temporary.path()).unwrap();
        let from = temporary.path().join("backup.db");
        let mut bytes = vec![7_u8; 100_000];
        let expected = Content { bytes: bytes.len() as u64, sha256: Sha256::of(&bytes) };
        bytes[70_000] ^= 1;
        fs::write_durable(&from, &bytes, 0o600).unwrap();

        let refused = copy_file(&from, expected, owner(&from).unwrap(), &into, "new", &Unwatched);

        assert!(matches!(refused, Err(CopyFileError::Damaged { .. })));
        assert_eq!(into.identity("new").unwrap(), None);
        assert_eq!(fs::read(&from).unwrap(), bytes);
    }
}
