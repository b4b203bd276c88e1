//! Records of the state directory: small JSON documents with a format number, replaced as a whole.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::sys::dir::Dir;
use crate::sys::fs::{self, PathError};
use crate::sys::staged::Staged;

/// The newest format of the records that this installer writes.
pub const FORMAT: u32 = 1;

/// A record that cannot be read or written.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The file system's answer.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It is not what it should be.
    #[error("the record `{}` cannot be understood", path.display())]
    Form {
        /// Which one.
        path: PathBuf,
        /// What is wrong in it.
        source: serde_json::Error,
    },
    /// A newer installer wrote it.
    #[error("the record `{}` is of format {found}, and this installer knows {FORMAT}: use the newer installer that wrote it", path.display())]
    Newer {
        /// Which one.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

#[derive(Serialize)]
struct Written<'a, T> {
    format: u32,
    #[serde(flatten)]
    content: &'a T,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// Reads a record; nothing where there is none.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RecordError> {
    fs::read_if_there(path)?.map(|bytes| parse(path, &bytes)).transpose()
}

/// What the bytes of the record `path` say.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, RecordError> {
    let wrong = |source| RecordError::Form { path: path.to_owned(), source };
    // The format first: a newer record may have keys that are unknown here, and that is not damage.
    let found = serde_json::from_slice::<Format>(bytes).map_err(wrong)?.format;
    if found > FORMAT {
        return Err(RecordError::Newer { path: path.to_owned(), found });
    }
    serde_json::from_slice(bytes).map_err(wrong)
}

/// Reads a record of a directory that is held open.
pub fn read_in<T: DeserializeOwned>(directory: &Dir, name: &str) -> Result<Option<T>, RecordError> {
    directory.read_if_there(name)?.map(|bytes| parse(&directory.path().join(name), &bytes)).transpose()
}

/// Replaces a record of a directory that is held open, mode 0600.
pub fn write_in<T: Serialize>(directory: &Dir, name: &str, content: &T) -> Result<(), RecordError> {
    Ok(directory.write_durable(name, &bytes(&directory.path().join(name), content)?)?)
}

/// Replaces a record; after a kill it is wholly the old or wholly the new one.
pub fn write<T: Serialize>(path: &Path, content: &T, mode: u32) -> Result<(), RecordError> {
    Ok(fs::write_durable(path, &bytes(path, content)?, mode)?)
}

/// Writes what a record is about to say, durably, beside it.
pub fn stage<T: Serialize>(path: &Path, content: &T, mode: u32) -> Result<Staged, RecordError> {
    Ok(Staged::write(path, &bytes(path, content)?, mode)?)
}

fn bytes<T: Serialize>(path: &Path, content: &T) -> Result<Vec<u8>, RecordError> {
    let wrong = |source| RecordError::Form { path: path.to_owned(), source };
    let mut bytes = serde_json::to_vec_pretty(&Written { format: FORMAT, content }).map_err(wrong)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Whose state or work directory this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The product.
    pub product: String,
    /// Its state directory.
    pub state: PathBuf,
}
