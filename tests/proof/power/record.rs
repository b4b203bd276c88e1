//! From system calls to what they did, in the words of the model.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use nix::unistd::Pid;

use super::model::change::{Change, Node, Place};
use super::model::rebuild::{Numbers, kind};
use crate::tracer::{Seen, Witness};

/// Writes down what an operation does. Shared memory of SQLite's is passed over: it has no content that outlives its
/// users.
pub struct Recorder {
    numbers: Numbers,
    next: Node,
    /// What a call is about to change, seen before it does.
    about: HashMap<Pid, (Seen, Before)>,
    pub changes: Vec<Change>,
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
    pub fn new(numbers: Numbers) -> Self {
        let next = Node::try_from(numbers.len()).unwrap();
        Self { numbers, next, about: HashMap::new(), changes: Vec::new(), unknown: BTreeSet::new() }
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

    fn say(&mut self, call: &Seen, why: &str) {
        self.unknown.insert(format!("{} on `{}`: {why}", call.call, call.path.display()));
    }

    fn write(&mut self, call: &Seen, descriptor: u64, offset: u64, length: u64) {
        let Some((file, found)) = opened(call.process, descriptor) else { return self.say(call, "it cannot be read") };
        let Some(node) = self.node(&found) else { return self.say(call, "it was never made") };
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        match file.read_exact_at(&mut bytes, offset) {
            Ok(()) => self.changes.push(Change::Write { node, offset, bytes }),
            Err(error) => self.say(call, &error.to_string()),
        }
    }

    fn resize(&mut self, call: &Seen, descriptor: u64) {
        let Some((_, found)) = opened(call.process, descriptor) else { return self.say(call, "it cannot be read") };
        match self.node(&found) {
            Some(node) => self.changes.push(Change::Resize { node, length: found.len() }),
            None => self.say(call, "it was never made"),
        }
    }

    fn sync(&mut self, call: &Seen) {
        match opened(call.process, call.arguments[0]).and_then(|(_, found)| self.node(&found)) {
            Some(node) => self.changes.push(Change::Sync { node }),
            None => self.say(call, "it was never made"),
        }
    }

    fn happened(&mut self, call: &Seen, before: Before, result: u64) {
        let (a, path) = (&call.arguments, &call.path);
        match call.call {
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
                let node =
                    call.to.as_ref().and_then(|to| fs::symlink_metadata(to).ok()).and_then(|found| self.node(&found));
                match (before.other, node) {
                    (Some(at), Some(node)) => self.changes.push(Change::Link { at, node }),
                    _ => self.say(call, "from outside"),
                }
            }
            "rename" | "renameat" | "renameat2" => match (before.place, before.other) {
                (Some(from), Some(to)) if call.call != "renameat2" || a[4] == 0 || a[4] == 1 => {
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

impl Witness for Recorder {
    fn before(&mut self, call: &Seen) {
        if call.path.as_os_str().as_encoded_bytes().ends_with(b"-shm") && writes(call) {
            return;
        }
        let descriptor = if call.call == "copy_file_range" { call.arguments[2] } else { call.arguments[0] };
        let before = Before {
            there: fs::symlink_metadata(&call.path).is_ok(),
            place: self.place(&call.path),
            other: call.to.as_ref().and_then(|to| self.place(to)),
            position: position(call, descriptor),
        };
        self.about.insert(call.process, (call.clone(), before));
    }

    fn after(&mut self, process: Pid, answer: i64) {
        if let (Some((call, before)), Ok(result)) = (self.about.remove(&process), u64::try_from(answer)) {
            self.happened(&call, before, result);
        }
    }
}

fn writes(call: &Seen) -> bool {
    ["write", "pwrite64", "ftruncate", "fallocate"].contains(&call.call)
}

fn empties(call: &Seen) -> bool {
    let flags = if call.call == "open" { call.arguments[1] } else { call.arguments[2] };
    call.call == "creat" || flags & u64::from(nix::libc::O_TRUNC.unsigned_abs()) != 0
}

/// A file as another process has it open, to be read.
fn opened(process: Pid, descriptor: u64) -> Option<(File, Metadata)> {
    let file = File::open(format!("/proc/{process}/fd/{}", descriptor & 0xffff_ffff)).ok()?;
    let found = file.metadata().ok()?;
    Some((file, found))
}

/// Where the next write of a descriptor goes.
fn position(call: &Seen, descriptor: u64) -> u64 {
    if !["write", "writev", "copy_file_range", "sendfile"].contains(&call.call) {
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
