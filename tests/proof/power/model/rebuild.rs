//! Between a directory tree and the model of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::change::{Change, Kind, Node, Place};
use super::choice::Left;
use super::disk::Disk;

/// What a number of stat(2) stands for, now.
pub type Numbers = BTreeMap<u64, Node>;

/// The tree as it is, all of it durable.
pub fn scan(root: &Path) -> (Disk, Numbers) {
    let found = fs::symlink_metadata(root).unwrap();
    let mut disk = Disk::new(0, found.permissions().mode() & 0o7777);
    let mut numbers = Numbers::from([(found.ino(), 0)]);
    scan_directory(root, 0, &mut disk, &mut numbers);
    disk.happen(&Change::SyncAll);
    (disk, numbers)
}

fn scan_directory(path: &Path, directory: Node, disk: &mut Disk, numbers: &mut Numbers) {
    for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
        let found = entry.metadata().unwrap();
        let at = Place { directory, name: entry.file_name() };
        if let Some(node) = numbers.get(&found.ino()) {
            disk.happen(&Change::Link { at, node: *node });
            continue;
        }
        let node = Node::try_from(numbers.len()).unwrap();
        numbers.insert(found.ino(), node);
        let mode = found.permissions().mode() & 0o7777;
        let path = entry.path();
        let kind = kind(&path, &found);
        disk.happen(&Change::Make { at, node, kind: kind.clone(), mode });
        match kind {
            Kind::Directory => scan_directory(&path, node, disk, numbers),
            Kind::File => disk.happen(&Change::Write { node, offset: 0, bytes: fs::read(&path).unwrap() }),
            Kind::Symlink(_) => {}
        }
    }
}

/// What is there; a pipe or a socket is taken for a file, and nothing of this product's is one.
pub fn kind(path: &Path, found: &fs::Metadata) -> Kind {
    if found.is_dir() {
        Kind::Directory
    } else if found.is_symlink() {
        Kind::Symlink(fs::read_link(path).unwrap().into_os_string())
    } else {
        Kind::File
    }
}

/// Makes the directory what a power cut left of it.
pub fn rebuild(left: &Left, disk: &Disk, root: &Path) {
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let mut made = BTreeMap::new();
    build(left, disk, disk.root, root, &mut made);
}

fn build(left: &Left, disk: &Disk, directory: Node, path: &Path, made: &mut BTreeMap<Node, PathBuf>) {
    for (name, node) in &left.names[&directory] {
        let at = path.join(name);
        let inode = &disk.nodes[node];
        if let Some(other) = made.get(node) {
            fs::hard_link(other, at).unwrap();
            continue;
        }
        match &inode.kind {
            Kind::Directory => {
                fs::create_dir(&at).unwrap();
                build(left, disk, *node, &at, made);
            }
            Kind::Symlink(target) => symlink(target, &at).unwrap(),
            Kind::File => fs::write(&at, &left.content[node]).unwrap(),
        }
        if !matches!(inode.kind, Kind::Symlink(_)) {
            fs::set_permissions(&at, fs::Permissions::from_mode(inode.mode)).unwrap();
        }
        made.insert(*node, at);
    }
}

/// In what the tree is not what the model says, as far as it says anything: a shared memory file of SQLite's has no
/// content that outlives its users.
pub fn differences(left: &Left, disk: &Disk, root: &Path) -> Vec<String> {
    let (real, numbers) = scan(root);
    let real_left = Left::most(&real);
    let mut found = Vec::new();
    let mut pairs = vec![(disk.root, 0, root.to_owned())];
    let _ = numbers;
    while let Some((model, there, path)) = pairs.pop() {
        let (expected, seen) = (&left.names[&model], &real_left.names[&there]);
        for name in expected.keys().chain(seen.keys().filter(|name| !expected.contains_key(*name))) {
            let at = path.join(name);
            let (Some(one), Some(other)) = (expected.get(name), seen.get(name)) else {
                let missing = if seen.contains_key(name) { "the model" } else { "the tree" };
                found.push(format!("`{}` is not in {missing}", at.display()));
                continue;
            };
            let (model, tree) = (&disk.nodes[one], &real.nodes[other]);
            if (&model.kind, model.mode) != (&tree.kind, tree.mode) {
                found.push(format!("`{}`: {:?} {:o} in the model", at.display(), model.kind, model.mode));
            } else if model.kind == Kind::Directory {
                pairs.push((*one, *other, at));
            } else if left.content[one] != real_left.content[other] && !name.as_encoded_bytes().ends_with(b"-shm") {
                let (one, other) = (left.content[one].len(), real_left.content[other].len());
                found.push(format!("`{}`: {one} bytes in the model, {other} in the tree", at.display()));
            }
        }
    }
    found
}
