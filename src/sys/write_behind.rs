//! Writing to the disk while more is written to memory.
//!
//! A file of which a gibibyte is only in memory takes as long to sync as a gibibyte takes, and whoever else syncs something on
//! that disk meanwhile waits behind it. So the disk gets small portions all the time.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{Builder, JoinHandle};

use nix::libc::{self, EINVAL, ENOSYS, EPERM, ESPIPE};

/// So much is handed to the disk at once. Two portions are on their way at a time, so that the disk is never idle.
pub const PORTION: u64 = 4 << 20;

/// A file that is brought to the disk from its beginning on by a thread of its own. Nothing is durable by that: the file is to be
/// synced in the end.
#[derive(Debug)]
pub struct WriteBehind {
    line: Option<Sender<Range<u64>>>,
    thread: Option<JoinHandle<io::Result<()>>>,
    handed: u64,
    written: Arc<AtomicU64>,
}

impl WriteBehind {
    /// Begins at the beginning of `file`.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn begin(file: Arc<File>) -> io::Result<Self> {
        let (line, portions) = mpsc::channel::<Range<u64>>();
        let written = Arc::new(AtomicU64::new(0));
        let told = written.clone();
        let work = move || {
            let mut under_way: Option<Range<u64>> = None;
            loop {
                let next = match under_way {
                    Some(_) => portions.try_recv().ok(),
                    None => Some(match portions.recv() {
                        Ok(portion) => portion,
                        Err(_) => return Ok(()),
                    }),
                };
                if let Some(portion) = &next {
                    start(&file, portion)?;
                }
                if let Some(portion) = std::mem::replace(&mut under_way, next) {
                    wait(&file, &portion)?;
                    told.store(portion.end, Ordering::Relaxed);
                }
            }
        };
        let thread = Builder::new().name("write-behind".to_owned()).spawn(work)?;
        Ok(Self { line: Some(line), thread: Some(thread), handed: 0, written })
    }

    /// The file has its content up to there now.
    pub fn filled(&mut self, up_to: u64) {
        while up_to.saturating_sub(self.handed) >= PORTION {
            let portion = self.handed..self.handed + PORTION;
            self.handed = portion.end;
            // Nobody listens any more where it failed: that is told in the end.
            let _ = self.line.as_ref().map(|line| line.send(portion));
        }
    }

    /// How many bytes wait for their turn, those that are on their way among them; none once it has failed.
    pub fn behind(&self) -> u64 {
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return 0;
        }
        self.handed.saturating_sub(self.written.load(Ordering::Relaxed))
    }

    /// Waits until the disk has every portion.
    ///
    /// # Errors
    /// What the disk answered. The kernel tells it once: who syncs the file afterwards might not hear of it again.
    pub fn finish(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        drop(self.line.take());
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes ended in a panic")))
    }
}

impl Drop for WriteBehind {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn start(file: &File, portion: &Range<u64>) -> io::Result<()> {
    sync_file_range(file, portion, libc::SYNC_FILE_RANGE_WRITE)
}

fn wait(file: &File, portion: &Range<u64>) -> io::Result<()> {
    let all = libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WRITE | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    sync_file_range(file, portion, all)
}

/// sync_file_range(2). Where there is no such call, the sync in the end does all of it.
#[allow(unsafe_code, reason = "neither std nor rustix has this call")]
fn sync_file_range(file: &File, portion: &Range<u64>, flags: libc::c_uint) -> io::Result<()> {
    let (at, bytes) = (portion.start.try_into(), (portion.end - portion.start).try_into());
    let (Ok(at), Ok(bytes)) = (at, bytes) else { return Ok(()) };
    // SAFETY: the descriptor is open as long as the file is borrowed, and no memory is handed over.
    let answer = unsafe { libc::sync_file_range(file.as_raw_fd(), at, bytes, flags) };
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        _ if answer == 0 => Ok(()),
        Some(EINVAL | ENOSYS | EPERM | ESPIPE) => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rustix::fs::{Mode, OFlags};

    use super::*;

    #[test]
    fn whole_portions_are_brought_to_the_disk_and_the_rest_is_left_to_the_sync() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; usize::try_from(2 * PORTION).unwrap() + 10]).unwrap();
        let mut behind = WriteBehind::begin(Arc::new(file)).unwrap();
        behind.filled(PORTION - 1);
        assert_eq!(behind.handed, 0);
        behind.filled(2 * PORTION + 10);
        assert_eq!(behind.handed, 2 * PORTION);
        behind.finish().unwrap();
    }

    #[test]
    fn what_the_disk_answers_is_told_in_the_end_and_nobody_waits_for_the_rest() {
        // The kernel refuses everything that concerns the content of what was opened as a place alone (open(2), `O_PATH`).
        let place = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let mut behind = WriteBehind::begin(Arc::new(place.into())).unwrap();
        behind.filled(3 * PORTION);
        while behind.behind() > 0 {
            std::thread::yield_now();
        }
        behind.filled(4 * PORTION);
        assert_eq!(behind.finish().unwrap_err().raw_os_error(), Some(libc::EBADF));
    }

    #[test]
    fn what_cannot_be_brought_to_a_disk_needs_no_waiting_for() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(reader));
        let mut behind = WriteBehind::begin(Arc::new(pipe)).unwrap();
        behind.filled(PORTION);
        behind.finish().unwrap();
    }
}
