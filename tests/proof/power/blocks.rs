//! What a file system sends to its disk: every write and every flush, in their order.
//!
//! The loop device of a file system lies on a file that this process serves itself (fuse(4)), so it sees what a disk
//! would see. Between two flushes a disk may write in any order, and whatever it likes.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, INodeNo, LockOwner,
    OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::crashes::Told;

/// A disk that remembers what it was told. Dropped, it is gone.
#[derive(Debug)]
pub struct Disk {
    told: Arc<Mutex<Vec<Told>>>,
    session: BackgroundSession,
}

impl Disk {
    /// Serves the content of `image` at the file `at`.
    pub fn serve(image: &Path, at: &Path) -> Self {
        File::create(at).unwrap();
        let image = File::options().read(true).write(true).open(image).unwrap();
        let size = image.metadata().unwrap().len();
        let told = Arc::new(Mutex::new(Vec::new()));
        let served = Served { image, size, told: Arc::clone(&told) };
        let session = fuser::spawn_mount(served, at, &Config::default()).unwrap();
        Self { told, session }
    }

    /// Marks this moment.
    pub fn mark(&self) {
        self.told.lock().unwrap().push(Told::Mark);
    }

    /// Takes the disk out: all that it was told.
    pub fn take_out(self) -> Vec<Told> {
        self.session.umount_and_join().unwrap();
        Arc::into_inner(self.told).unwrap().into_inner().unwrap()
    }
}

#[derive(Debug)]
struct Served {
    image: File,
    size: u64,
    told: Arc<Mutex<Vec<Told>>>,
}

const FOR_EVER: Duration = Duration::from_secs(1 << 30);

impl Served {
    fn attributes(&self) -> FileAttr {
        FileAttr {
            ino: INodeNo::ROOT,
            size: self.size,
            blocks: self.size / 512,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: FileType::RegularFile,
            perm: 0o600,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

/// The file is the root of what is mounted, so there are no names. A trim is answered as not supported.
impl Filesystem for Served {
    fn getattr(&self, _: &Request, _: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&FOR_EVER, &self.attributes());
    }

    fn setattr(
        &self,
        _: &Request,
        _: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        reply.attr(&FOR_EVER, &self.attributes());
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut bytes = vec![0; size as usize];
        match self.image.read_at(&mut bytes, offset) {
            Ok(length) => reply.data(&bytes[..length]),
            Err(_) => reply.error(Errno::EIO),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        if self.image.write_all_at(data, offset).is_err() {
            return reply.error(Errno::EIO);
        }
        self.told.lock().unwrap().push(Told::Write { offset, bytes: data.to_owned() });
        reply.written(u32::try_from(data.len()).unwrap());
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.told.lock().unwrap().push(Told::Flush);
        reply.ok();
    }
}
