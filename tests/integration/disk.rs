//! File systems of a test's own, for as long as it needs them: full, read-only, of another kind.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own, until it is dropped.
pub struct Disk(PathBuf, Kind);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Memory,
    /// In a file, by a program of its own.
    Made,
}

/// More than a service writes between a look at the disk and the limit.
const SLACK: u64 = 16 << 20;
const SLACK_OF_NAMES: u64 = 64;

impl Disk {
    /// Nothing where this user may not mount.
    pub fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        Self::mount_with(at, &format!("size={megabytes}m"))
    }

    /// The same with options of tmpfs(5).
    pub fn mount_with(at: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        // By itself everybody may write to one.
        let options = format!("mode=755,{options}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(at).output();
        if done.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned(), Kind::Memory));
        }
        let _ = writeln!(std::io::stderr(), "skipped: this user may not mount a file system");
        None
    }

    /// One of another kind, in a file in memory: ext4.
    pub fn ext4(at: &Path, megabytes: u64) -> Option<Self> {
        let disk = Self::made(at, megabytes, &["mkfs.ext4", "-q", "-F", "-m", "0"])?;
        let _ = std::fs::remove_dir(at.join("lost+found"));
        Some(disk)
    }

    /// One on which files can share blocks: `btrfs` or `xfs`.
    pub fn sharing(at: &Path, kind: &str) -> Option<Self> {
        match kind {
            "xfs" => Self::made(at, 512, &["mkfs.xfs", "-q", "-f", "-m", "reflink=1"]),
            _ => Self::made(at, 512, &["mkfs.btrfs", "-q", "-f"]),
        }
    }

    fn made(at: &Path, megabytes: u64, make: &[&str]) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let image = tempfile::NamedTempFile::new_in("/dev/shm").unwrap();
        image.as_file().set_len(megabytes << 20).unwrap();
        let made = Command::new(make[0]).args(&make[1..]).arg(image.path()).status();
        let script =
            "loop=$(losetup -f --show \"$1\") && mount \"$loop\" \"$2\"; code=$?; losetup -d \"$loop\"; exit $code";
        let mounted = || Command::new("sh").args(["-c", script, "sh"]).arg(image.path()).arg(at).output();
        if made.is_ok_and(|status| status.success()) && mounted().is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned(), Kind::Made));
        }
        let _ = writeln!(std::io::stderr(), "skipped: this user may not mount a file system made by {}", make[0]);
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves less than three megabytes.
    pub fn fill(&self) {
        self.fill_up_to(3 << 20);
    }

    /// Takes everything but so many bytes, in a file of somebody else.
    fn fill_up_to(&self, bytes: u64) {
        let free = rustix::fs::statvfs(&self.0).map(|space| space.f_bavail * space.f_frsize).unwrap();
        let filler = std::fs::File::create(self.0.join("filler")).unwrap();
        let (mut taken, mut step) = (0, free.saturating_sub(bytes));
        // What a file system needs for itself cannot be told beforehand.
        while step >= 4096 {
            let done = rustix::fs::fallocate(&filler, rustix::fs::FallocateFlags::empty(), taken, step);
            if done.is_ok() {
                taken += step;
            }
            step = if bytes == 0 || done.is_err() { step / 2 } else { 0 };
        }
    }

    pub fn empty(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }

    pub fn remount(&self, how: &str) -> bool {
        // With both names given nobody looks through the list of mounts, which other tests change meanwhile.
        let words = ["-n", "-t", "tmpfs", "-o", &format!("remount,{how}"), "none"];
        let done = Command::new("mount").args(words).arg(&self.0).status();
        done.is_ok_and(|status| status.success())
    }

    /// From now on there is room for so many bytes more. Zero would be without a limit.
    ///
    /// A limit below what is used is not taken, and the service may write between the look and the limit. So that one is
    /// loose, and the rest of the room is taken by a file, as the kernel gives it.
    pub fn leave(&self, bytes: u64) {
        if self.1 == Kind::Memory {
            let found = rustix::fs::statvfs(&self.0).unwrap();
            let used = (found.f_blocks - found.f_bfree) * found.f_frsize;
            assert!(self.remount(&format!("size={}", used + bytes + SLACK)));
        }
        self.fill_up_to(bytes);
    }

    /// From now on there is room for so many names more; as for the bytes.
    pub fn leave_names(&self, count: u64) {
        let found = rustix::fs::statvfs(&self.0).unwrap();
        assert!(self.remount(&format!("nr_inodes={}", found.f_files - found.f_ffree + count + SLACK_OF_NAMES)));
        let names = self.0.join("names");
        std::fs::create_dir(&names).unwrap();
        let made = (0..).find(|number| std::fs::File::create_new(names.join(number.to_string())).is_err()).unwrap();
        for number in 0..count {
            std::fs::remove_file(names.join((made - 1 - number).to_string())).unwrap();
        }
    }

    /// There is room enough again.
    pub fn grow(&self) {
        let _ = std::fs::remove_file(self.0.join("filler"));
        let _ = std::fs::remove_dir_all(self.0.join("names"));
        if self.1 == Kind::Memory {
            assert!(self.remount("size=2g,nr_inodes=1000000"));
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
