//! The undo of the exchange: the old file gets the live name back.

use super::{Exchange, ExchangeError, ExchangeState, Started};
use crate::db::alone::lock::LockedOut;
use crate::db::alone::{Alone, NotAlone};
use crate::db::side_files;
use crate::sys::dir::Access;

/// The new file's name in the work directory while it loses the live one. It is disposable: a kill may leave it.
const SECOND: &str = "scratch-exchanged-back.db";

impl Exchange<'_> {
    /// Puts the old file back in its place. Durable when it returns; nothing to do where nothing was exchanged.
    ///
    /// # Errors
    /// [`ExchangeError::NotAlone`]: somebody has the new file open, and nothing was exchanged.
    pub fn undo(&self, started: Started) -> Result<(), ExchangeError> {
        match self.state()? {
            ExchangeState::NotExchanged => Ok(()),
            ExchangeState::Nothing | ExchangeState::Undone => self.give_side_files_back(),
            // Renaming one name of a file over another one of it does nothing, in silence.
            ExchangeState::Linked => {
                self.give_side_files_back()?;
                self.work.unlink(&self.old_name())?;
                Ok(self.sync_both()?)
            }
            ExchangeState::Exchanged => {
                self.settle()?;
                let alone = self.part_from_side_files()?;
                self.give_up(started)?;
                self.nothing_beside(self.live, self.name)?;
                self.exchange_back(&alone)?;
                self.give_side_files_back()?;
                drop(alone);
                Ok(self.work.unlink(SECOND)?)
            }
        }
    }

    /// Whoever opened the new file before the rename would go on with it, and write its pages into the log of the old one:
    /// both files are locked, and openers are looked for before and after.
    fn exchange_back(&self, alone: &Alone) -> Result<(), ExchangeError> {
        let live = self.live.path().join(self.name);
        let old = self.work.open_file(&self.old_name(), Access::ReadWrite)?;
        // A kill may have left it.
        self.work.unlink(SECOND)?;
        self.live.link(self.name, self.work, SECOND)?;
        alone.look_again(&live)?;
        let locked = LockedOut::of(&old, &self.work.path().join(self.old_name()))?;
        self.work.rename(&self.old_name(), self.live, self.name)?;
        if let Err(held) = alone.look_again(&live) {
            // Under both locks: nobody has read the one file or the other.
            self.live.link(self.name, self.work, &self.old_name())?;
            self.work.sync()?;
            self.work.rename(SECOND, self.live, self.name)?;
            self.sync_both()?;
            return Err(held.into());
        }
        drop(locked);
        Ok(())
    }

    /// The new service's log beside the old file would be corruption that no check sees: its content goes into the file
    /// that it belongs to or, where that cannot be, moves along with it.
    fn part_from_side_files(&self) -> Result<Alone, ExchangeError> {
        let path = self.live.path().join(self.name);
        // What an earlier try began to move is not complete without the rest.
        if side_files::pending(self.work, &self.abandoned_name())?.is_none() {
            match Alone::prove(&path) {
                Ok(alone) => return Ok(alone),
                Err(NotAlone::Unsettled { .. } | NotAlone::Pending { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let alone = Alone::hold(&path)?;
        self.move_side_files(&self.abandoned_name())?;
        Ok(alone)
    }

    /// What went along with the old file returns to it. The live name stands for that file again.
    fn give_side_files_back(&self) -> Result<(), ExchangeError> {
        for suffix in side_files::SUFFIXES {
            let kept = format!("{}{suffix}", self.old_name());
            if self.work.identity(&kept)?.is_some() {
                self.work.rename(&kept, self.live, &format!("{}{suffix}", self.name))?;
            }
        }
        Ok(self.sync_both()?)
    }

    fn give_up(&self, started: Started) -> Result<(), ExchangeError> {
        let kept = self.work.identity(&self.abandoned_name())?;
        let moved = side_files::pending(self.work, &self.abandoned_name())?.is_some();
        // A file whose log had to be moved was written by somebody, whoever was started.
        if kept.is_none() && (started == Started::Yes || moved) {
            self.live.link(self.name, self.work, &self.abandoned_name())?;
        } else if kept.is_some() && kept != self.live.identity(self.name)? {
            return Err(ExchangeError::Foreign { live: self.live_path(), run: self.run.to_owned() });
        }
        Ok(self.work.sync()?)
    }
}
