//! A world that can be put back to how it was as often as a sweep needs it, under the same paths.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::release::copy_program;
use crate::world::World;

/// What changes in a world; the releases and the configuration do not.
const PARTS: [&str; 4] = ["root", "state", "data", "backups"];

pub struct Frozen<'w> {
    world: &'w World,
    kept: tempfile::TempDir,
    /// The release that runs.
    running: Option<String>,
}

impl<'w> Frozen<'w> {
    /// Keeps `world` as it is. Its service is killed for it, so whatever is in the write-ahead log stays there.
    pub fn of(world: &'w World) -> Self {
        let running = world.answers();
        kill_all(world);
        let kept = tempfile::tempdir_in(world.path("").parent().unwrap()).unwrap();
        for part in PARTS.iter().filter(|part| world.path(part).exists()) {
            copy(&world.path(part), &kept.path().join(part));
        }
        Self { world, kept, running }
    }

    /// Puts everything back, and starts the service that ran.
    pub fn thaw(&self) -> &'w World {
        kill_all(self.world);
        for part in PARTS {
            let path = self.world.path(part);
            empty(&path);
            let kept = self.kept.path().join(part);
            if kept.exists() {
                copy(&kept, &path);
            }
        }
        if self.running.is_some() {
            self.start();
        }
        self.world
    }

    /// As the configured start command would, but with nobody left to wait for its end.
    fn start(&self) {
        let world = self.world;
        let mut command = Command::new("sh");
        let log = world.path("thaw.log");
        command.args(["-c", "exec \"$@\" &", "sh"]).arg(world.path("root/current/bin/notes"));
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", world.port), "--database"]).arg(world.database());
        command.arg("--pid-file").arg(world.path("notes.pid")).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(std::fs::File::create(&log).unwrap());
        assert!(command.process_group(0).status().unwrap().success());
        let said = || std::fs::read_to_string(&log).unwrap();
        until(|| world.answers() == self.running, || format!("{} {:?}", said(), world.processes()));
    }
}

/// Where a world of a sweep lives: in memory, if programs can be run there. What a kill leaves does not depend on the
/// disk, and hundreds of worlds do.
pub fn quick() -> &'static Path {
    static QUICK: OnceLock<PathBuf> = OnceLock::new();
    QUICK.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let runs = tempfile::tempdir_in(memory).is_ok_and(|directory| {
            let program = directory.path().join("true");
            std::fs::copy("/bin/true", &program).is_ok()
                && Command::new(&program).status().is_ok_and(|status| status.success())
        });
        if runs { memory.to_owned() } else { std::env::temp_dir() }
    })
}

/// How many services run, whoever started them.
pub fn services(world: &World) -> usize {
    let processes = world.processes();
    processes.iter().filter(|(_, words)| words[0].ends_with("bin/notes") && words[1] == "serve").count()
}

fn kill_all(world: &World) {
    world.kill_service();
    let _ = std::fs::remove_file(world.path("notes.pid"));
}

/// Removes a directory; what is mounted stays, and has nothing in it.
fn empty(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        } else {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let _ = std::fs::remove_dir(directory);
}

/// Programs are linked where that can be, as they are only read; everything else is copied.
pub fn copy(from: &Path, to: &Path) {
    let kind = from.symlink_metadata().unwrap();
    if kind.is_symlink() {
        std::os::unix::fs::symlink(std::fs::read_link(from).unwrap(), to).unwrap();
    } else if kind.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
        std::fs::set_permissions(to, kind.permissions()).unwrap();
    } else if kind.permissions().mode() & 0o111 != 0 {
        std::fs::hard_link(from, to).unwrap_or_else(|_| copy_program(from, to));
    } else {
        std::fs::copy(from, to).unwrap();
    }
}

/// Everything below a directory, relative, sorted.
pub fn below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            }
            found.push(entry.path().strip_prefix(directory).unwrap().to_owned());
        }
    }
    found.sort();
    found
}

/// Nothing tells when a process that is not ours has ended or listens.
fn until(is_so: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < Duration::from_secs(60), "the service does not run again: {}", otherwise());
        std::thread::sleep(Duration::from_millis(2));
    }
}
