//! Copies the pages that were noted, each from where its newest content is.

use std::os::unix::fs::FileExt as _;

use super::changes::Content;
use super::log::{FRAME_HEADER, position};
use super::{FollowError, Follower, Lost};
use crate::sys::fs::PathError;
use crate::sys::seam;
use crate::sys::watch::Watch;

/// So many bytes are read before they are written.
const BATCH: usize = 4 << 20;

impl Follower {
    /// Makes the copy the database as it is at `place.seen`, and tells how many pages that took.
    pub(super) fn apply(&mut self, watch: &dyn Watch) -> Result<u64, FollowError> {
        let size = self.page_size as usize;
        let mut buffer = vec![0; (BATCH / size).max(1) * size];
        let mut copied = 0;
        seam::cross("copy the pages that were changed");
        loop {
            if watch.cancelled() {
                return Err(FollowError::Cancelled { path: self.hold.files.path.display().to_string() });
            }
            self.let_through()?;
            let pages = self.length()?;
            self.changes.cut(pages);
            let batch = self.changes.first(buffer.len() / size, pages);
            if batch.is_empty() {
                self.copy.set_len(u64::from(pages) * size as u64).map_err(self.on_copy("set the length of"))?;
                return Ok(copied);
            }
            let whole = self.read(&batch, &mut buffer);
            // A log that begins again says so before it overwrites its first frame: only what was read before that is good.
            if self.index()?.salts != self.place.seen.salts {
                self.scan()?;
                continue;
            }
            whole?;
            self.write(&batch, &buffer)?;
            self.changes.forget(&batch);
            copied += batch.len() as u64;
            self.pages += batch.len() as u64;
            self.unsynced += batch.len() as u64;
        }
    }

    /// The length of the database in pages.
    fn length(&self) -> Result<u32, FollowError> {
        if self.place.seen.last_frame > 0 {
            return Ok(self.place.seen.pages);
        }
        let pages = self.hold.files.length()? / u64::from(self.page_size);
        u32::try_from(pages).map_err(|_| self.lost(Lost::Damaged))
    }

    fn read(&self, batch: &[(u32, Content)], buffer: &mut [u8]) -> Result<(), FollowError> {
        let files = &self.hold.files;
        for ((page, content), into) in batch.iter().zip(buffer.chunks_exact_mut(self.page_size as usize)) {
            let read = match content {
                Content::Frame(frame) => {
                    files.log.read_exact_at(into, position(*frame, self.page_size) + FRAME_HEADER as u64)
                }
                Content::Main => files.main.read_exact_at(into, self.place_of(*page)),
            };
            read.map_err(PathError::on("read what was written to", &files.path))?;
        }
        Ok(())
    }

    /// Neighbours in one go.
    fn write(&self, batch: &[(u32, Content)], buffer: &[u8]) -> Result<(), FollowError> {
        let size = self.page_size as usize;
        let mut from = 0;
        for run in batch.chunk_by(|(one, _), (next, _)| one + 1 == *next) {
            let bytes = buffer.get(from..from + run.len() * size).unwrap_or_default();
            let at = run.first().map_or(0, |(page, _)| self.place_of(*page));
            self.copy.write_all_at(bytes, at).map_err(self.on_copy("write"))?;
            from += run.len() * size;
        }
        Ok(())
    }

    fn place_of(&self, page: u32) -> u64 {
        u64::from(page.saturating_sub(1)) * u64::from(self.page_size)
    }
}
