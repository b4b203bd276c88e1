//! Unpacks a release. What is not expected in one is an error, nothing is skipped and nothing is made to fit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::digest::{Hasher, Sha256};
use crate::sys::fs::{self, PathError};
use crate::sys::tree::Tree;
use crate::sys::watch::Watch;
use crate::verify::archive::{Archive, Kind};
use crate::verify::names::{Names, Node};
use crate::verify::stream::Stream;
use crate::verify::{Limits, VerifiedFile};

/// What was unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The name of the directory at its top, which was left out; none where the archive is empty.
    pub top: Option<String>,
    /// Regular files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The digest of each, by its path.
    pub digests: BTreeMap<String, Sha256>,
}

/// An archive that was not unpacked, and why.
#[derive(Debug, Error)]
#[error("cannot unpack `{}`", archive.display())]
pub struct UnpackError {
    /// The archive.
    pub archive: PathBuf,
    /// Why.
    #[source]
    pub fault: Fault,
}

/// Why an archive is not unpacked.
#[derive(Debug, Error)]
pub enum Fault {
    /// It is not a gzip file, or a damaged one.
    #[error("it is no gzip file, or a damaged one")]
    Damaged(#[source] std::io::Error),
    /// It ends early, or without the mark of its end.
    #[error("it ends before its end")]
    Truncated,
    /// Something follows the end.
    #[error("something follows its end")]
    Trailing,
    /// It is not the file any more that was verified.
    #[error("it was changed after it had been verified")]
    Changed,
    /// An entry's header makes no sense.
    #[error("the header of an entry is wrong: {0}")]
    Header(&'static str),
    /// An entry's extended header says more than a name.
    #[error("the extended header of an entry has the key `{0}`, which is not taken")]
    Extension(String),
    /// A name that is not taken.
    #[error("the name `{name}` is not taken: {reason}")]
    Name {
        /// The name, shortened and with escapes.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// An entry that is neither a file nor a directory nor a symlink.
    #[error("`{name}` is {kind}, which a release may not have")]
    Kind {
        /// The name, with escapes.
        name: String,
        /// What it is.
        kind: String,
    },
    /// An entry with the set-user-id, set-group-id or sticky bit.
    #[error("`{name}` has the mode {mode:o}, with bits that a release may not have")]
    Mode {
        /// The name, with escapes.
        name: String,
        /// The mode.
        mode: u32,
    },
    /// A symlink that does not lead to something inside.
    #[error("the symlink `{name}` to `{target}` is not taken: {reason}")]
    Link {
        /// The name, below the top.
        name: String,
        /// Where it leads.
        target: String,
        /// Why.
        reason: &'static str,
    },
    /// There is more of something than a release may have.
    #[error("it has more than {limit} {what}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The most that is taken.
        limit: u64,
    },
    /// The tree cannot be written: the disk is full, for example.
    #[error(transparent)]
    File(#[from] PathError),
    /// Whoever watched called it off.
    #[error("it was called off")]
    Cancelled,
}

/// Unpacks the archive into the directory `into`, which must not be there yet, without the directory at its top.
///
/// Files get the mode 0755 or 0644, directories 0755; owners and times of the archive are not taken. When it returns,
/// everything is durable but the name `into` itself.
///
/// # Errors
/// See [`Fault`]; what was unpacked so far is removed then.
pub fn unpack(file: &VerifiedFile, into: &Path, limits: &Limits, watch: &dyn Watch) -> Result<Unpacked, UnpackError> {
    let wrong = |fault| UnpackError { archive: file.path().to_owned(), fault };
    let tree = Tree::create(into).map_err(|error| wrong(error.into()))?;
    let unpacked = fill(&tree, file, limits, watch).and_then(|unpacked| {
        tree.seal()?;
        Ok(unpacked)
    });
    unpacked.map_err(|fault| {
        // What led here matters more; whoever unpacks next has to remove what is left.
        let _ = fs::remove_dir_all(into);
        wrong(fault)
    })
}

fn fill(tree: &Tree, file: &VerifiedFile, limits: &Limits, watch: &dyn Watch) -> Result<Unpacked, Fault> {
    let mut archive = Archive::new(Stream::new(file, limits)?);
    let mut names = Names::new(limits);
    let mut unpacked = Unpacked { top: None, files: 0, bytes: 0, digests: BTreeMap::new() };
    let mut chunk = vec![0; 256 * 1024];
    while let Some(entry) = archive.next()? {
        let place = names.add(&entry.name, node(&entry.kind)?)?;
        for directory in &place.missing {
            tree.make_dir(directory)?;
        }
        match (entry.kind, place.path) {
            (Kind::File { size, mode }, Some(path)) => {
                unpacked.count(size, limits)?;
                let (mut new, mut hasher) = (tree.create_file(&path)?, Hasher::new());
                while let Some(bytes) = archive.read(&mut chunk)? {
                    new.write(bytes)?;
                    hasher.update(bytes);
                    watch.progress(archive.consumed(), file.size());
                    stop_if_cancelled(watch)?;
                }
                tree.finish_file(new, mode)?;
                unpacked.digests.insert(path, hasher.finish());
            }
            (Kind::Directory, Some(path)) => tree.make_dir(&path)?,
            // Symlinks are made when everything else is there: nothing can be written through one.
            (Kind::Link(_), _) | (_, None) => {}
        }
        stop_if_cancelled(watch)?;
    }
    if archive.finish()?.finish()? != file.sha256() {
        return Err(Fault::Changed);
    }
    for (link, target) in names.links()? {
        tree.make_link(link, target)?;
    }
    unpacked.top = names.top().map(str::to_owned);
    Ok(unpacked)
}

fn node(kind: &Kind) -> Result<Node, Fault> {
    Ok(match kind {
        Kind::File { .. } => Node::File,
        Kind::Directory => Node::Directory,
        Kind::Link(target) => match String::from_utf8(target.clone()) {
            Ok(target) => Node::Link(target),
            Err(_) => return Err(Fault::Header("a symlink leads to a name that is not UTF-8")),
        },
    })
}

fn stop_if_cancelled(watch: &dyn Watch) -> Result<(), Fault> {
    if watch.cancelled() { Err(Fault::Cancelled) } else { Ok(()) }
}

impl Unpacked {
    /// Counts a file before its first byte is written.
    fn count(&mut self, size: u64, limits: &Limits) -> Result<(), Fault> {
        if size > limits.file_bytes {
            return Err(Fault::Limit { what: "bytes in one file", limit: limits.file_bytes });
        }
        self.files += 1;
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > limits.total_bytes {
            return Err(Fault::Limit { what: "bytes in all files", limit: limits.total_bytes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

    use super::*;
    use crate::verify::samples::{Tar, gz, unpack_in, verified};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_release_is_unpacked_without_its_top() {
        let place = tempfile::tempdir().unwrap();
        let archive = Tar::release().link("g-1/lib/now", "../bin/./g").link("g-1/up", "lib/..");
        let unpacked = unpack_in(place.path(), &archive.gz(), &Limits::default()).unwrap();
        assert_eq!((unpacked.top.as_deref(), unpacked.files, unpacked.bytes), (Some("g-1"), 2, 26));
        assert_eq!(unpacked.digests, crate::verify::digests(&place.path().join("staged")).unwrap());
        let at = |name| place.path().join("staged").join(name);
        assert_eq!(fs::read(&at("bin/g")).unwrap(), b"program");
        assert_eq!(fs::read(&at("lib/now")).unwrap(), b"program");
        assert_eq!(fs::read(&at("migrations/1_a.up.sql")).unwrap(), b"CREATE TABLE a (b);");
        assert_eq!((mode(&at("bin/g")), mode(&at("migrations/1_a.up.sql"))), (0o755, 0o644));
        assert_eq!((mode(&at("")), mode(&at("bin")), mode(&at("migrations"))), (0o755, 0o755, 0o755));
    }

    #[test]
    fn what_tar_writes_is_taken() {
        let long = format!("g-1/{}/{}", "ä".repeat(60), "x".repeat(200));
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        header.set_mode(0o600);
        builder.append_data(&mut header, &long, &b"abc"[..]).unwrap();
        let place = tempfile::tempdir().unwrap();
        unpack_in(place.path(), &gz(&builder.into_inner().unwrap()), &Limits::default()).unwrap();
        assert_eq!(fs::read(&place.path().join("staged").join(&long[4..])).unwrap(), b"abc");

        let archive =
            Tar::default().extended("mtime", "1.5").file("./g-1/x", b"").extended("path", &long).file("x", b"");
        let place = tempfile::tempdir().unwrap();
        unpack_in(place.path(), &archive.gz(), &Limits::default()).unwrap();
        assert!(fs::exists(&place.path().join("staged").join(&long[4..])).unwrap());
    }

    #[test]
    fn what_is_there_already_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let file = verified(&Tar::release().gz(), place.path());
        let error = unpack(&file, place.path(), &Limits::default(), &crate::sys::watch::Unwatched).unwrap_err();
        assert!(matches!(error.fault, Fault::File(_)));
        assert_eq!(fs::names(place.path()).unwrap(), ["archive"]);
    }

    #[test]
    fn a_file_that_changes_after_it_was_verified_is_not_unpacked() {
        let place = tempfile::tempdir().unwrap();
        let file = verified(&Tar::release().gz(), place.path());
        // The operating system that made it: read by nobody but the digest.
        let writable = crate::sys::dir::Dir::open(place.path()).unwrap();
        let writable = writable.open_file("archive", crate::sys::dir::Access::ReadWrite).unwrap();
        writable.write_all_at(&[3], 9).unwrap();
        let error = unpack(&file, &place.path().join("staged"), &Limits::default(), &crate::sys::watch::Unwatched);
        assert!(matches!(error.unwrap_err().fault, Fault::Changed));
        assert_eq!(fs::names(place.path()).unwrap(), ["archive"]);
    }

    #[test]
    fn whoever_watches_hears_of_it_and_may_call_it_off() {
        struct Once(Cell<u64>);
        impl Watch for Once {
            fn progress(&self, done: u64, _: u64) {
                self.0.set(done);
            }
            fn cancelled(&self) -> bool {
                self.0.get() > 0
            }
        }
        let place = tempfile::tempdir().unwrap();
        let file = verified(&Tar::release().gz(), place.path());
        let error = unpack(&file, &place.path().join("staged"), &Limits::default(), &Once(Cell::new(0))).unwrap_err();
        assert!(matches!(error.fault, Fault::Cancelled));
        assert_eq!(fs::names(place.path()).unwrap(), ["archive"]);
    }
}
