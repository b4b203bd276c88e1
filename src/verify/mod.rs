//! Files that are what they should be: whoever takes a [`VerifiedFile`] need not ask where it comes from.

mod archive;
mod digests;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod hostile;
mod limits;
mod names;
#[cfg(test)]
mod samples;
mod stream;
mod unpack;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::digest::{Hasher, Sha256};
use crate::sys::fs::{self, PathError};

pub use digests::digests;
pub use limits::Limits;
pub use unpack::{Fault, UnpackError, Unpacked, unpack};

/// A file whose size and digest were found right. It stays open: its name may lead elsewhere later, it does not.
#[derive(Debug)]
pub struct VerifiedFile {
    path: PathBuf,
    file: File,
    size: u64,
    sha256: Sha256,
}

/// Why a file is not what it should be.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] PathError),
    /// It has another size.
    #[error("`{}` has {found} bytes, but {expected} were promised", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// What was promised.
        expected: u64,
        /// What it has.
        found: u64,
    },
    /// It has another content.
    #[error("`{}` has the SHA-256 {found}, but {expected} was promised", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// What was promised.
        expected: Sha256,
        /// That of its content.
        found: Sha256,
    },
}

impl VerifiedFile {
    /// Reads the whole file; both `size`, in bytes, and `sha256` come from a manifest with a good signature.
    ///
    /// # Errors
    /// It is not what was promised, or that cannot be found out.
    pub fn check(path: &Path, size: u64, sha256: Sha256) -> Result<Self, VerifyError> {
        let file = fs::open_regular(path)?;
        let found = file.metadata().map_err(PathError::on("look at", path))?.len();
        if found != size {
            return Err(VerifyError::Size { path: path.to_owned(), expected: size, found });
        }
        let found = digest(&file).map_err(PathError::on("read", path))?;
        if found != sha256 {
            return Err(VerifyError::Digest { path: path.to_owned(), expected: sha256, found });
        }
        Ok(Self { path: path.to_owned(), file, size, sha256 })
    }

    /// The name by which it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The digest of its content.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }
}

/// The size in bytes and the digest that a file has: what is to be promised of it.
///
/// # Errors
/// It is not a regular file, or cannot be read.
pub fn measure(path: &Path) -> Result<(u64, Sha256), PathError> {
    let file = fs::open_regular(path)?;
    let sha256 = digest(&file).map_err(PathError::on("read", path))?;
    Ok((file.metadata().map_err(PathError::on("look at", path))?.len(), sha256))
}

fn digest(file: &File) -> std::io::Result<Sha256> {
    let (mut hasher, mut chunk, mut offset) = (Hasher::new(), vec![0; 256 * 1024], 0);
    loop {
        let count = file.read_at(&mut chunk, offset)?;
        match chunk.get(..count) {
            None | Some([]) => return Ok(hasher.finish()),
            Some(read) => hasher.update(read),
        }
        offset += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_verified_only_by_its_size_and_its_digest() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        fs::write_durable(&path, b"abc", 0o600).unwrap();
        let verified = VerifiedFile::check(&path, 3, Sha256::of(b"abc")).unwrap();
        assert_eq!((verified.path(), verified.size(), verified.sha256()), (path.as_path(), 3, Sha256::of(b"abc")));
        assert!(matches!(VerifiedFile::check(&path, 4, Sha256::of(b"abc")), Err(VerifyError::Size { found: 3, .. })));
        assert!(matches!(VerifiedFile::check(&path, 3, Sha256::of(b"abd")), Err(VerifyError::Digest { .. })));
    }

    #[test]
    fn what_is_not_a_file_is_not_verified() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        for path in [place.path(), &pipe, &place.path().join("missing")] {
            assert!(matches!(VerifiedFile::check(path, 0, Sha256::of(b"")), Err(VerifyError::File(_))));
        }
    }
}
