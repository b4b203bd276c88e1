//! Real file systems in image files, on loop devices, and the end of their power.

use std::fmt;
use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The file systems that servers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ext4,
    Xfs,
    Btrfs,
}

/// A file system under a mount option of its own: with none, as a machine mounts it that nobody has tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flavour {
    pub kind: Kind,
    /// Options of mount(8).
    pub options: &'static str,
}

/// As machines are mounted whose owners traded safety for speed, or time for space.
pub const TUNED: [Flavour; 3] = [
    Flavour { kind: Kind::Ext4, options: "data=writeback,noauto_da_alloc" },
    Flavour { kind: Kind::Btrfs, options: "compress=zstd,noatime" },
    Flavour { kind: Kind::Xfs, options: "discard,noatime" },
];

impl Kind {
    pub const ALL: [Self; 3] = [Self::Ext4, Self::Xfs, Self::Btrfs];

    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }

    /// As its maker mounts it.
    pub fn plain(self) -> Flavour {
        Flavour { kind: self, options: "" }
    }

    /// Whether its power can be cut by a call: btrfs has none.
    pub fn goes_down(self) -> bool {
        self != Self::Btrfs
    }

    /// About the smallest one that its maker allows, in MiB.
    fn smallest(self) -> u64 {
        match self {
            Self::Ext4 => 48,
            Self::Xfs => 304,
            Self::Btrfs => 128,
        }
    }

    /// The program that makes it.
    pub fn maker(self) -> &'static str {
        self.make().0
    }

    fn make(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Ext4 => ("mkfs.ext4", &["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"]),
            Self::Xfs => ("mkfs.xfs", &["-q", "-f", "-K"]),
            Self::Btrfs => ("mkfs.btrfs", &["-q", "-f", "-K"]),
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.kind.name(), if self.options.is_empty() { "" } else { " " }, self.options)
    }
}

impl Flavour {
    /// From its display.
    pub fn parse(text: &str) -> Option<Self> {
        Kind::ALL.map(Kind::plain).into_iter().chain(TUNED).find(|flavour| flavour.to_string() == text)
    }

    /// Whether it tells its disk what it has freed. The disk whose writes are recorded does not listen to that.
    pub fn discards(self) -> bool {
        self.options.contains("discard")
    }

    /// Makes an empty file system with room for so many MiB in a new image.
    pub fn make(self, image: &Path, mebibytes: u64) {
        let size = (self.kind.smallest() + 2 * mebibytes) << 20;
        File::create_new(image).unwrap().set_len(size).unwrap();
        let (program, options) = self.kind.make();
        tool(Command::new(program).args(options).arg(image)).unwrap();
    }

    /// Mounts an image, which replays what a power cut left in its journal.
    ///
    /// # Errors
    /// The words of mount(8): the file system could not bring itself back.
    pub fn mount(self, image: &Path, at: &Path) -> Result<Mounted, String> {
        // A device of its own: `mount -o loop` may take one that is still being torn down.
        let device = tool(Command::new("losetup").args(["--find", "--show"]).arg(image))?;
        let device = PathBuf::from(device.trim());
        // Copies of one xfs have one number, and may be mounted at once.
        let extra = if self.kind == Kind::Xfs { ",nouuid" } else { "" };
        let options = format!("rw{extra}{}{}", if self.options.is_empty() { "" } else { "," }, self.options);
        let mounted = tool(Command::new("mount").args(["-t", self.kind.name(), "-o", &options]).arg(&device).arg(at));
        // The mount keeps the device, which goes with it, whatever becomes of this process.
        let detached = tool(Command::new("losetup").arg("--detach").arg(&device));
        mounted?;
        detached?;
        Ok(Mounted { at: at.to_owned(), device, there: true })
    }
}

/// A mounted file system. Dropped, it is unmounted.
#[derive(Debug)]
pub struct Mounted {
    at: PathBuf,
    device: PathBuf,
    there: bool,
}

/// `FS_IOC_SHUTDOWN` of linux/fs.h, the same in ext4 and xfs.
const SHUTDOWN: rustix::ioctl::Opcode = rustix::ioctl::opcode::read::<u32>(b'X', 125);
/// `FS_SHUTDOWN_FLAGS_NOLOGFLUSH`: what is in memory stays there, the journal's end too.
const WITHOUT_FLUSHING_THE_LOG: u32 = 2;

impl Mounted {
    /// Cuts the power: from here on nothing reaches the image.
    #[allow(unsafe_code, reason = "an ioctl that no crate wraps; it reads the number behind the pointer")]
    pub fn cut_power(&self) {
        let root = File::open(&self.at).unwrap();
        let mut flags = WITHOUT_FLUSHING_THE_LOG;
        // SAFETY: the kernel reads one u32 through the pointer and keeps nothing.
        unsafe {
            let call = rustix::ioctl::Updater::<SHUTDOWN, u32>::new(&mut flags);
            rustix::ioctl::ioctl(root.as_fd(), call).unwrap();
        }
        let probe = self.at.join("power-is-cut");
        let written = File::create(&probe).and_then(|file| file.sync_all());
        assert!(written.is_err(), "the power of `{}` was cut, and it takes writes", self.at.display());
    }

    /// Unmounts, and returns when the device is free again.
    pub fn unmount(mut self) {
        self.detach().unwrap();
    }

    fn detach(&mut self) -> Result<(), String> {
        self.there = false;
        let patience = Instant::now() + Duration::from_secs(20);
        // A process that was killed keeps its files for a moment.
        while let Err(words) = tool(Command::new("umount").arg(&self.at)) {
            if Instant::now() > patience {
                let _ = tool(Command::new("umount").arg("--lazy").arg(&self.at));
                return Err(words);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let name = self.device.file_name().unwrap().to_owned();
        while Path::new("/sys/block").join(&name).join("loop/backing_file").exists() {
            if Instant::now() > patience {
                return Err(format!("`{}` is still in use", self.device.display()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if self.there {
            let _ = self.detach();
        }
    }
}

/// Copies an image, its holes as holes.
pub fn copy_image(from: &Path, to: &Path) {
    tool(Command::new("cp").arg("--sparse=always").arg(from).arg(to)).unwrap();
}

/// Runs a tool to its end; what it printed, or what it complained of.
pub fn tool(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}
