//! Owner, mode, ACL and extended attributes of a file.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Gid, IFlags, Mode, StatxAttributes, StatxFlags, Uid, XattrFlags};
use rustix::io::Errno;

use crate::sys::fs::PathError;
use crate::sys::seam;

/// The longest list of names and the longest value that Linux knows (`XATTR_LIST_MAX`, `XATTR_SIZE_MAX`).
const LONGEST: usize = 65536;

/// Attributes that belong to the bytes or to their storage, not to the right to use them: a digest of the old content,
/// the file system's compression.
const NOT_CARRIED: [&str; 3] = ["security.ima", "security.evm", "btrfs."];

/// Who owns a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub user: u32,
    /// The group's number.
    pub group: u32,
}

/// What keeps a file from being replaced, whatever its permissions say (chattr(1), `i` and `a`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// It can be neither written nor renamed nor linked.
    pub immutable: bool,
    /// It can only grow.
    pub append_only: bool,
}

/// Who owns what has this name; a symlink is not followed.
pub fn owner(path: &Path) -> Result<Owner, PathError> {
    let found = rustix::fs::lstat(path).map_err(PathError::on("look at", path))?;
    Ok(Owner { user: found.st_uid, group: found.st_gid })
}

/// Gives an open file, named `path` in errors, to `owner`.
///
/// # Errors
/// Only root gives files away; a file that has the owner already is left alone.
pub fn give(file: &File, path: &Path, owner: Owner) -> Result<(), PathError> {
    let found = file.metadata().map_err(PathError::on("look at", path))?;
    if (found.uid(), found.gid()) == (owner.user, owner.group) {
        return Ok(());
    }
    seam::cross("change the owner of a file");
    let given = rustix::fs::fchown(file, Some(Uid::from_raw(owner.user)), Some(Gid::from_raw(owner.group)));
    given.map_err(PathError::on("change the owner of", path))
}

/// Asks a copy-on-write file system to write this empty file in place, as databases want it. One that does not know
/// the flag stays as it is.
pub fn write_in_place(file: &File) {
    if let Ok(flags) = rustix::fs::ioctl_getflags(file) {
        let _ = rustix::fs::ioctl_setflags(file, flags | IFlags::NOCOW);
    }
}

/// Makes the empty file `to` share the blocks of `from`, where the file system can (ioctl_ficlone(2)): that takes as long
/// for a large file as for a small one, and each is changed without the other. Tells whether it could; `to` is still empty
/// where it could not.
pub fn share_blocks(from: &File, to: &File) -> bool {
    if rustix::fs::ioctl_ficlone(to, from).is_ok() {
        return true;
    }
    // Of two files of btrfs that share blocks both are written in place, or neither.
    let Ok(flags) = rustix::fs::ioctl_getflags(to) else { return false };
    if !flags.contains(IFlags::NOCOW) || rustix::fs::ioctl_setflags(to, flags - IFlags::NOCOW).is_err() {
        return false;
    }
    let shared = rustix::fs::ioctl_ficlone(to, from).is_ok();
    if !shared {
        let _ = rustix::fs::ioctl_setflags(to, flags);
    }
    shared
}

/// Copies bytes of `from`, which begin at `at`, to where `to` stands, within the kernel (copy_file_range(2)): they take no way
/// through this process. Tells how many; none where it cannot, or did not, and then `to` stands where it stood.
pub fn copy_within_kernel(from: &File, at: u64, to: &File, bytes: usize) -> Option<usize> {
    let mut at = at;
    rustix::fs::copy_file_range(from, Some(&mut at), to, None, bytes).ok().filter(|copied| *copied > 0)
}

/// The flags of what has this name. The file is not opened.
pub fn flags(path: &Path) -> Result<Flags, PathError> {
    let found = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS);
    let attributes = found.map_err(PathError::on("look at", path))?.stx_attributes;
    Ok(Flags {
        immutable: attributes.contains(StatxAttributes::IMMUTABLE),
        append_only: attributes.contains(StatxAttributes::APPEND),
    })
}

/// Makes owner, group, mode, ACL and extended attributes of `to`, named `path` in errors, those of `from`.
///
/// An attribute that the file system does not know counts as not set.
pub fn carry(from: &File, to: &File, path: &Path) -> Result<(), PathError> {
    let look = |file: &File| file.metadata().map_err(PathError::on("look at", path));
    let source = look(from)?;
    give(to, path, Owner { user: source.uid(), group: source.gid() })?;

    seam::cross("set the attributes of a file");
    let wanted = attributes(from).map_err(PathError::on("read the attributes for", path))?;
    let present = attributes(to).map_err(PathError::on("read the attributes of", path))?;
    for (name, _) in &present {
        // An ACL that the directory handed down would otherwise widen the mode.
        if !wanted.iter().any(|(other, _)| other == name) {
            accept_unknown(rustix::fs::fremovexattr(to, name.as_c_str()))
                .map_err(PathError::on("remove an attribute of", path))?;
        }
    }
    let mode = Mode::from_raw_mode(source.permissions().mode() & 0o7777);
    rustix::fs::fchmod(to, mode).map_err(PathError::on("change the mode of", path))?;
    // After the mode: an ACL holds the group's share of it.
    for attribute in wanted.iter().filter(|attribute| !present.contains(attribute)) {
        let (name, value) = attribute;
        let set = rustix::fs::fsetxattr(to, name.as_c_str(), value, XattrFlags::empty());
        accept_unknown(set).map_err(PathError::on("set an attribute of", path))?;
    }
    Ok(())
}

fn attributes(file: &File) -> io::Result<Vec<(CString, Vec<u8>)>> {
    let mut buffer = vec![0_u8; LONGEST];
    let length = match rustix::fs::flistxattr(file, &mut buffer[..]) {
        Ok(length) => length,
        Err(Errno::NOTSUP) => 0,
        Err(error) => return Err(error.into()),
    };
    let listed = buffer.get(..length).unwrap_or_default().to_vec();
    let mut found = Vec::new();
    for name in listed.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        if NOT_CARRIED.iter().any(|prefix| name.starts_with(prefix.as_bytes())) {
            continue;
        }
        let name = CString::new(name)?;
        match rustix::fs::fgetxattr(file, name.as_c_str(), &mut buffer[..]) {
            Ok(length) => found.push((name, buffer.get(..length).unwrap_or_default().to_vec())),
            Err(Errno::NODATA | Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

fn accept_unknown(result: rustix::io::Result<()>) -> rustix::io::Result<()> {
    match result {
        Err(Errno::NOTSUP | Errno::NODATA) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_files() -> (tempfile::NamedTempFile, tempfile::NamedTempFile) {
        // Beside the build: not every temporary directory knows extended attributes.
        let directory = env!("CARGO_MANIFEST_DIR").to_owned() + "/target";
        (tempfile::NamedTempFile::new_in(&directory).unwrap(), tempfile::NamedTempFile::new_in(&directory).unwrap())
    }

    #[test]
    fn what_is_copied_within_the_kernel_comes_to_where_the_file_stands_or_nothing_does() {
        use std::io::Write as _;
        let (mut from, mut to) = two_files();
        from.write_all(b"0123456789").unwrap();
        to.write_all(b"ab").unwrap();
        let copied = copy_within_kernel(from.as_file(), 4, to.as_file(), 3);
        assert_eq!(copy_within_kernel(from.as_file(), 10, to.as_file(), 3), None, "there is nothing more");
        to.write_all(b"|").unwrap();
        let expected = if copied.is_some() { "ab456|" } else { "ab|" };
        let found = crate::sys::fs::read_if_there(to.path()).unwrap().unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), expected);
    }

    // FM-21, FM-40
    #[test]
    fn mode_and_attributes_go_over_and_foreign_ones_go_away() {
        let (from, to) = two_files();
        rustix::fs::fchmod(from.as_file(), Mode::from_raw_mode(0o640)).unwrap();
        let set = |file: &File, name: &str| rustix::fs::fsetxattr(file, name, b"value", XattrFlags::empty());
        set(from.as_file(), "user.kept").unwrap();
        set(to.as_file(), "user.foreign").unwrap();

        carry(from.as_file(), to.as_file(), to.path()).unwrap();
        carry(from.as_file(), to.as_file(), to.path()).unwrap();

        assert_eq!(to.as_file().metadata().unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(attributes(to.as_file()).unwrap(), attributes(from.as_file()).unwrap());
        assert_eq!(attributes(to.as_file()).unwrap()[0].1, b"value");
    }

    /// FM-21: whoever restores as root must not keep the database for root.
    #[test]
    fn the_owner_goes_over() {
        let (from, to) = two_files();
        let wanted = Owner { user: 1234, group: 2345 };
        if !rustix::process::geteuid().is_root() {
            let error = give(from.as_file(), from.path(), wanted).unwrap_err();
            assert_eq!(error.source.kind(), io::ErrorKind::PermissionDenied);
            return;
        }
        give(from.as_file(), from.path(), wanted).unwrap();
        carry(from.as_file(), to.as_file(), to.path()).unwrap();
        assert_eq!(owner(to.path()).unwrap(), wanted);
    }

    /// One user (0x400 = everybody else's entry) may read: version 2, entries of tag, permission and number.
    #[test]
    fn an_acl_goes_over_together_with_its_mode() {
        let (from, to) = two_files();
        let entry = |tag: u16, permission: u16, id: u32| {
            [&tag.to_le_bytes()[..], &permission.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        let none = u32::MAX;
        let acl = [
            2_u32.to_le_bytes().to_vec(),
            entry(0x01, 6, none),
            entry(0x02, 4, 1234),
            entry(0x04, 0, none),
            entry(0x10, 4, none),
            entry(0x20, 0, none),
        ]
        .concat();
        let name = "system.posix_acl_access";
        if rustix::fs::fsetxattr(from.as_file(), name, &acl, XattrFlags::empty()) == Err(Errno::NOTSUP) {
            return;
        }
        carry(from.as_file(), to.as_file(), to.path()).unwrap();
        assert_eq!(attributes(to.as_file()).unwrap(), attributes(from.as_file()).unwrap());
        assert_eq!(to.as_file().metadata().unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn an_ordinary_file_has_no_flags() {
        let (file, _) = two_files();
        write_in_place(file.as_file());
        assert_eq!(flags(file.path()).unwrap(), Flags::default());
    }
}
