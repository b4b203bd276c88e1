//! Archives for the tests, good and bad: made by hand, because no good program writes the bad ones.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::Header;

use crate::digest::Sha256;
use crate::sys::fs;
use crate::sys::watch::Unwatched;
use crate::verify::{Fault, Limits, Unpacked, VerifiedFile, unpack};

/// A tar archive that is being written.
#[derive(Clone, Default)]
pub(super) struct Tar(pub(super) Vec<u8>);

impl Tar {
    /// A release as it should be.
    pub(super) fn release() -> Self {
        let bare = Self::default().directory("g-1/").directory("g-1/bin/");
        bare.entry(b'0', "g-1/bin/g", 0o755, b"program").file("g-1/migrations/1_a.up.sql", b"CREATE TABLE a (b);")
    }

    pub(super) fn directory(self, name: &str) -> Self {
        self.entry(b'5', name, 0o755, b"")
    }

    pub(super) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(b'0', name, 0o644, content)
    }

    pub(super) fn link(self, name: &str, target: &str) -> Self {
        let mut header = header(b'2', name.as_bytes(), 0o777, 0);
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        self.raw(header, b"")
    }

    /// An entry of any kind.
    pub(super) fn entry(self, kind: u8, name: &str, mode: u32, content: &[u8]) -> Self {
        self.raw(header(kind, name.as_bytes(), mode, content.len() as u64), content)
    }

    /// An extended header with one record.
    pub(super) fn extended(self, key: &str, value: &str) -> Self {
        let record = |length: usize| format!("{length} {key}={value}\n");
        let mut length = record(0).len();
        while record(length).len() != length {
            length = record(length).len();
        }
        self.entry(b'x', "extended", 0o644, record(length).as_bytes())
    }

    /// A header and a content that need not fit each other.
    pub(super) fn raw(mut self, mut header: Header, content: &[u8]) -> Self {
        header.set_cksum();
        self.0.extend(header.as_bytes());
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// The whole archive, compressed.
    pub(super) fn gz(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        gz(&self.0)
    }
}

pub(super) fn header(kind: u8, name: &[u8], mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkflag = [kind];
    header.set_mode(mode);
    header.set_size(size);
    header
}

pub(super) fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file that is verified to be what it is.
pub(super) fn verified(archive: &[u8], place: &Path) -> VerifiedFile {
    let path = place.join("archive");
    fs::write_durable(&path, archive, 0o600).unwrap();
    VerifiedFile::check(&path, archive.len() as u64, Sha256::of(archive)).unwrap()
}

/// Unpacks into `staged` of a place that must hold nothing else afterwards, and not even that after a failure.
pub(super) fn unpack_in(place: &Path, archive: &[u8], limits: &Limits) -> Result<Unpacked, Fault> {
    let file = verified(archive, place);
    let unpacked = unpack(&file, &place.join("staged"), limits, &Unwatched);
    let left: &[&str] = if unpacked.is_ok() { &["archive", "staged"] } else { &["archive"] };
    assert_eq!(fs::names(place).unwrap(), left);
    unpacked.map_err(|error| error.fault)
}

/// Why it is not unpacked.
pub(super) fn fault_of(archive: &[u8]) -> Fault {
    unpack_in(tempfile::tempdir().unwrap().path(), archive, &Limits::default()).unwrap_err()
}
