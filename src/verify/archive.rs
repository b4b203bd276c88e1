//! The entries of a tar archive (POSIX.1-2001 `pax`, and GNU's long names): those kinds that a release needs, and an
//! error for everything else. Nothing is taken into memory but one header and what carries a long name.

use tar::Header;

use crate::verify::names::show;
use crate::verify::stream::{Filled, Stream};
use crate::verify::unpack::Fault;

const BLOCK: usize = 512;
/// A name of 1,024 bytes and what else an entry's extended header may say of it.
const CARRIER: u64 = 64 * 1024;
/// The end of an archive is filled up with zeros, to 10 KiB as a rule.
const FILLING: u64 = 1024 * 1024;

/// The entries of an archive, one after the other.
pub(super) struct Archive {
    stream: Stream,
    /// Bytes of the present file that were not read yet.
    left: u64,
    /// Zeros after it, up to a whole block.
    padding: usize,
}

/// One entry; a file's bytes follow by `read`, all of which must be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file, with its mode here.
    File {
        size: u64,
        mode: u32,
    },
    Directory,
    /// A symlink, and where it leads.
    Link(Vec<u8>),
}

/// What the entries before an entry say of its names.
#[derive(Default)]
struct Carried {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
}

impl Archive {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, left: 0, padding: 0 }
    }

    /// The bytes of the file that were read.
    pub(super) fn consumed(&self) -> u64 {
        self.stream.consumed()
    }

    /// The next entry, or nothing after the mark of the end.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Fault> {
        let mut carried = Carried::default();
        while let Some(header) = self.header()? {
            let size = header.entry_size().map_err(|_| Fault::Header("its size is no number"))?;
            match header.entry_type().as_byte() {
                b'L' => once(&mut carried.name, without_end(self.carrier(size)?))?,
                b'K' => once(&mut carried.target, without_end(self.carrier(size)?))?,
                b'x' => carried.extend(&self.carrier(size)?)?,
                _ => return self.entry(&header, size, carried).map(Some),
            }
        }
        if carried.name.is_some() || carried.target.is_some() { Err(Fault::Truncated) } else { Ok(None) }
    }

    /// Some of the bytes of the present file, in `buffer`; none at its end.
    pub(super) fn read<'b>(&mut self, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.stream.read(buffer.get_mut(..most).unwrap_or_default())?;
        if count == 0 {
            return Err(Fault::Truncated);
        }
        self.left -= count as u64;
        Ok(buffer.get(..count))
    }

    /// Requires that nothing but zeros follows.
    pub(super) fn finish(mut self) -> Result<Stream, Fault> {
        let (mut block, mut filling) = ([0; BLOCK], 0);
        loop {
            let count = self.stream.read(&mut block)?;
            filling += count as u64;
            match block.get(..count) {
                None | Some([]) => return Ok(self.stream),
                Some(zeros) if filling <= FILLING && zeros.iter().all(|byte| *byte == 0) => {}
                Some(_) => return Err(Fault::Trailing),
            }
        }
    }

    fn header(&mut self) -> Result<Option<Header>, Fault> {
        if self.left > 0 {
            return Err(Fault::Header("the entry before it was not read to its end"));
        }
        let mut padding = [0; BLOCK];
        let padding = padding.get_mut(..std::mem::take(&mut self.padding)).unwrap_or_default();
        if !padding.is_empty() {
            self.fill(padding)?;
        }
        let mut header = Header::new_old();
        self.fill(header.as_mut_bytes())?;
        if is_zero(&header) {
            // One alone would be a hole, and what follows it would be dropped in silence.
            self.fill(header.as_mut_bytes())?;
            return if is_zero(&header) { Ok(None) } else { Err(Fault::Trailing) };
        }
        let sum = header.cksum().map_err(|_| Fault::Header("its checksum is no number"))?;
        if sum == checksum(&header) { Ok(Some(header)) } else { Err(Fault::Header("its checksum is wrong")) }
    }

    fn entry(&mut self, header: &Header, size: u64, carried: Carried) -> Result<Entry, Fault> {
        let name = carried.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let shown = || show(&name);
        let mode = header.mode().map_err(|_| Fault::Header("its mode is no number"))?;
        if mode & 0o7000 != 0 {
            return Err(Fault::Mode { name: shown(), mode });
        }
        let kind = match header.entry_type().as_byte() {
            b'0' | 0 if name.ends_with(b"/") => {
                return Err(Fault::Kind { name: shown(), kind: "a file called a directory".into() });
            }
            b'0' | 0 => Kind::File { size, mode: if mode & 0o100 == 0 { 0o644 } else { 0o755 } },
            b'5' if size == 0 => Kind::Directory,
            b'2' if size == 0 => {
                let target = carried.target.or_else(|| header.link_name_bytes().map(|target| target.into_owned()));
                Kind::Link(target.unwrap_or_default())
            }
            other => return Err(Fault::Kind { name: shown(), kind: describe(other) }),
        };
        if let Kind::File { size, .. } = kind {
            self.expect(size);
        }
        Ok(Entry { name, kind })
    }

    fn carrier(&mut self, size: u64) -> Result<Vec<u8>, Fault> {
        if size > CARRIER {
            return Err(Fault::Limit { what: "bytes of an entry's extended header", limit: CARRIER });
        }
        self.expect(size);
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        self.fill(&mut bytes)?;
        self.left = 0;
        Ok(bytes)
    }

    fn expect(&mut self, size: u64) {
        self.left = size;
        self.padding = usize::try_from(size.wrapping_neg() % BLOCK as u64).unwrap_or_default();
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), Fault> {
        match self.stream.read_exact(into)? {
            Filled::Wholly => Ok(()),
            Filled::Not => Err(Fault::Truncated),
        }
    }
}

impl Carried {
    /// Takes the names out of an extended header: records of `LENGTH KEY=VALUE\n`, the length being that of all of it.
    fn extend(&mut self, mut records: &[u8]) -> Result<(), Fault> {
        const WRONG: Fault = Fault::Header("its extended header cannot be read");
        while !records.is_empty() {
            let digits = records.iter().position(|byte| *byte == b' ').ok_or(WRONG)?;
            let length = records.get(..digits).and_then(|text| str::from_utf8(text).ok()?.parse::<usize>().ok());
            let (record, rest) = length.and_then(|length| records.split_at_checked(length)).ok_or(WRONG)?;
            let record = record.get(digits + 1..).and_then(|record| record.strip_suffix(b"\n")).ok_or(WRONG)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(WRONG)?;
            let (key, value) = record.split_at_checked(equals).ok_or(WRONG)?;
            let value = value.get(1..).unwrap_or_default().to_vec();
            match key {
                b"path" => once(&mut self.name, value)?,
                b"linkpath" => once(&mut self.target, value)?,
                b"atime" | b"comment" | b"ctime" | b"gid" | b"gname" | b"mtime" | b"uid" | b"uname" => {}
                // `size` and GNU's sparse files would change where the next entry begins.
                other => return Err(Fault::Extension(show(other))),
            }
            records = rest;
        }
        Ok(())
    }
}

fn once(place: &mut Option<Vec<u8>>, name: Vec<u8>) -> Result<(), Fault> {
    match place.replace(name) {
        None => Ok(()),
        Some(_) => Err(Fault::Header("it has two names")),
    }
}

/// GNU ends its long names with a zero byte.
fn without_end(mut name: Vec<u8>) -> Vec<u8> {
    if name.last() == Some(&0) {
        name.pop();
    }
    name
}

fn is_zero(header: &Header) -> bool {
    header.as_bytes().iter().all(|byte| *byte == 0)
}

/// The sum of all bytes, those of the sum itself counted as spaces.
fn checksum(header: &Header) -> u32 {
    let bytes = header.as_bytes().iter().enumerate();
    bytes.map(|(at, byte)| if (148..156).contains(&at) { u32::from(b' ') } else { u32::from(*byte) }).sum()
}

fn describe(kind: u8) -> String {
    match kind {
        b'1' => "a hard link",
        b'2' => "a symlink with a content",
        b'3' => "a character device",
        b'4' => "a block device",
        b'5' => "a directory with a content",
        b'6' => "a pipe",
        b'g' => "a header for all entries",
        b'S' => "a sparse file",
        other => return format!("of the kind `{}`", char::from(other).escape_debug()),
    }
    .to_owned()
}
