//! Copies of a tree that a recovery cannot tell from it: two names of one file stay two names of one file.

use std::collections::HashMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Copies whatever is there; nothing where nothing is. Programs are linked, as they are only read.
pub fn copy(from: &Path, to: &Path) {
    if from.symlink_metadata().is_ok() {
        Copy { made: HashMap::new() }.any(from, to);
    }
}

struct Copy {
    /// The copies of files with several names.
    made: HashMap<u64, PathBuf>,
}

impl Copy {
    fn any(&mut self, from: &Path, to: &Path) {
        let known = from.symlink_metadata().unwrap();
        if known.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(from).unwrap(), to).unwrap();
        } else if known.is_dir() {
            std::fs::create_dir(to).unwrap();
            for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
                self.any(&entry.path(), &to.join(entry.file_name()));
            }
            std::fs::set_permissions(to, known.permissions()).unwrap();
        } else if known.permissions().mode() & 0o111 != 0 {
            std::fs::hard_link(from, to).unwrap();
        } else if let Some(made) = self.made.get(&known.ino()) {
            std::fs::hard_link(made, to).unwrap();
        } else {
            std::fs::copy(from, to).unwrap();
            if known.nlink() > 1 {
                self.made.insert(known.ino(), to.to_owned());
            }
        }
    }
}
