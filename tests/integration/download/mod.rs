//! Downloads from a server that misbehaves.

mod encryption;
mod refuse;
mod resume;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use gantry_installer::digest::Sha256;
use gantry_installer::sys::http::{Client, HttpError, Patience, Problem};
use gantry_installer::sys::watch::{Unwatched, Watch};
use tempfile::TempDir;

use crate::release_server::{Mode, ReleaseServer};

const SIZE: usize = 100_000;

/// A server with one artifact, and a place to download it to.
struct Setting {
    place: TempDir,
    server: ReleaseServer,
    content: Vec<u8>,
}

fn setting() -> Setting {
    let place = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..SIZE).map(|at| (at % 251) as u8).collect();
    std::fs::create_dir(place.path().join("served")).unwrap();
    std::fs::write(place.path().join("served/file"), &content).unwrap();
    let server = ReleaseServer::start(&place.path().join("served"));
    Setting { place, server, content }
}

fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        stall: Duration::from_millis(300),
        document: Duration::from_millis(300),
        least: 1000,
        attempts: 3,
        backoff: Duration::from_millis(1),
        longest_wait: Duration::from_secs(1),
    }
}

fn client(patience: Patience) -> Client {
    Client::new(None, "test").with_patience(patience)
}

impl Setting {
    fn misbehaving(mode: Mode) -> Self {
        let setting = setting();
        setting.server.misbehave("/file", mode);
        setting
    }

    fn misbehaving_once(mode: Mode) -> Self {
        let setting = setting();
        setting.server.misbehave_first("/file", 1, mode);
        setting
    }

    /// After an attempt that left the first `count` bytes behind.
    fn left_with(count: usize) -> Self {
        let setting = Self::misbehaving_once(Mode::CloseAfter(count));
        let problem = setting.download_with(Patience { attempts: 1, ..patience() }, &Unwatched).unwrap_err().problem;
        assert!(matches!(problem, Problem::Interrupted { done, .. } if done == count as u64), "{problem:?}");
        setting
    }

    fn part(&self) -> PathBuf {
        self.place.path().join("downloads/file.part")
    }

    fn download_with(&self, patience: Patience, watch: &dyn Watch) -> Result<(), HttpError> {
        let digest = Sha256::of(&self.content);
        client(patience).download(&self.server.url("/file"), SIZE as u64, digest, &self.part(), watch)
    }

    /// Why it fails.
    fn problem(&self) -> Problem {
        self.download_with(patience(), &Unwatched).unwrap_err().problem
    }

    /// It succeeds, leaves the file and nothing else, and asks for these ranges.
    fn downloads_by(&self, ranges: &[Option<usize>]) {
        self.download_with(patience(), &Unwatched).unwrap();
        assert_eq!(std::fs::read(self.part()).unwrap(), self.content);
        assert_eq!(std::fs::read_dir(self.place.path().join("downloads")).unwrap().count(), 1);
        assert_eq!(self.server.ranges(), ranges);
    }
}

/// Calls off after so much progress.
struct CancelAfter<'a>(&'a Cell<u32>, u32);

impl Watch for CancelAfter<'_> {
    fn progress(&self, _: u64, _: u64) {
        self.0.set(self.0.get() + 1);
    }

    fn cancelled(&self) -> bool {
        self.0.get() >= self.1
    }
}
