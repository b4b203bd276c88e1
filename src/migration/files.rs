//! The files of one directory as the readers of the formats see them: one after the other, in the order of their names.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use super::{Direction, Half, MigrationError, Script, Set, layout};
use crate::config::Format;
use crate::digest::Sha256;
use crate::migration::lint::lock;

/// A file's name and its content.
pub(super) type File = (String, Vec<u8>);

type Result<T> = std::result::Result<T, MigrationError>;

/// Where the files of a directory can be read, each whenever it is wanted. Cheap to clone.
#[derive(Clone)]
pub struct Shelf(Arc<Read>);

/// Gives the content of the file of a name, or says why it cannot.
type Read = dyn Fn(&str) -> std::result::Result<Vec<u8>, String> + Send + Sync;

impl Shelf {
    /// `read` gives the content of the file of a name, or says why it cannot.
    pub fn new(read: impl Fn(&str) -> std::result::Result<Vec<u8>, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The content of a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn read(&self, file: &str) -> Result<Vec<u8>> {
        (self.0)(file).map_err(|reason| MigrationError::Unread { file: file.to_owned(), reason })
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf")
    }
}

/// The files of a directory, by name.
pub(super) enum Files {
    /// All in memory.
    Held(Vec<File>),
    /// Where they lie; only what a plan needs is kept of them.
    Aside(Vec<String>, Shelf),
}

impl Files {
    /// Of these; the lock file is the lint's, and no engine's.
    pub(super) fn held(files: impl Iterator<Item = File>) -> Self {
        let mut files: Vec<_> = files.filter(|(name, _)| name != lock::FILE).collect();
        files.sort();
        Self::Held(files)
    }

    /// Of those with these names.
    pub(super) fn aside(mut names: Vec<String>, shelf: Shelf) -> Self {
        names.retain(|name| name != lock::FILE);
        names.sort();
        Self::Aside(names, shelf)
    }

    /// All of them, in the order of their names.
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let entry = |(at, name)| Entry { name, at };
        match self {
            Self::Held(files) => files.iter().map(|(name, _)| name.as_str()).enumerate().map(entry).collect(),
            Self::Aside(names, _) => names.iter().map(String::as_str).enumerate().map(entry).collect(),
        }
    }

    /// The content of one.
    pub(super) fn content(&self, entry: Entry<'_>) -> Result<Cow<'_, [u8]>> {
        match self {
            Self::Held(files) => Ok(Cow::Borrowed(files.get(entry.at).map_or(&[], |(_, bytes)| bytes.as_slice()))),
            Self::Aside(_, shelf) => shelf.read(entry.name).map(Cow::Owned),
        }
    }
}

/// One of the files.
#[derive(Clone, Copy)]
pub(super) struct Entry<'f> {
    pub(super) name: &'f str,
    at: usize,
}

/// Files that are read into a set, and what is seen on the way.
pub(super) struct Reading<'f> {
    pub(super) files: &'f Files,
    format: Format,
    /// Bytes of texts that may still be kept.
    room: usize,
}

/// Bytes of the texts that are kept of a directory: all of nearly every one, and of a huge one no more than this. What is kept
/// need not be read and taken apart again when its turn comes.
const KEPT: usize = 1 << 20;

/// What a script takes beside its text, about.
const SCRIPT: usize = 256;

/// A file that the format takes.
pub(super) struct Taken<'f> {
    pub(super) file: Arc<str>,
    pub(super) bytes: Cow<'f, [u8]>,
    /// Of the bytes, once it was wanted.
    digest: OnceCell<Sha256>,
}

impl<'f> Reading<'f> {
    pub(super) fn new(format: Format, files: &'f Files) -> Self {
        Self { files, format, room: KEPT }
    }

    /// The content of a file that the format takes.
    pub(super) fn take(&self, entry: Entry<'f>) -> Result<Taken<'f>> {
        let bytes = self.files.content(entry)?;
        Ok(Taken { file: entry.name.into(), bytes, digest: OnceCell::new() })
    }

    /// One half of a migration, of the file that it was read from.
    pub(super) fn half(&mut self, taken: &Taken<'_>, direction: Direction, script: Script) -> Result<Half> {
        layout::finished(self.format, &script)?;
        let kept = self.keeps(&script);
        Ok(match self.files {
            Files::Aside(_, shelf) if !kept => {
                let digest = *taken.digest.get_or_init(|| Sha256::of(&taken.bytes));
                Half::aside(&taken.file, &script, shelf, digest, self.format, direction)
            }
            _ => Half::held(self.format, &taken.file, script),
        })
    }

    /// Whether there is room for one more, which it has from then on.
    fn keeps(&mut self, script: &Script) -> bool {
        let texts: usize = script.pieces.iter().map(|piece| piece.sql.len()).sum();
        let left = self.room.checked_sub(SCRIPT + texts);
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }

    /// The same of a half that may be missing.
    pub(super) fn some_half(
        &mut self,
        taken: &Taken<'_>,
        direction: Direction,
        script: Option<Script>,
    ) -> Result<Option<Half>> {
        script.map(|script| self.half(taken, direction, script)).transpose()
    }
}

impl Set {
    /// As [`Set::read`] of a directory whose files are read one after the other. The first texts are kept, and what is more
    /// than a MiB in all is read again when its turn comes: memory grows with how many there are, and not with what is in
    /// them.
    ///
    /// # Errors
    /// Those of [`Set::read`], and a file that cannot be read.
    pub fn on_shelf(format: Format, names: Vec<String>, shelf: Shelf) -> Result<Self> {
        Self::of_files(format, &Files::aside(names, shelf))
    }
}
