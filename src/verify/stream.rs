//! The bytes of a gzip file (RFC 1952): one member and nothing after it. What is read is hashed again, so that what was
//! unpacked is what was verified, even if somebody wrote into the file in between.
//!
//! A thread of its own reads, hashes and inflates ahead of whoever writes the files, by a few chunks; it changes nothing.

use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use flate2::bufread::GzDecoder;

use crate::digest::{Hasher, Sha256};
use crate::sys::fs::PathError;
use crate::verify::unpack::Fault;
use crate::verify::{Limits, VerifiedFile};

/// Inflated bytes at a time, and how many times so many may wait: two MiB.
const CHUNK: usize = 256 * 1024;
const AHEAD: usize = 8;

/// The inflated bytes of a file.
pub(super) struct Stream {
    /// None once nothing more is wanted.
    chunks: Option<Receiver<Chunk>>,
    thread: Option<JoinHandle<()>>,
    present: Vec<u8>,
    /// How much of the present chunk was read.
    at: usize,
    consumed: u64,
    /// How it ended, once it has.
    end: Option<Result<Sha256, Fault>>,
}

/// What the thread hands on.
enum Chunk {
    /// Inflated bytes, and how many of the file were read for them.
    Bytes(Vec<u8>, u64),
    /// Something is wrong behind the bytes before it.
    Wrong(Fault),
    /// Nothing follows; whether that is so of the file too, and its digest.
    End(Result<Sha256, Fault>),
}

impl Stream {
    /// Begins to read.
    pub(super) fn new(file: &VerifiedFile, limits: &Limits) -> Result<Self, Fault> {
        let source = file.file.try_clone().map_err(PathError::on("read", file.path()))?;
        let (sender, chunks) = sync_channel(AHEAD);
        let inflater = Inflater::new(source, *limits);
        let thread = Builder::new().name("inflate".to_owned()).spawn(move || inflater.run(&sender));
        let thread = Some(thread.map_err(PathError::on("begin to unpack", file.path()))?);
        Ok(Self { chunks: Some(chunks), thread, present: Vec::new(), at: 0, consumed: 0, end: None })
    }

    /// The bytes of the file that were read for what was handed on.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Some of the next bytes; none at the end, whose checksum was right then.
    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        while self.at == self.present.len() && self.end.is_none() {
            let ended = || Fault::Damaged(io::Error::other("the thread that inflates has ended"));
            match self.chunks.as_ref().and_then(|chunks| chunks.recv().ok()).ok_or_else(ended)? {
                Chunk::Bytes(bytes, consumed) => (self.present, self.at, self.consumed) = (bytes, 0, consumed),
                Chunk::Wrong(fault) => return Err(fault),
                Chunk::End(end) => self.end = Some(end),
            }
        }
        let rest = self.present.get(self.at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(into), Some(rest)) = (into.get_mut(..count), rest.get(..count)) {
            into.copy_from_slice(rest);
        }
        self.at += count;
        Ok(count)
    }

    /// Fills `into`, or finds the end instead.
    pub(super) fn read_exact(&mut self, into: &mut [u8]) -> Result<Filled, Fault> {
        let mut filled = 0;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 if filled == 0 => return Ok(Filled::Not),
                0 => return Err(Fault::Truncated),
                count => filled += count,
            }
        }
        Ok(Filled::Wholly)
    }

    /// Requires that all was read and that nothing follows; the digest of the file.
    pub(super) fn finish(mut self) -> Result<Sha256, Fault> {
        if self.read(&mut [0])? != 0 {
            return Err(Fault::Trailing);
        }
        self.end.take().unwrap_or(Err(Fault::Truncated))
    }
}

/// The thread does not outlive the stream.
impl Drop for Stream {
    fn drop(&mut self) {
        self.chunks = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Whether a buffer was filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// It was.
    Wholly,
    /// There was nothing left.
    Not,
}

/// What the thread does.
struct Inflater {
    gunzip: GzDecoder<BufReader<Source>>,
    inflated: u64,
    limits: Limits,
}

impl Inflater {
    fn new(file: std::fs::File, limits: Limits) -> Self {
        let source = Source { file, offset: 0, hasher: Hasher::new() };
        Self { gunzip: GzDecoder::new(BufReader::with_capacity(CHUNK, source)), inflated: 0, limits }
    }

    /// Hands on until the end, or until nobody wants more.
    fn run(mut self, chunks: &SyncSender<Chunk>) {
        loop {
            let mut bytes = vec![0; CHUNK];
            let (filled, ended) = self.fill(&mut bytes);
            bytes.truncate(filled);
            if !bytes.is_empty() && chunks.send(Chunk::Bytes(bytes, self.consumed())).is_err() {
                return;
            }
            let last = match ended {
                Ok(false) => continue,
                Ok(true) => Chunk::End(self.finish()),
                Err(fault) => Chunk::Wrong(fault),
            };
            let _ = chunks.send(last);
            return;
        }
    }

    fn consumed(&self) -> u64 {
        self.gunzip.get_ref().get_ref().offset
    }

    /// How many bytes came, and whether none follow, or what is wrong behind them.
    fn fill(&mut self, into: &mut [u8]) -> (usize, Result<bool, Fault>) {
        let mut filled = 0;
        while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest) {
                Ok(0) => return (filled, Ok(true)),
                Ok(count) => filled += count,
                Err(fault) => return (filled, Err(fault)),
            }
        }
        (filled, Ok(false))
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        let count = self.gunzip.read(into).map_err(Fault::Damaged)?;
        self.inflated += count as u64;
        let Limits { ratio, ratio_from, .. } = self.limits;
        if self.inflated > ratio_from && self.inflated / ratio > self.consumed() {
            return Err(Fault::Limit { what: "bytes out of one byte", limit: ratio });
        }
        Ok(count)
    }

    fn finish(self) -> Result<Sha256, Fault> {
        let mut rest = self.gunzip.into_inner();
        if !rest.fill_buf().map_err(Fault::Damaged)?.is_empty() {
            return Err(Fault::Trailing);
        }
        Ok(rest.into_inner().hasher.finish())
    }
}

struct Source {
    file: std::fs::File,
    offset: u64,
    hasher: Hasher,
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(into, self.offset)?;
        self.hasher.update(into.get(..count).unwrap_or_default());
        self.offset += count as u64;
        Ok(count)
    }
}
