//! Files: reads with errors that name the path, and writes that are durable when they return (FM-38: a file is synced
//! before it gets its name, and the directory after it).

#![allow(clippy::disallowed_methods, reason = "this is the one place that touches files by path")]

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::sys::dir::Dir;
use crate::sys::staged::Staged;
use crate::sys::{renaming, room, seam};

/// What a log may grow by on a full disk.
const LOG: u64 = 64 << 10;

/// What was tried on which path, and why it failed.
#[derive(Debug, Error)]
#[error("cannot {operation} `{}`", path.display())]
pub struct PathError {
    /// A verb, such as `rename`.
    pub operation: &'static str,
    /// What it was tried on.
    pub path: PathBuf,
    /// The system's answer.
    pub source: io::Error,
}

impl PathError {
    /// For `map_err`: what was tried on `path`.
    pub fn on<E: Into<io::Error>>(operation: &'static str, path: &Path) -> impl FnOnce(E) -> Self {
        move |source| Self { operation, path: path.to_owned(), source: source.into() }
    }

    /// Whether the path does not exist.
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

type Result<T> = std::result::Result<T, PathError>;

/// The whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(PathError::on("read", path))
}

/// The whole file, or nothing where there is none.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a regular file for reading; symlinks are followed.
///
/// # Errors
/// It is something else, such as a pipe, whose end might never come.
pub fn open_regular(path: &Path) -> Result<File> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    let file = opened.map_err(PathError::on("open", path))?;
    if file.metadata().map_err(PathError::on("look at", path))?.is_file() {
        return Ok(file);
    }
    Err(not_regular(path))
}

/// That something is not what it is read as.
pub(crate) fn not_regular(path: &Path) -> PathError {
    PathError::on("read", path)(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
}

/// Whether something has this name, a dangling symlink included.
pub fn exists(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(PathError::on("look at", path)(error)),
    }
}

/// What the path leads to, symlinks followed.
pub fn metadata(path: &Path) -> Result<fs::Metadata> {
    fs::metadata(path).map_err(PathError::on("look at", path))
}

/// What kind of thing has this name; a symlink is one itself.
pub fn kind(path: &Path) -> Result<fs::FileType> {
    fs::symlink_metadata(path).map(|found| found.file_type()).map_err(PathError::on("look at", path))
}

/// The names in a directory, sorted; empty where there is no such directory.
pub fn names(directory: &Path) -> Result<Vec<OsString>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(PathError::on("list", directory)(error)),
    };
    let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
    let mut names = names.map_err(PathError::on("list", directory))?;
    names.sort();
    Ok(names)
}

/// The names of the regular files of a directory, symlinks followed, sorted. Empty where there is no such directory.
pub fn file_names(directory: &Path) -> Result<Vec<OsString>> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        entries => entries.map_err(PathError::on("list", directory))?,
    };
    for entry in entries {
        let entry = entry.map_err(PathError::on("list", directory))?;
        let kind = entry.file_type().map_err(PathError::on("look at", &entry.path()))?;
        // A link is what it leads to; all others are told by the listing itself, which spares a look at each.
        if kind.is_file() || (kind.is_symlink() && metadata(&entry.path())?.is_file()) {
            names.push(entry.file_name());
        }
    }
    names.sort();
    Ok(names)
}

/// The regular files of a directory, symlinks followed, by name and with their content; empty where there is none.
pub fn files(directory: &Path) -> Result<Vec<(OsString, Vec<u8>)>> {
    let mut files = Vec::new();
    for name in names(directory)? {
        let path = directory.join(&name);
        if metadata(&path)?.is_file() {
            files.push((name, read(&path)?));
        }
    }
    Ok(files)
}

/// The path with every symlink resolved.
pub fn real_path(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(PathError::on("resolve", path))
}

/// Where a symlink points, or nothing where there is none.
pub fn read_link(path: &Path) -> Result<Option<PathBuf>> {
    match fs::read_link(path) {
        Ok(target) => Ok(Some(target)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PathError::on("read the link", path)(error)),
    }
}

/// Makes `bytes` the content of `path`: after a kill or a power cut it is wholly the old or wholly the new one.
///
/// # Errors
/// Where it fails the old content is untouched.
pub fn write_durable(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    Staged::write(path, bytes, mode)?.take_place()?;
    sync_parent(path)
}

/// Makes a file that anybody may read, where there is none of that name; durable when it returns.
///
/// # Errors
/// Something of that name is there: it is left alone. Where writing fails, nothing is left.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    seam::cross("make a file");
    let made = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
    let mut file = made.map_err(PathError::on("make", path))?;
    if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        let _ = fs::remove_file(path);
        return Err(PathError::on("write", path)(error));
    }
    sync_parent(path)
}

/// Opens a file that is only appended to, making it where there is none, and cuts it off after `length` bytes.
pub fn open_log(path: &Path, length: u64) -> Result<File> {
    let there = exists(path)?;
    seam::cross("open the journal");
    let opened = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(NO_LINK).open(path);
    let file = opened.map_err(PathError::on("open", path))?;
    // Cutting it off where it ends would give back what is kept behind its end.
    let is_longer = file.metadata().map_err(PathError::on("look at", path))?.len() != length;
    let cut = if is_longer { file.set_len(length) } else { Ok(()) };
    room::keep_ahead(&file, LOG);
    cut.and_then(|()| file.sync_all()).map_err(PathError::on("truncate", path))?;
    if !there {
        sync_parent(path)?;
    }
    Ok(file)
}

/// Renames within one file system, then makes the name durable.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    let renamed = renaming::rename((rustix::fs::CWD, from), (rustix::fs::CWD, to));
    renamed.map_err(PathError::on("rename to", to))?;
    sync_parent(to)?;
    if from.parent() == to.parent() { Ok(()) } else { sync_parent(from) }
}

/// Points a symlink somewhere else in one step, or makes it.
pub fn replace_link(link: &Path, target: &Path) -> Result<()> {
    point_link(link, target)?;
    sync_parent(link)
}

/// The same, and not durable before its directory is synced.
pub fn point_link(link: &Path, target: &Path) -> Result<()> {
    let temporary = sibling(link, ".new");
    remove_file(&temporary)?;
    seam::cross("make a symlink");
    let made = match std::os::unix::fs::symlink(target, &temporary) {
        Err(error) if room::is_lack(&error) && room::give_one_back(link) => {
            std::os::unix::fs::symlink(target, &temporary)
        }
        made => made,
    };
    made.map_err(PathError::on("make the symlink", &temporary))?;
    renaming::rename((rustix::fs::CWD, &temporary), (rustix::fs::CWD, link)).map_err(PathError::on("rename to", link))
}

/// Makes a directory and its missing parents, durable, with `mode` for those that it makes, whatever the umask is.
pub fn create_dir_all(path: &Path, mode: u32) -> Result<()> {
    if exists(path)? || path.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_dir_all(parent, mode)?;
    }
    seam::cross("make a directory");
    match fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(PathError::on("make the directory", path)(error)),
        Ok(()) => {
            Dir::open(path)?.set_mode(mode)?;
            sync_parent(path)
        }
    }
}

/// Removes a file; nothing to do where there is none.
pub fn remove_file(path: &Path) -> Result<()> {
    seam::cross("remove a file");
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(PathError::on("remove", path)(error)),
        Ok(()) => sync_parent(path),
    }
}

/// Removes a directory with all that is in it; nothing to do where there is none. Symlinks in it are not followed.
pub fn remove_dir_all(path: &Path) -> Result<()> {
    seam::cross("remove a directory");
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(PathError::on("remove the directory", path)(error)),
        Ok(()) => sync_parent(path),
    }
}

/// Makes the content of a file durable.
pub fn sync_file(file: &File, path: &Path) -> Result<()> {
    seam::cross("sync a file");
    file.sync_all().map_err(PathError::on("sync", path))
}

/// Makes the names in a directory durable.
pub fn sync_dir(directory: &Path) -> Result<()> {
    seam::cross("sync a directory");
    let opened = File::open(directory).map_err(PathError::on("open", directory))?;
    opened.sync_all().map_err(PathError::on("sync", directory))
}

fn sync_parent(path: &Path) -> Result<()> {
    path.parent().map_or(Ok(()), |parent| sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }))
}

/// A symlink is not followed.
pub(super) const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(suffix);
    path.with_file_name(name)
}
