//! A machine on a file system of its own, kept as an image, so that it can be had again as often as a sweep needs it.

use std::path::{Path, PathBuf};

use super::filesystem::{Flavour, Mounted, copy_image};
use super::subject::{Subject, Verdict};
use super::trace;
use crate::world::World;

/// The machine before the operation, switched off.
pub struct Machine<'a> {
    pub subject: &'a Subject,
    pub flavour: Flavour,
    pub world: World,
    /// The last run that it made.
    pub past: Option<String>,
    /// Its disk.
    pub base: PathBuf,
    /// Where a disk is mounted: all paths of the machine lead there.
    pub mount: PathBuf,
    pub room: PathBuf,
}

impl<'a> Machine<'a> {
    /// Makes it in a directory.
    pub fn make(subject: &'a Subject, flavour: Flavour, room: &Path) -> Self {
        let (base, mount) = (room.join("base"), room.join("mount"));
        std::fs::create_dir(&mount).unwrap();
        flavour.make(&base, subject.mebibytes);
        let mounted = flavour.mount(&base, &mount).unwrap();
        let world = (subject.make)(&mount);
        let past = subject.past(&world);
        world.kill_service();
        let _ = std::fs::remove_file(world.path("notes.pid"));
        mounted.unmount();
        Self { subject, flavour, world, past, base, mount, room: room.to_owned() }
    }

    /// A copy of its disk, to be spoilt.
    pub fn disk(&self, name: &str) -> PathBuf {
        self.copy(&self.base, name)
    }

    /// A copy of any disk of it.
    pub fn copy(&self, disk: &Path, name: &str) -> PathBuf {
        let copy = self.room.join(name);
        copy_image(disk, &copy);
        copy
    }

    /// Switches it on with this disk, as far as its files go.
    ///
    /// # Errors
    /// The file system did not come back.
    pub fn mount(&self, disk: &Path) -> Result<Mounted, String> {
        self.flavour.mount(disk, &self.mount)
    }

    /// What became of it.
    pub fn verdict(&self, answered: Option<i32>) -> Verdict {
        self.subject.verdict(&self.world, self.past.as_deref(), answered)
    }

    /// Kills its service and takes its disk out.
    pub fn switch_off(&self, mounted: Mounted) {
        self.world.kill_service();
        mounted.unmount();
        trace::reap();
    }
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        self.world.kill_service();
    }
}
