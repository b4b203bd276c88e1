//! What a stopped process means by its arguments: the paths behind its numbers.

use std::fs::File;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use nix::libc;
use nix::unistd::Pid;

use super::calls::On;

/// The paths that a call is about; the second of a rename or link.
pub fn paths(process: Pid, on: On, arguments: &[u64; 6]) -> Option<(PathBuf, Option<PathBuf>)> {
    let here = || at(process, libc::AT_FDCWD);
    match on {
        On::File(file) | On::Bytes { file, .. } => Some((open_file(process, arguments[file])?, None)),
        On::Path(path) => Some((join(process, here()?, arguments[path])?, None)),
        On::At(directory) => Some((from(process, arguments, directory)?, None)),
        On::Paths(one, other) => {
            Some((join(process, here()?, arguments[one])?, Some(join(process, here()?, arguments[other])?)))
        }
        On::BothAt(one, other) => Some((from(process, arguments, one)?, Some(from(process, arguments, other)?))),
    }
}

/// The bytes that a process has there.
pub fn bytes(process: Pid, address: u64, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length.min(1 << 20)).ok()?];
    memory(process)?.read_exact_at(&mut bytes, address).ok()?;
    Some(bytes)
}

/// What an open file is called now.
pub fn open_file(process: Pid, number: u64) -> Option<PathBuf> {
    // A descriptor is an int; the upper half of its register may hold anything.
    let link = std::fs::read_link(format!("/proc/{process}/fd/{}", low_half(number))).ok()?;
    let text = link.into_os_string().into_vec();
    let name = text.strip_suffix(b" (deleted)").unwrap_or(&text).to_vec();
    Some(PathBuf::from(std::ffi::OsString::from_vec(name)))
}

fn from(process: Pid, arguments: &[u64; 6], directory: usize) -> Option<PathBuf> {
    let base = at(process, low_half(arguments[directory]))?;
    join(process, base, arguments[directory + 1])
}

fn at(process: Pid, directory: i32) -> Option<PathBuf> {
    if directory == libc::AT_FDCWD {
        return std::fs::read_link(format!("/proc/{process}/cwd")).ok();
    }
    open_file(process, u64::from(directory.unsigned_abs()))
}

/// An absent or empty path means the directory's descriptor itself.
fn join(process: Pid, base: PathBuf, address: u64) -> Option<PathBuf> {
    let path = if address == 0 { PathBuf::new() } else { text(process, address)? };
    if let Ok(number) = path.strip_prefix("/proc/self/fd") {
        return open_file(process, number.to_str()?.parse().ok()?);
    }
    Some(if path == Path::new("") { base } else { base.join(path) })
}

/// Page by page, as the next one may not be there.
fn text(process: Pid, address: u64) -> Option<PathBuf> {
    const PAGE: u64 = 4096;
    let memory = memory(process)?;
    let (mut text, mut next) = (Vec::new(), address);
    while text.len() < 2 * libc::PATH_MAX.unsigned_abs() as usize {
        let mut page = vec![0; usize::try_from(PAGE - next % PAGE).ok()?];
        memory.read_exact_at(&mut page, next).ok()?;
        if let Some(end) = page.iter().position(|byte| *byte == 0) {
            text.extend_from_slice(&page[..end]);
            return Some(PathBuf::from(std::ffi::OsString::from_vec(text)));
        }
        next += page.len() as u64;
        text.extend(page);
    }
    None
}

fn memory(process: Pid) -> Option<File> {
    File::open(format!("/proc/{process}/mem")).ok()
}

#[allow(clippy::cast_possible_truncation, reason = "the kernel reads these arguments as an int")]
fn low_half(argument: u64) -> i32 {
    argument as u32 as i32
}
