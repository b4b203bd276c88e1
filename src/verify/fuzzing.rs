//! The doors of the archive: the entries alone, in memory, and the whole way onto a disk.

use std::io::Write as _;
use std::path::Path;

use crate::digest::Sha256;
use crate::sys::fs;
use crate::sys::temporary::Temporary;
use crate::sys::watch::Unwatched;
use crate::verify::archive::{Archive, Kind};
use crate::verify::names::{Names, Node};
use crate::verify::stream::Stream;
use crate::verify::{Limits, VerifiedFile, unpack as unpack_file};

/// Small enough that a bomb is met at once.
const LIMITS: Limits = Limits {
    entries: 200,
    links: 50,
    file_bytes: 1 << 20,
    total_bytes: 4 << 20,
    path_bytes: 1024,
    depth: 32,
    ratio: 200,
    ratio_from: 1 << 20,
};

/// The blocks of a tar archive, whose checksums are set right first: no fuzzer finds them.
pub(crate) fn archive(bytes: &[u8]) {
    let Some(file) = in_memory(&compressed(bytes)) else { return };
    let Ok(stream) = Stream::new(&file, &LIMITS) else { return };
    let mut archive = Archive::new(stream);
    let mut names = Names::new(&LIMITS);
    let mut chunk = vec![0; 4096];
    while let Ok(Some(entry)) = archive.next() {
        let node = match &entry.kind {
            Kind::File { size, mode } => {
                assert!(matches!(mode, 0o644 | 0o755));
                if *size > LIMITS.file_bytes {
                    return;
                }
                Node::File
            }
            Kind::Directory => Node::Directory,
            Kind::Link(target) => Node::Link(String::from_utf8_lossy(target).into_owned()),
        };
        let Ok(place) = names.add(&entry.name, node) else { return };
        for path in place.missing.iter().chain(&place.path) {
            assert!(!path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{path}");
        }
        while matches!(archive.read(&mut chunk), Ok(Some(_))) {}
    }
    let _ = names.links();
}

/// The blocks of an archive, its checksums set right, as a whole file.
pub(crate) fn compressed(blocks: &[u8]) -> Vec<u8> {
    gzip(&with_checksums(blocks))
}

/// A file as it is downloaded; what is unpacked stays in its directory.
pub(crate) fn unpack(bytes: &[u8]) {
    let Ok(place) = Temporary::create() else { return };
    let path = place.path().join("archive");
    let written = fs::write_durable(&path, bytes, 0o600);
    let checked = written.ok().and_then(|()| VerifiedFile::check(&path, bytes.len() as u64, Sha256::of(bytes)).ok());
    let Some(file) = checked else { return };
    let staged = place.path().join("staged");
    let unpacked = unpack_file(&file, &staged, &LIMITS, &Unwatched);
    let left: &[&str] = if unpacked.is_ok() { &["archive", "staged"] } else { &["archive"] };
    assert!(fs::names(place.path()).is_ok_and(|names| names == left));
    if unpacked.is_ok() {
        stays_inside(&staged, &staged);
    }
}

fn stays_inside(directory: &Path, root: &Path) {
    for name in fs::names(directory).unwrap_or_default() {
        let path = directory.join(name);
        let real = fs::real_path(&path);
        assert!(real.is_ok_and(|real| real.starts_with(root)), "{}", path.display());
        if fs::kind(&path).is_ok_and(|kind| kind.is_dir()) {
            stays_inside(&path, root);
        }
    }
}

/// Goes from header to header as a reader would.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut tar = bytes.to_vec();
    let mut at = 0;
    while let Some(block) = tar.get_mut(at..at + 512) {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            break;
        }
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
        let size = header.entry_size().ok().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        let next = size.checked_next_multiple_of(512).and_then(|size| size.checked_add(at + 512));
        let Some(next) = next else { break };
        at = next;
    }
    tar.extend([0; 1024]);
    tar
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// A file that has no name.
fn in_memory(bytes: &[u8]) -> Option<VerifiedFile> {
    let made = rustix::fs::memfd_create("archive", rustix::fs::MemfdFlags::CLOEXEC).ok()?;
    let mut file = std::fs::File::from(made);
    file.write_all(bytes).ok()?;
    Some(VerifiedFile { path: "archive".into(), file, size: bytes.len() as u64, sha256: Sha256::of(bytes) })
}
