//! Reads what was written to the log since it was read last, and notes the pages.

use std::os::unix::fs::FileExt as _;

use super::index::Index;
use super::log::{Chain, FRAME_HEADER, HEADER, position};
use super::{FollowError, Follower, Lost};
use crate::sys::fs::PathError;

/// So many bytes of the log are read at once.
const PIECE: usize = 1 << 20;
/// A log that begins again while it is read is read again; it can do so once while we read, and never so often.
const TRIES: u32 = 4;

/// How far the log was read.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// What the index said then.
    pub seen: Index,
    /// Over the frames of this generation; nothing before the first of them was read.
    chain: Option<Chain>,
    /// Whether all of the log was in the main file when the index was looked at last.
    pub(super) full: bool,
    /// Whether it began while we read nothing of the log: until we read from a frame on, nobody brings anything of it into
    /// the main file, and who tries to sorts all of it in vain.
    pub(super) unread: bool,
}

impl Place {
    pub(super) fn of(index: Index) -> Self {
        // Of this generation nothing was read yet.
        let seen = Index { last_frame: 0, ..index };
        Self { seen, chain: None, full: index.is_full(), unread: false }
    }
}

/// Why a piece of the log was not taken.
pub(super) enum Broken {
    /// Its generation ended meanwhile.
    BeganAgain,
    Error(FollowError),
}

impl Follower {
    /// Notes every page that was committed. Afterwards the changes hold all pages in which the copy may differ from the
    /// database as it is at `place.seen`.
    pub(super) fn scan(&mut self) -> Result<(), FollowError> {
        for _ in 0..TRIES {
            let index = self.index()?;
            self.enter_generation(index)?;
            match self.read_up_to(&index) {
                Ok(()) => return Ok(()),
                Err(Broken::BeganAgain) => {}
                Err(Broken::Error(error)) => return Err(error),
            }
        }
        Err(self.lost(Lost::BeganAgain))
    }

    pub(super) fn index(&self) -> Result<Index, FollowError> {
        self.hold.files.index()?.ok_or_else(|| self.lost(Lost::Damaged))
    }

    /// A log may begin again under our reading only if all of it was in the main file when the reading began, and still
    /// was when the index was looked at last.
    fn enter_generation(&mut self, index: Index) -> Result<(), FollowError> {
        if index.salts == self.place.seen.salts {
            return Ok(());
        }
        if !self.place.full {
            return Err(self.lost(Lost::BeganAgain));
        }
        self.changes.begin_again();
        self.place = Place { unread: true, ..Place::of(index) };
        Ok(())
    }

    /// Reads the frames up to the last committed one, and never beyond it: what is there may be a commit that is replaced
    /// by the next writer.
    pub(super) fn read_up_to(&mut self, index: &Index) -> Result<(), Broken> {
        self.place.full = index.is_full();
        if index.last_frame < self.place.seen.last_frame {
            return self.torn(index);
        }
        if index.last_frame == self.place.seen.last_frame {
            self.place.seen = *index;
            return Ok(());
        }
        let Some(mut chain) = self.chain(index)? else { return self.torn(index) };
        let size = FRAME_HEADER + chain.page_size() as usize;
        let mut buffer = vec![0; (PIECE / size).max(1) * size];
        let mut next = self.place.seen.last_frame + 1;
        let mut pages = 0;
        while next <= index.last_frame {
            let count = usize::try_from(index.last_frame - next + 1).unwrap_or(usize::MAX).min(buffer.len() / size);
            let piece = buffer.get_mut(..count * size).unwrap_or_default();
            let at = position(next, chain.page_size());
            if self.hold.files.log.read_exact_at(piece, at).is_err() {
                return self.torn(index);
            }
            for bytes in piece.chunks_exact(size) {
                let Some(frame) = chain.take(bytes) else { return self.torn(index) };
                self.changes.record(frame.page, next);
                pages = frame.commit;
                next += 1;
            }
        }
        if chain.checksum() != index.checksum || pages == 0 || pages != index.pages {
            return self.torn(index);
        }
        self.place.chain = Some(chain);
        self.place.seen = *index;
        Ok(())
    }

    /// The chain up to what was read, begun with the header of the log where nothing was.
    fn chain(&self, index: &Index) -> Result<Option<Chain>, Broken> {
        if let Some(chain) = self.place.chain {
            return Ok(Some(chain));
        }
        let mut header = [0; HEADER];
        let read = self.hold.files.log.read_exact_at(&mut header, 0);
        let path = &self.hold.files.path;
        read.map_err(|error| Broken::Error(PathError::on("read the log of", path)(error).into()))?;
        let chain = Chain::begin(&header);
        Ok(chain.filter(|chain| chain.salts() == index.salts && chain.page_size() == self.page_size))
    }

    /// What was read does not fit the index: because the log has begun again meanwhile, or because it is damaged.
    fn torn(&mut self, index: &Index) -> Result<(), Broken> {
        let now = self.index().map_err(Broken::Error)?;
        Err(if now.salts == index.salts { Broken::Error(self.lost(Lost::Damaged)) } else { Broken::BeganAgain })
    }
}
