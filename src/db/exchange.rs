//! The exchange of the live database for a new one, and its undo.
//!
//! The order is: sync the new file; a second name `RUN.old` for the live one; sync that name; rename the new file over
//! the live name; sync that. So the names alone tell how far it got, and each function may be killed anywhere and run
//! again. There is no `RENAME_EXCHANGE`: doing that twice undoes it.
//!
//! Who opened the old file before the rename still has it afterwards, and SQLite would write its pages into the log of
//! the new one, which has the same name. So both files are locked, and openers are looked for before and after.

use thiserror::Error;

use crate::db::alone::lock::LockedOut;
use crate::db::alone::{Alone, NotAlone};
use crate::db::side_files;
use crate::layout::WorkLayout;
use crate::sys::attributes;
use crate::sys::dir::{Access, Dir};
use crate::sys::fs::{PathError, sync_file};

mod undo;

/// The names that an exchange is about.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The directory of the live database.
    pub live: &'a Dir,
    /// The live database's name there.
    pub name: &'a str,
    /// The work directory, on the same file system.
    pub work: &'a Dir,
    /// The run, from which the names in the work directory come.
    pub run: &'a str,
}

/// How far the exchange is, from the names and identities alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeState {
    /// There is neither a new file nor an old one: not built yet, or undone.
    Nothing,
    /// The new file is there, and the live one has one name.
    NotExchanged,
    /// The live file has its second name, and is still the live one.
    Linked,
    /// The new file is the live one, and the old one is kept.
    Exchanged,
    /// It was exchanged and undone, and what the new service had is kept.
    Undone,
}

/// Whether the new service may have written to the new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It was never started: the new file is thrown away.
    No,
    /// It was: the new file is kept as `RUN.abandoned`.
    Yes,
}

/// What becomes of the log or journal beside the live file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// There is none: the live file was settled.
    Nothing,
    /// It is kept with the old file, which is damaged and could not be settled.
    GoesAlong,
}

/// Why the live name still stands for the file that it stood for, or that it could not be made durable.
#[derive(Debug, Error)]
pub enum ExchangeError {
    /// Somebody has the database open.
    #[error("the database cannot be exchanged")]
    NotAlone(#[from] NotAlone),
    /// A new file beside the wrong log would be corrupt without a sign.
    #[error("`{beside}` lies beside the database and would be taken for part of another file")]
    Pending {
        /// What is beside it.
        beside: String,
    },
    /// The names do not fit any moment of an exchange.
    #[error("`{live}` is neither the database that run {run} built nor the one that it keeps")]
    Foreign {
        /// The live database.
        live: String,
        /// The run.
        run: String,
    },
    /// There is nothing to put in its place.
    #[error("run {run} has no new database for `{live}`")]
    NothingNew {
        /// The live database.
        live: String,
        /// The run.
        run: String,
    },
    /// A file could not be linked, renamed or synced.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl Exchange<'_> {
    /// How far it is.
    pub fn state(&self) -> Result<ExchangeState, ExchangeError> {
        let live = self.live.identity(self.name)?;
        let new = self.work.identity(&self.new_name())?;
        let old = self.work.identity(&self.old_name())?;
        let abandoned = self.work.identity(&self.abandoned_name())?;
        match (new, old) {
            (None, None) if abandoned.is_some() => Ok(ExchangeState::Undone),
            (None, None) => Ok(ExchangeState::Nothing),
            (Some(_), None) if new != live && live.is_some() => Ok(ExchangeState::NotExchanged),
            (_, Some(_)) if old == live => Ok(ExchangeState::Linked),
            // A power cut may keep the new file's first name as well.
            (Some(_), Some(_)) if new == live => Ok(ExchangeState::Exchanged),
            (None, Some(_)) if live.is_some() => Ok(ExchangeState::Exchanged),
            _ => Err(ExchangeError::Foreign { live: self.live_path(), run: self.run.to_owned() }),
        }
    }

    /// Puts the new file in the place of the live one and keeps the live one as `RUN.old`. Durable when it returns.
    ///
    /// `alone` is the proof for the live file as it is before; it must be held until this returns. What lies beside a
    /// live file that could not be settled goes with it, where `beside` says so.
    ///
    /// # Errors
    /// [`ExchangeError::NotAlone`]: somebody opened the live file meanwhile. It has its name then, and the new one may
    /// be gone.
    pub fn perform(&self, alone: &Alone, beside: Beside) -> Result<(), ExchangeError> {
        let state = self.state()?;
        match state {
            ExchangeState::Exchanged => return self.settle(),
            ExchangeState::Nothing | ExchangeState::Undone => return Err(self.nothing_new()),
            ExchangeState::NotExchanged | ExchangeState::Linked => {}
        }
        if self.live.identity(self.name)? != Some(alone.identity()) {
            return Err(ExchangeError::Foreign { live: self.live_path(), run: self.run.to_owned() });
        }
        if self.work.identity(&self.new_name())?.is_none() {
            return Err(self.nothing_new());
        }
        if beside == Beside::Nothing {
            self.nothing_beside(self.live, self.name)?;
        }
        self.nothing_beside(self.work, &self.new_name())?;

        let path = self.work.path().join(self.new_name());
        let new = self.work.open_file(&self.new_name(), Access::ReadWrite)?;
        attributes::carry(alone.file(), &new, &path)?;
        sync_file(&new, &path)?;
        // A migration may have taken long enough for anybody to come.
        let live = self.live.path().join(self.name);
        alone.look_again(&live)?;
        if state == ExchangeState::NotExchanged {
            self.live.link(self.name, self.work, &self.old_name())?;
        }
        // The old file must have its second name before it loses the first.
        self.work.sync()?;
        if beside == Beside::GoesAlong {
            self.move_side_files(&self.old_name())?;
        }
        let locked = LockedOut::of(&new, &path)?;
        self.work.rename(&self.new_name(), self.live, self.name)?;
        if let Err(held) = alone.look_again(&live) {
            // Under both locks: nobody has read the one file or the other.
            self.work.rename(&self.old_name(), self.live, self.name)?;
            self.sync_both()?;
            return Err(held.into());
        }
        drop(locked);
        // A power cut may give the new file its first name back, beside the live one. `state` knows that, and whoever puts
        // the work directory in order removes it.
        Ok(self.live.sync()?)
    }

    /// What lies beside the live file gets the name of the file that it belongs to.
    fn move_side_files(&self, file: &str) -> Result<(), PathError> {
        for suffix in side_files::SUFFIXES {
            let beside = format!("{}{suffix}", self.name);
            if self.live.identity(&beside)?.is_some() {
                self.live.rename(&beside, self.work, &format!("{file}{suffix}"))?;
            }
        }
        self.sync_both()
    }

    /// After the rename, whether a kill came between or not.
    fn settle(&self) -> Result<(), ExchangeError> {
        self.live.sync()?;
        if self.work.identity(&self.new_name())?.is_some() {
            self.work.unlink(&self.new_name())?;
        }
        Ok(self.work.sync()?)
    }

    fn sync_both(&self) -> Result<(), PathError> {
        self.live.sync()?;
        self.work.sync()
    }

    fn nothing_beside(&self, directory: &Dir, name: &str) -> Result<(), ExchangeError> {
        match side_files::pending(directory, name)? {
            None => Ok(()),
            Some(beside) => Err(ExchangeError::Pending { beside: directory.path().join(beside).display().to_string() }),
        }
    }

    fn nothing_new(&self) -> ExchangeError {
        ExchangeError::NothingNew { live: self.live_path(), run: self.run.to_owned() }
    }

    fn live_path(&self) -> String {
        self.live.path().join(self.name).display().to_string()
    }

    fn new_name(&self) -> String {
        WorkLayout::new_name(self.run)
    }

    fn old_name(&self) -> String {
        WorkLayout::old_name(self.run)
    }

    fn abandoned_name(&self) -> String {
        WorkLayout::abandoned_name(self.run)
    }
}

#[cfg(test)]
mod tests;
