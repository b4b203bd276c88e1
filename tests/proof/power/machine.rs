//! A machine on a file system of its own, kept as an image, so that it can be had again as often as a sweep needs it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::filesystem::{Flavour, Mounted, copy_image};
use super::settle::settle;
use crate::ends::Ends;
use crate::operation::{Operation, Size};
use crate::picture::Picture;
use crate::stage::Stage;
use crate::sweep::Sweep;
use crate::tracer::{End, Lie, Point, Trace, Tracer};
use crate::verdict::{Expected, Verdict};

/// The machine before an operation, switched off.
pub struct Machine<'o> {
    pub operation: &'o Operation,
    pub flavour: Flavour,
    pub stage: Stage,
    pub expected: Expected,
    /// The calls by which the operation changes something.
    pub points: Vec<Point>,
    pub unmodelled: Vec<String>,
    /// What is known of its ends.
    ends: Ends,
    /// For disks.
    pub room: PathBuf,
    base: PathBuf,
    mount: PathBuf,
    /// Its service, if it runs.
    running: Option<Vec<OsString>>,
}

impl<'o> Machine<'o> {
    /// Makes it in an empty directory, and runs the operation once to see its calls.
    pub fn make(operation: &'o Operation, size: Size, flavour: Flavour, room: &Path) -> Self {
        let (base, mount, room) = (room.join("base"), room.join("mount"), room.to_owned());
        std::fs::create_dir(&mount).unwrap();
        flavour.make(&base, if size == Size::Large { 640 } else { 24 });
        let mounted = flavour.mount(&base, &mount).unwrap();
        let stage = Stage::without_copy(operation, size, &mount);
        let running = stage.launcher.running();
        stage.stop();
        mounted.unmount();
        // What comes of it does not hang on the file system.
        let Sweep { expected, .. } = Sweep::of(operation, size, &room);
        assert_eq!(stage.old, expected.old[0], "{}: two machines differ", operation.name);
        let (points, unmodelled, ends) = (Vec::new(), Vec::new(), Ends::default());
        Self { operation, flavour, stage, expected, points, unmodelled, ends, room, base, mount, running }.learnt()
    }

    fn learnt(self) -> Self {
        let mounted = self.switch_on();
        let trace = self.run(&[]);
        let new = Picture::of(&self.stage.world).unwrap();
        assert_eq!(new, self.expected.new, "{}: two runs differ", self.operation.name);
        self.switch_off(mounted);
        Self { points: trace.points, unmodelled: trace.unmodelled.into_iter().collect(), ..self }
    }

    /// The operation, from its beginning to its answer.
    pub fn run(&self, lies: &[Lie]) -> Trace {
        let world = self.stage.world.path("");
        let trace = Tracer::of(&world).lies(lies).run(&self.stage.command(self.operation.arguments));
        assert_eq!(trace.end, End::Exited(self.operation.code), "{}: {trace:#?}", self.operation.name);
        assert_eq!(trace.lies > 0, !lies.is_empty(), "{}: {lies:?} covers nothing", self.operation.name);
        trace
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

    /// As the operation finds it, its service running, on a copy of its disk.
    pub fn switch_on(&self) -> Mounted {
        let mounted = self.mount(&self.disk("image")).unwrap();
        self.boot();
        mounted
    }

    /// Starts the service that the operation finds running.
    pub fn boot(&self) {
        if let Some(words) = &self.running {
            self.stage.boot(words);
        }
    }

    /// Puts a disk in, and starts nothing.
    ///
    /// # Errors
    /// The file system did not come back.
    pub fn mount(&self, disk: &Path) -> Result<Mounted, String> {
        self.flavour.mount(disk, &self.mount)
    }

    /// Kills its service and takes its disk out.
    pub fn switch_off(&self, mounted: Mounted) {
        self.stage.stop();
        mounted.unmount();
        super::reap();
    }

    /// What becomes of a disk when it is mounted again. `answered` is the exit code that the operation was seen to end with.
    pub fn verdict(&self, disk: &Path, answered: Option<i32>) -> Verdict {
        match self.mount(disk) {
            Ok(mounted) => {
                let verdict = settle(&self.stage, &self.expected, answered, &self.ends);
                self.switch_off(mounted);
                verdict
            }
            Err(words) => Verdict::Bad(format!("the file system did not come back: {words}")),
        }
    }
}
