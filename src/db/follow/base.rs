//! The copy as it is taken first: the main file as a whole, while others write to it.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::aside::{LOOK, Synced};
use super::changes::Changes;
use super::hold::Hold;
use super::scan::Place;
use super::{FollowError, Follower, Lost};
use crate::db::copy::{create, remove};
use crate::db::header;
use crate::sys::attributes;
use crate::sys::clock::{self, Stopwatch};
use crate::sys::dir::{Access, Dir};
use crate::sys::fs::PathError;
use crate::sys::seam;
use crate::sys::watch::Watch;
use crate::sys::write_behind::{PORTION, WriteBehind};

/// So much is read and written at once; less in the tests, whose databases are small.
const PIECE: usize = if cfg!(test) { 64 << 10 } else { 1 << 20 };
/// So much of the copy may be in memory and not on the disk yet.
const AHEAD: u64 = 4 * PORTION;

impl Follower {
    /// Copies the live database, whose path has no symlinks, into the new file `name` of the directory `into`, and follows
    /// it from then on. A leftover of that name is replaced. The copy is one state of the database, and durable.
    ///
    /// Nothing where the database has no write-ahead log.
    ///
    /// # Errors
    /// No copy is left. Where the error is [`FollowError::Lost`] another try may go well.
    pub fn begin(live: &Path, into: &Dir, name: &str, watch: &dyn Watch) -> Result<Option<Self>, FollowError> {
        let Some(hold) = Hold::take(live)? else { return Ok(None) };
        let begun = Self::over(hold, into, name, watch);
        if begun.is_err() {
            let _ = remove(into, name);
        }
        begun.map(Some)
    }

    fn over(hold: Hold, into: &Dir, name: &str, watch: &dyn Watch) -> Result<Self, FollowError> {
        let mut follower = Self::empty(hold, into, name)?;
        follower.check_kept()?;
        follower.take_all(watch)?;
        // It was written while it was copied: what lies in the file is no database before this.
        follower.scan()?;
        follower.apply(watch)?;
        follower.sync(Synced::Copy)?;
        into.sync()?;
        follower.check_kept()?;
        follower.pages = 0;
        Ok(follower)
    }

    fn empty(hold: Hold, into: &Dir, name: &str) -> Result<Self, FollowError> {
        create(into, name, attributes::owner(&hold.files.path)?)?;
        let copy = into.open_file(name, Access::ReadWrite)?;
        let path = &hold.files.path;
        let index = hold.files.index()?.ok_or_else(|| FollowError::lost(path, Lost::Damaged))?;
        let page_size = page_size(&hold.files.main, path)?;
        Ok(Self {
            hold,
            copy: Arc::new(copy),
            copy_path: into.path().join(name),
            page_size,
            changes: Changes::default(),
            place: Place::of(index),
            waiting: None,
            pages: 0,
            unsynced: 0,
            look: LOOK,
        })
    }

    fn take_all(&mut self, watch: &dyn Watch) -> Result<(), FollowError> {
        seam::cross("copy the database");
        if attributes::share_blocks(&self.hold.files.main, &self.copy) {
            let bytes = self.hold.files.length()?;
            watch.progress(bytes, bytes);
            return Ok(());
        }
        let mut disk = WriteBehind::begin(self.copy.clone()).map_err(self.on_copy("start a thread that writes"))?;
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        let mut looked = Stopwatch::start();
        loop {
            if watch.cancelled() {
                return Err(FollowError::Cancelled { path: self.hold.files.path.display().to_string() });
            }
            match self.take_piece(at, &mut piece)? {
                0 => break,
                taken => at += taken as u64,
            }
            disk.filled(at);
            watch.progress(at, self.hold.files.length()?.max(at));
            if looked.elapsed() >= LOOK {
                looked = Stopwatch::start();
                self.keep_up()?;
                self.check_room()?;
            }
            self.wait_for(&disk, AHEAD)?;
        }
        self.wait_for(&disk, 0)?;
        Ok(disk.finish().map_err(self.on_copy("write"))?)
    }

    /// Waits until no more than so many bytes of the copy are on their way to the disk, and lets others through meanwhile.
    fn wait_for(&mut self, disk: &WriteBehind, most: u64) -> Result<(), FollowError> {
        while disk.behind() > most {
            self.keep_up()?;
            clock::pause(Duration::from_micros(500));
        }
        Ok(())
    }

    /// Copies what begins at `at`, and tells how many bytes that were: at the end of the file none.
    fn take_piece(&self, at: u64, piece: &mut [u8]) -> Result<usize, FollowError> {
        let main = &self.hold.files.main;
        if let Some(copied) = attributes::copy_within_kernel(main, at, &self.copy, piece.len()) {
            return Ok(copied);
        }
        // Whatever is wrong, and where the file ends, is told here.
        let read = loop {
            match main.read_at(piece, at) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read.map_err(PathError::on("read", &self.hold.files.path))?,
            }
        };
        let bytes = piece.get(..read).unwrap_or_default();
        (&*self.copy).write_all(bytes).map_err(self.on_copy("write"))?;
        Ok(read)
    }
}

fn page_size(main: &File, live: &Path) -> Result<u32, FollowError> {
    let mut bytes = [0; 100];
    main.read_exact_at(&mut bytes, 0).map_err(PathError::on("read", live))?;
    match header::read(&bytes, bytes.len() as u64) {
        header::Kind::Database { page_size, .. } => Ok(page_size),
        _ => Err(FollowError::lost(live, Lost::Damaged)),
    }
}

#[cfg(test)]
impl Follower {
    /// What would be wrong: nobody reads while it copies, and whatever is in the log afterwards is taken for all there was.
    pub(super) fn begin_without_hold(
        live: &Path,
        into: &Dir,
        name: &str,
        watch: &dyn Watch,
    ) -> Result<Self, FollowError> {
        let hold = Hold::take(live)?.ok_or_else(|| FollowError::lost(live, Lost::Damaged))?;
        hold.let_go()?;
        let mut follower = Self::empty(hold, into, name)?;
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        loop {
            let read = follower.hold.files.main.read_at(&mut piece, at).unwrap_or(0);
            let Some(bytes @ [_, ..]) = piece.get(..read) else { break };
            let _ = (&*follower.copy).write_all(bytes);
            at += bytes.len() as u64;
            watch.progress(at, at);
        }
        follower.hold.take_again()?;
        follower.place = Place::of(follower.index()?);
        Ok(follower)
    }
}
