//! What kind of file system a path is on, and whether files can be exchanged there.

#![allow(clippy::disallowed_methods, reason = "reads /proc, which has nothing to make durable")]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};
use rustix::io::Errno;

use crate::sys::dir::Dir;
use crate::sys::fs::PathError;

/// Numbers of network file systems (statfs(2), `linux/magic.h`): their locks and their atomicity are not to be relied on.
const NETWORK: [(u64, &str); 11] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x0102_1997, "9p"),
    (0x00C3_6400, "Ceph"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x0BD0_0BD0, "Lustre"),
    (0x786F_4256, "vboxsf"),
];
const FUSE: u64 = 0x6573_5546;
/// FUSE has one number for all; the name of the mount's type tells those that go over the network.
const NETWORK_FUSE: [&str; 9] = [
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.glusterfs",
    "fuse.ceph-fuse",
    "fuse.juicefs",
    "fuse.davfs",
    "fuse.gcsfuse",
    "fuse.curlftpfs",
];

/// Where a file system keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On this machine.
    Local,
    /// On another one; the name of the protocol.
    Network(String),
}

/// Which kind of file system holds `path`.
pub fn kind(path: &Path) -> Result<Kind, PathError> {
    let found = rustix::fs::statfs(path).map_err(PathError::on("ask for the file system of", path))?;
    // The type is signed on some architectures, and 32 bits wide on some.
    let number = found.f_type as u64 & 0xFFFF_FFFF;
    if number == FUSE {
        let name = mounts()?.into_iter().rev().find(|mount| path.starts_with(&mount.point)).map(|mount| mount.kind);
        let name = name.unwrap_or_default();
        return Ok(if NETWORK_FUSE.contains(&name.as_str()) { Kind::Network(name) } else { Kind::Local });
    }
    let network = NETWORK.iter().find(|(magic, _)| *magic == number);
    Ok(network.map_or(Kind::Local, |(_, name)| Kind::Network((*name).to_owned())))
}

/// Whether something is mounted on this very path, so that it cannot be renamed over. A symlink is not followed.
pub fn is_mount_point(path: &Path) -> Result<bool, PathError> {
    let found = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS);
    let found = found.map_err(PathError::on("look at", path))?;
    if found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT));
    }
    // Kernels before 5.8 do not say.
    Ok(mounts()?.iter().any(|mount| mount.point == path))
}

/// Whether the file system of `directory` knows hard links; tries it, and leaves nothing behind.
pub fn has_hard_links(directory: &Dir) -> Result<bool, PathError> {
    let (name, link) = ("scratch-link-from", "scratch-link-to");
    directory.unlink(link)?;
    directory.unlink(name)?;
    drop(directory.create_file(name)?);
    let linked = directory.link(name, directory, link);
    directory.unlink(link)?;
    directory.unlink(name)?;
    match linked {
        Ok(()) => Ok(true),
        Err(error) => match error.source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => Ok(false),
            _ => Err(error),
        },
    }
}

/// Something that is mounted.
pub(crate) struct Mount {
    point: std::path::PathBuf,
    kind: String,
}

/// The lines of `/proc/self/mountinfo` (proc(5)): the fifth field is the mount point, the type follows a lone dash.
fn mounts() -> Result<Vec<Mount>, PathError> {
    let path = Path::new("/proc/self/mountinfo");
    let bytes = fs::read(path).map_err(PathError::on("read", path))?;
    Ok(bytes.split(|byte| *byte == b'\n').filter_map(mount).collect())
}

/// One line of `mountinfo`.
pub(crate) fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let point = unescape(fields.nth(4)?);
    fields.find(|field| *field == b"-")?;
    let kind = String::from_utf8_lossy(fields.next()?).into_owned();
    Some(Mount { point: std::ffi::OsStr::from_bytes(&point).into(), kind })
}

/// Blanks and backslashes in a mount point stand as three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = (byte == b'\\').then(|| after.get(..3)).flatten();
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FM-35: a mount point cannot be renamed over.
    #[test]
    fn a_mount_point_is_told_from_an_ordinary_directory() {
        assert!(is_mount_point(Path::new("/proc")).unwrap());
        assert!(!is_mount_point(tempfile::tempdir().unwrap().path()).unwrap());
    }

    #[test]
    fn an_ordinary_directory_is_local_and_has_hard_links() {
        let directory = tempfile::tempdir().unwrap();
        let opened = Dir::open(directory.path()).unwrap();
        assert_eq!(kind(directory.path()).unwrap(), Kind::Local);
        assert!(has_hard_links(&opened).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_mount_line_is_read_with_its_blanks() {
        let line = br"36 35 98:0 /mnt1 /mnt/a\040b\134 rw,noatime master:1 - fuse.sshfs host:/ rw";
        let found = mount(line).unwrap();
        assert_eq!((found.point.to_str(), found.kind.as_str()), (Some(r"/mnt/a b\"), "fuse.sshfs"));
    }
}
