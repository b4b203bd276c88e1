//! The bytes of a gzip file (RFC 1952): one member and nothing after it. What is read is hashed again, so that what was
//! unpacked is what was verified, even if somebody wrote into the file in between.

use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::fs::FileExt as _;

use flate2::bufread::GzDecoder;

use crate::digest::{Hasher, Sha256};
use crate::verify::unpack::Fault;
use crate::verify::{Limits, VerifiedFile};

/// The inflated bytes of a file.
pub(super) struct Stream<'a> {
    gunzip: GzDecoder<BufReader<Source<'a>>>,
    inflated: u64,
    limits: &'a Limits,
}

impl<'a> Stream<'a> {
    pub(super) fn new(file: &'a VerifiedFile, limits: &'a Limits) -> Self {
        let source = Source { file, offset: 0, hasher: Hasher::new() };
        Self { gunzip: GzDecoder::new(BufReader::with_capacity(64 * 1024, source)), inflated: 0, limits }
    }

    /// The bytes of the file that were read.
    pub(super) fn consumed(&self) -> u64 {
        self.gunzip.get_ref().get_ref().offset
    }

    /// Some of the next bytes; none at the end, whose checksum was right then.
    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        let count = self.gunzip.read(into).map_err(Fault::Damaged)?;
        self.inflated += count as u64;
        let Limits { ratio, ratio_from, .. } = *self.limits;
        if self.inflated > ratio_from && self.inflated / ratio > self.consumed() {
            return Err(Fault::Limit { what: "bytes out of one byte", limit: ratio });
        }
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
        let mut rest = self.gunzip.into_inner();
        if !rest.fill_buf().map_err(Fault::Damaged)?.is_empty() {
            return Err(Fault::Trailing);
        }
        Ok(rest.into_inner().hasher.finish())
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

struct Source<'a> {
    file: &'a VerifiedFile,
    offset: u64,
    hasher: Hasher,
}

impl Read for Source<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.file.read_at(into, self.offset)?;
        self.hasher.update(into.get(..count).unwrap_or_default());
        self.offset += count as u64;
        Ok(count)
    }
}
