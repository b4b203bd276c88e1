//! Files that are wholly the old or wholly the new, also on a full disk.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{NO_LINK, PathError, Result, rename, sibling, sync_parent};
use crate::sys::{room, seam};

/// Makes `bytes` the content of `path`: after a kill or a power cut it is wholly the old or wholly the new one.
///
/// The file that is written first is always a new one: what a kill left under its name, or what somebody planted
/// there, is removed and never written into.
///
/// # Errors
/// Where it fails the old content is untouched.
pub fn write_durable(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let temporary = sibling(path, ".new");
    seam::cross("write a file");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(PathError::on("remove", &temporary)(error));
        }
        _ => {}
    }
    let made = match fill(OpenOptions::new().create_new(true).mode(0o600), &temporary, bytes, mode) {
        // On a full disk it is written into room that was set aside for it.
        Err(error) if room::is_lack(&error.source) && room::take(path, &temporary) => {
            fill(OpenOptions::new().custom_flags(NO_LINK), &temporary, bytes, mode)
        }
        made => made,
    };
    if let Err(error) = made {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    rename(&temporary, path)
}

fn fill(how: &mut OpenOptions, path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut file = how.write(true).open(path).map_err(PathError::on("create", path))?;
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.set_len(bytes.len() as u64))
        .and_then(|()| file.sync_all())
        .map_err(PathError::on("write", path))
}

/// Makes a file that anybody may read, where there is none of that name; durable when it returns.
///
/// # Errors
/// Something of that name is there: it is left alone. Where writing fails, nothing is left.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    seam::cross("make a file");
    let made = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
    let mut file = made.map_err(PathError::on("make", path))?;
    if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        let _ = fs::remove_file(path);
        return Err(PathError::on("write", path)(error));
    }
    sync_parent(path)
}
