//! From system calls to what they did, in the words of the model.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

use super::lies::Lie;
use super::model::change::{Change, Node, Place};
use super::model::rebuild::{Numbers, kind};
use super::trace::{Call, Fate, Watcher};

/// Writes down what an operation does below a directory. Shared memory of SQLite's is passed over: it has no content
/// that outlives its users.
pub struct Recorder {
    root: PathBuf,
    numbers: Numbers,
    next: Node,
    lie: Option<Lie>,
    /// What a call is about to change, seen before it does.
    about: HashMap<Pid, Before>,
    pub changes: Vec<Change>,
    pub lies: usize,
    /// Calls that the model has no words for.
    pub unknown: BTreeSet<String>,
}

/// What can only be seen before a call is made.
#[derive(Default)]
struct Before {
    there: bool,
    place: Option<Place>,
    other: Option<Place>,
    position: u64,
}

impl Recorder {
    pub fn new(root: &Path, numbers: Numbers, lie: Option<Lie>) -> Self {
        let next = Node::try_from(numbers.len()).unwrap();
        let root = root.to_owned();
        Self { root, numbers, next, lie, about: HashMap::new(), changes: Vec::new(), lies: 0, unknown: BTreeSet::new() }
    }

    fn is_here(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    fn place(&self, path: &Path) -> Option<Place> {
        let directory = fs::metadata(path.parent()?).ok()?;
        Some(Place { directory: *self.numbers.get(&directory.ino())?, name: path.file_name()?.to_owned() })
    }

    fn node(&self, found: &Metadata) -> Option<Node> {
        self.numbers.get(&found.ino()).copied()
    }

    /// A number of stat(2) may be one that a removed file had.
    fn make(&mut self, at: Place, path: &Path) {
        let Ok(found) = fs::symlink_metadata(path) else { return };
        let (node, mode) = (self.next, found.permissions().mode() & 0o7777);
        self.next += 1;
        self.numbers.insert(found.ino(), node);
        self.changes.push(Change::Make { at, node, kind: kind(path, &found), mode });
    }

    fn say(&mut self, call: &Call, why: &str) {
        let path = call.paths.as_ref().map(|(path, _)| path.display().to_string()).unwrap_or_default();
        self.unknown.insert(format!("{} `{path}`: {why}", call.name));
    }

    fn write(&mut self, call: &Call, descriptor: u64, offset: u64, length: u64) {
        let Some((file, found)) = opened(call.process, descriptor) else { return self.say(call, "it cannot be read") };
        let Some(node) = self.node(&found) else { return self.say(call, "it was never made") };
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        match file.read_exact_at(&mut bytes, offset) {
            Ok(()) => self.changes.push(Change::Write { node, offset, bytes }),
            Err(error) => self.say(call, &error.to_string()),
        }
    }

    fn resize(&mut self, call: &Call, descriptor: u64) {
        let Some((_, found)) = opened(call.process, descriptor) else { return self.say(call, "it cannot be read") };
        match self.node(&found) {
            Some(node) => self.changes.push(Change::Resize { node, length: found.len() }),
            None => self.say(call, "it was never made"),
        }
    }

    fn sync(&mut self, call: &Call) {
        match opened(call.process, call.arguments[0]).and_then(|(_, found)| self.node(&found)) {
            Some(node) => self.changes.push(Change::Sync { node }),
            None => self.say(call, "it was never made"),
        }
    }

    fn happened(&mut self, call: &Call, before: Before, result: u64, path: &Path, other: Option<&Path>) {
        let a = &call.arguments;
        match call.name {
            "open" | "openat" | "creat" => match (before.there, before.place) {
                (false, Some(at)) => self.make(at, path),
                (true, _) if empties(call) => self.resize(call, result),
                _ => {}
            },
            "mkdir" | "mkdirat" | "symlink" | "symlinkat" => {
                if let Some(at) = before.place {
                    self.make(at, path);
                }
            }
            "link" | "linkat" => {
                let node = fs::symlink_metadata(other.unwrap_or(path)).ok().and_then(|found| self.node(&found));
                match (before.other, node) {
                    (Some(at), Some(node)) => self.changes.push(Change::Link { at, node }),
                    _ => self.say(call, "from outside"),
                }
            }
            "rename" | "renameat" | "renameat2" => match (before.place, before.other) {
                (Some(from), Some(to)) if call.name != "renameat2" || a[4] == 0 || a[4] == 1 => {
                    self.changes.push(Change::Rename { from, to });
                }
                _ => self.say(call, "from or to outside, or an exchange"),
            },
            "unlink" | "unlinkat" | "rmdir" => {
                if let Some(at) = before.place {
                    self.changes.push(Change::Unlink { at });
                }
            }
            "write" | "writev" => self.write(call, a[0], before.position, result),
            "pwrite64" | "pwritev" | "pwritev2" => self.write(call, a[0], a[3], result),
            "copy_file_range" => self.write(call, a[2], before.position, result),
            "sendfile" => self.write(call, a[0], before.position, result),
            "ftruncate" | "fallocate" => self.resize(call, a[0]),
            "fsync" | "fdatasync" => self.sync(call),
            "syncfs" => self.changes.push(Change::SyncAll),
            "chmod" | "fchmod" | "fchmodat" | "fchmodat2" => {
                let Ok(found) = fs::metadata(path) else { return };
                if let Some(node) = self.node(&found) {
                    self.changes.push(Change::Mode { node, mode: found.permissions().mode() & 0o7777 });
                }
            }
            // Who owns a file and when it was changed: durable at once here, as a mode is.
            "chown" | "fchown" | "lchown" | "fchownat" | "utimensat" | "fsetxattr" => {}
            _ => self.say(call, "the model has no words for it"),
        }
    }
}

impl Watcher for Recorder {
    fn before(&mut self, call: &Call) -> Fate {
        let Some((path, other)) = &call.paths else { return Fate::Made };
        let here = self.is_here(path) || other.as_deref().is_some_and(|other| self.is_here(other));
        if !here || path.as_os_str().as_encoded_bytes().ends_with(b"-shm") && other.is_none() && writes(call) {
            return Fate::Made;
        }
        if self.lie.is_some_and(|lie| lie.covers(call)) {
            self.lies += 1;
            return Fate::Skipped;
        }
        let descriptor = if call.name == "copy_file_range" { call.arguments[2] } else { call.arguments[0] };
        let before = Before {
            there: fs::symlink_metadata(path).is_ok(),
            place: self.place(path),
            other: other.as_deref().and_then(|other| self.place(other)),
            position: position(call, descriptor),
        };
        self.about.insert(call.process, before);
        Fate::Made
    }

    fn after(&mut self, call: &Call, result: i64) {
        let Some(before) = self.about.remove(&call.process) else { return };
        let (Ok(result), Some((path, other))) = (u64::try_from(result), call.paths.clone()) else { return };
        self.happened(call, before, result, &path, other.as_deref());
    }

    fn unknown(&mut self, process: Pid, name: &'static str, number: u64, arguments: &[u64; 6]) {
        let path = crate::tracer::memory::open_file(process, arguments[4]);
        let shared = |path: &PathBuf| path.as_os_str().as_encoded_bytes().ends_with(b"-shm");
        if name == "mmap" && path.as_ref().is_some_and(shared) {
            return;
        }
        self.unknown.insert(format!("call {number} {name} {}", path.unwrap_or_default().display()));
    }
}

fn writes(call: &Call) -> bool {
    ["write", "pwrite64", "ftruncate", "fallocate"].contains(&call.name)
}

fn empties(call: &Call) -> bool {
    let flags = if call.name == "open" { call.arguments[1] } else { call.arguments[2] };
    call.name == "creat" || flags & u64::from(nix::libc::O_TRUNC.unsigned_abs()) != 0
}

/// A file as another process has it open, to be read.
fn opened(process: Pid, descriptor: u64) -> Option<(File, Metadata)> {
    let file = File::open(format!("/proc/{process}/fd/{}", descriptor & 0xffff_ffff)).ok()?;
    let found = file.metadata().ok()?;
    Some((file, found))
}

/// Where the next write of a descriptor goes.
fn position(call: &Call, descriptor: u64) -> u64 {
    if !["write", "writev", "copy_file_range", "sendfile"].contains(&call.name) {
        return 0;
    }
    let process = call.process;
    let text = fs::read_to_string(format!("/proc/{process}/fdinfo/{}", descriptor & 0xffff_ffff)).unwrap_or_default();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let appends = field("flags:").and_then(|flags| u64::from_str_radix(flags, 8).ok());
    if appends.is_some_and(|flags| flags & u64::from(nix::libc::O_APPEND.unsigned_abs()) != 0) {
        return opened(process, descriptor).map_or(0, |(_, found)| found.len());
    }
    field("pos:").and_then(|position| position.parse().ok()).unwrap_or(0)
}
