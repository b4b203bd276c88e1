//! An offline bundle: a manifest, its signature, and the artifacts of a way, in one file.
//!
//! It is a tar archive, not compressed, as artifacts are that already. Its members are `bundle.json`,
//! `manifest.toml` and `manifest.toml.minisig`, byte for byte as they were published, and `artifacts/SHA256` for each
//! artifact by its digest. Nothing in it is believed for being in it: the signature decides, and then the digests.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tar::{Archive, EntryType, Header};
use thiserror::Error;

use crate::digest::Sha256;
use crate::sys::fs::{self, PathError};
use crate::sys::http::Problem;

/// Why a file cannot be used as a bundle.
#[derive(Debug, Error)]
pub enum BundleError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] PathError),
    /// It is cut off, or no archive.
    #[error("`{}` is cut off, damaged, or no bundle", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{}` is no bundle: {reason}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A newer program wrote it.
    #[error("the bundle `{}` has the format {found}, and this program reads {VERSION}", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// A bundle that is held open.
#[derive(Debug)]
pub struct Bundle {
    path: PathBuf,
    file: File,
    members: BTreeMap<String, Extent>,
}

/// Where the bytes of a member are.
#[derive(Clone, Copy, Debug)]
struct Extent {
    offset: u64,
    length: u64,
}

const OPENING: &str = "bundle.json";
const MANIFEST: &str = "manifest.toml";
const SIGNATURE: &str = "manifest.toml.minisig";
const ARTIFACTS: &str = "artifacts/";
const FORMAT: &str = "gantry-installer-bundle";
const VERSION: u32 = 1;

/// `bundle.json`
#[derive(Serialize, Deserialize)]
struct Opening {
    format: String,
    version: u32,
}

impl Bundle {
    /// Opens a bundle and finds its members.
    ///
    /// # Errors
    /// Another kind of file, one that is cut off, and a member that no bundle has.
    pub fn open(path: &Path) -> Result<Self, BundleError> {
        let file = fs::open_regular(path)?;
        let damaged = |source| BundleError::Damaged { path: path.to_owned(), source };
        let foreign = |reason: String| BundleError::Foreign { path: path.to_owned(), reason };
        let whole = file.metadata().map_err(PathError::on("look at", path))?.len();
        let mut members = BTreeMap::new();
        for entry in Archive::new(&file).entries_with_seek().map_err(damaged)? {
            let entry = entry.map_err(damaged)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let extent = Extent { offset: entry.raw_file_position(), length: entry.size() };
            let known = [OPENING, MANIFEST, SIGNATURE].contains(&&*name)
                || name.strip_prefix(ARTIFACTS).is_some_and(|digest| digest.parse::<Sha256>().is_ok());
            if !known || entry.header().entry_type() != EntryType::Regular {
                return Err(foreign(format!("`{}` is in it", name.escape_debug())));
            }
            if extent.offset.checked_add(extent.length).is_none_or(|end| end > whole) {
                return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
            }
            if members.insert(name.clone(), extent).is_some() {
                return Err(foreign(format!("`{name}` is twice in it")));
            }
        }
        if let Some(missing) = [OPENING, MANIFEST, SIGNATURE].into_iter().find(|name| !members.contains_key(*name)) {
            return Err(foreign(format!("it has no `{missing}`")));
        }
        let bundle = Self { path: path.to_owned(), file, members };
        let opening = bundle.document(OPENING, 64 << 10).map_err(|error| foreign(error.to_string()))?;
        match serde_json::from_slice(&opening) {
            Ok(Opening { format, version: VERSION }) if format == FORMAT => Ok(bundle),
            Ok(Opening { format, version: found }) if format == FORMAT => {
                Err(BundleError::Newer { path: path.to_owned(), found })
            }
            _ => Err(foreign(format!("its `{OPENING}` is that of another kind of file"))),
        }
    }

    /// The manifest, or its signature where the address is that of one.
    pub(super) fn small(&self, url: &str, limit: u64) -> Result<Vec<u8>, Problem> {
        self.document(if url.ends_with(".minisig") { SIGNATURE } else { MANIFEST }, limit)
    }

    /// The bytes of an artifact, and how many there are.
    pub(super) fn artifact(&self, sha256: Sha256) -> Result<(impl Read + '_, u64), Problem> {
        let extent = self.extent(&format!("{ARTIFACTS}{sha256}"))?;
        Ok((Slice { file: &self.file, extent }, extent.length))
    }

    /// For errors.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn document(&self, name: &str, limit: u64) -> Result<Vec<u8>, Problem> {
        let extent = self.extent(name)?;
        if extent.length > limit {
            return Err(Problem::TooLong { limit });
        }
        let mut bytes = Vec::new();
        Slice { file: &self.file, extent }.read_to_end(&mut bytes).map_err(PathError::on("read", &self.path))?;
        Ok(bytes)
    }

    fn extent(&self, name: &str) -> Result<Extent, Problem> {
        let missing = || Problem::NotBundled { bundle: self.path.clone(), name: name.to_owned() };
        self.members.get(name).copied().ok_or_else(missing)
    }
}

/// Some bytes of a file.
struct Slice<'a> {
    file: &'a File,
    extent: Extent,
}

impl Read for Slice<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.extent.length).unwrap_or(usize::MAX));
        let read = self.file.read_at(buffer.get_mut(..wanted).unwrap_or_default(), self.extent.offset)?;
        self.extent.offset += read as u64;
        self.extent.length -= read as u64;
        Ok(read)
    }
}

/// Writes a bundle, member after member.
pub struct BundleWriter<W: Write>(tar::Builder<W>);

impl<W: Write> BundleWriter<W> {
    /// Begins a bundle with a manifest and its signature.
    ///
    /// # Errors
    /// Those of the output.
    pub fn begin(output: W, manifest: &[u8], signature: &[u8]) -> io::Result<Self> {
        let mut writer = Self(tar::Builder::new(output));
        let opening = serde_json::to_vec(&Opening { format: FORMAT.to_owned(), version: VERSION })?;
        for (name, bytes) in [(OPENING, &*opening), (MANIFEST, manifest), (SIGNATURE, signature)] {
            writer.member(name, bytes.len() as u64, bytes)?;
        }
        Ok(writer)
    }

    /// Adds an artifact of `size` bytes.
    ///
    /// # Errors
    /// Those of both sides.
    pub fn artifact(&mut self, sha256: Sha256, size: u64, content: impl Read) -> io::Result<()> {
        self.member(&format!("{ARTIFACTS}{sha256}"), size, content)
    }

    /// Ends it.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner()
    }

    fn member(&mut self, name: &str, size: u64, content: impl Read) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(size);
        self.0.append_data(&mut header, name, content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(change: impl FnOnce(&mut Vec<u8>)) -> tempfile::NamedTempFile {
        let mut writer = BundleWriter::begin(Vec::new(), b"manifest", b"signature").unwrap();
        writer.artifact(Sha256::of(b"content"), 7, &b"content"[..]).unwrap();
        let mut bytes = writer.finish().unwrap();
        change(&mut bytes);
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all_at(&bytes, 0).unwrap();
        file
    }

    #[test]
    fn what_was_put_in_comes_out_by_its_digest() {
        let file = written(|_| {});
        let bundle = Bundle::open(file.path()).unwrap();
        assert_eq!(bundle.small("https://a.example/g.toml", 99).unwrap(), b"manifest");
        assert_eq!(bundle.small("https://a.example/g.toml.minisig", 99).unwrap(), b"signature");
        let (mut content, length) = bundle.artifact(Sha256::of(b"content")).unwrap();
        let mut read = Vec::new();
        content.read_to_end(&mut read).unwrap();
        assert_eq!((read.as_slice(), length), (&b"content"[..], 7));
        assert!(matches!(bundle.artifact(Sha256::of(b"other")), Err(Problem::NotBundled { .. })));
        assert!(matches!(bundle.small("g.toml", 3), Err(Problem::TooLong { limit: 3 })));
    }

    #[test]
    fn a_bundle_that_is_cut_off_or_something_else_is_refused() {
        let whole = written(|_| {}).as_file().metadata().unwrap().len();
        // The artifact is the last member but for the padding.
        for length in [0, 100, 600, whole - 1024 - 512 + 3] {
            let file = written(|bytes| bytes.truncate(usize::try_from(length).unwrap()));
            assert!(Bundle::open(file.path()).is_err(), "{length} of {whole}");
        }
        let foreign = written(|bytes| *bytes = b"hello".repeat(300));
        assert!(matches!(Bundle::open(foreign.path()), Err(BundleError::Damaged { .. })));
    }

    #[test]
    fn a_newer_bundle_is_told_from_a_foreign_file() {
        let newer = written(|bytes| {
            let at = bytes.windows(11).position(|window| window == b"\"version\":1").unwrap();
            bytes[at + 10] = b'2';
        });
        assert!(matches!(Bundle::open(newer.path()), Err(BundleError::Newer { found: 2, .. })));
    }

    #[test]
    fn a_member_that_no_bundle_has_is_refused() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_size(0);
        builder.append_data(&mut header, "artifacts/../x", &b""[..]).unwrap_err();
        builder.append_data(&mut header, "notes", &b""[..]).unwrap();
        let bytes = builder.into_inner().unwrap();
        let file = written(|all| *all = bytes);
        assert!(matches!(Bundle::open(file.path()), Err(BundleError::Foreign { .. })));
    }
}
