//! Brings a copy up to the live file once nobody writes any more.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use thiserror::Error;

use crate::db::alone::Alone;
use crate::db::side_files;
use crate::sys::dir::{Access, Dir};
use crate::sys::fs::{PathError, sync_file};
use crate::sys::seam;
use crate::sys::watch::Watch;

const CHUNK: usize = 1 << 20;
/// The smallest unit that is compared and written; every page of SQLite divides a chunk.
const SMALLEST_PAGE: usize = 512;

/// What differed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Pages that were written.
    pub pages: u64,
    /// The length of the database.
    pub bytes: u64,
}

/// Why the copy is not the live database; it may be caught up again.
#[derive(Debug, Error)]
pub enum CatchUpError {
    /// The watcher wanted it to end.
    #[error("catching up with the database was cancelled")]
    Cancelled,
    /// SQLite would change the copy when it is next opened.
    #[error("`{beside}` lies beside the copy of the database")]
    Pending {
        /// What is beside it.
        beside: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Makes the file `name` of `directory` equal to the live database, byte for byte: all pages are compared, those that
/// differ are written. Durable when it returns.
pub fn catch_up(alone: &Alone, directory: &Dir, name: &str, watch: &dyn Watch) -> Result<CaughtUp, CatchUpError> {
    if let Some(beside) = side_files::pending(directory, name)? {
        return Err(CatchUpError::Pending { beside });
    }
    let path = directory.path().join(name);
    let live = alone.file();
    let copy = directory.open_file(name, Access::ReadWrite)?;
    let length = |file: &File| file.metadata().map(|found| found.len()).map_err(PathError::on("look at", &path));
    let bytes = length(live)?;
    let page = page_size(live, &path)?;

    seam::cross("catch up with the database");
    if length(&copy)? != bytes {
        copy.set_len(bytes).map_err(PathError::on("set the length of", &path))?;
    }
    let mut wanted = vec![0_u8; CHUNK];
    let mut found = vec![0_u8; CHUNK];
    let mut pages = 0;
    let mut offset = 0;
    while offset < bytes {
        if watch.cancelled() {
            return Err(CatchUpError::Cancelled);
        }
        let size = usize::try_from(bytes - offset).unwrap_or(CHUNK).min(CHUNK);
        let wanted = wanted.get_mut(..size).unwrap_or_default();
        let found = found.get_mut(..size).unwrap_or_default();
        live.read_exact_at(wanted, offset).map_err(PathError::on("read the live database for", &path))?;
        copy.read_exact_at(found, offset).map_err(PathError::on("read", &path))?;
        pages += write_different(&copy, wanted, found, offset, page).map_err(PathError::on("write", &path))?;
        offset += size as u64;
        watch.progress(offset, bytes);
    }
    sync_file(&copy, &path)?;
    Ok(CaughtUp { pages, bytes })
}

fn write_different(copy: &File, wanted: &[u8], found: &[u8], offset: u64, page: usize) -> std::io::Result<u64> {
    if wanted == found {
        return Ok(0);
    }
    let mut pages = 0;
    let mut position = offset;
    for (wanted, found) in wanted.chunks(page).zip(found.chunks(page)) {
        if wanted != found {
            copy.write_all_at(wanted, position)?;
            pages += 1;
        }
        position += wanted.len() as u64;
    }
    Ok(pages)
}

/// Bytes 16 and 17 of the header; 1 stands for 65536 (SQLite's file format, 1.3.2).
fn page_size(live: &File, path: &Path) -> Result<usize, PathError> {
    let mut header = [0_u8; 18];
    let read = live.read_at(&mut header, 0).map_err(PathError::on("read the live database for", path))?;
    let [.., high, low] = header;
    let size = match usize::from(u16::from_be_bytes([high, low])) {
        1 => 65536,
        size => size,
    };
    Ok(if read < header.len() { SMALLEST_PAGE } else { size.clamp(SMALLEST_PAGE, 65536) })
}
