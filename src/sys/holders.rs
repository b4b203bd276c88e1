//! Who holds a file open: a look at the descriptors of all processes (proc(5), `/proc/PID/fd`).
//!
//! Processes of another PID namespace above ours cannot be seen, and a file that is only mapped is not found.

#![allow(clippy::disallowed_methods, reason = "reads /proc, which has nothing to make durable")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, RawDir};
use rustix::io::Errno;

use crate::sys::dir::Identity;
use crate::sys::fs::PathError;
use crate::sys::process::inspect::Stat;

/// A process that has one of the files open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its command line, shortened.
    pub command: String,
}

/// All other processes that hold one of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// Those that were seen, in the order of their numbers.
    pub processes: Vec<Holder>,
    /// Whether some process could not be looked at, so that an empty list proves nothing.
    pub blind: bool,
}

/// How often the list is read where processes are born all the time. It ends without a verdict then: the caller waits for
/// the service, and the machine may be busy with anything.
const LOOKS: u32 = 64;

/// So many bytes of a list of descriptors are read at once.
const LISTED: usize = 4096;

/// The other processes that hold one of `files` open. This process is not listed.
///
/// That there is none is only said when nobody was born meanwhile: a process may hand its files on to a child that is not
/// in the list yet, and end before it is looked at.
///
/// # Errors
/// `/proc` cannot be listed.
pub fn of(files: &[Identity]) -> Result<Holders, PathError> {
    let mut found = Holders::default();
    let mut known = BTreeSet::from([std::process::id()]);
    for _ in 0..LOOKS {
        let mut born = processes()?;
        // Once more: numbers start anew some time, and a child may come before the place at which the list is being read.
        born.extend(processes()?);
        born.retain(|pid| known.insert(*pid));
        if born.is_empty() || !found.processes.is_empty() {
            // Where processes of others are hidden (`hidepid`), the first one is.
            found.blind |= known.first() != Some(&1);
            return Ok(found);
        }
        born.sort_unstable();
        for pid in born {
            match is_holder(pid, files) {
                Ok(false) => {}
                Ok(true) => found.processes.push(Holder { pid, command: command(pid) }),
                Err(error) if is_gone(&error) => {}
                Err(_) => found.blind = true,
            }
        }
    }
    found.blind = true;
    Ok(found)
}

/// How many descriptors of this process are of `file`.
///
/// # Errors
/// `/proc/self/fd` cannot be listed.
pub fn own_descriptors(file: Identity) -> Result<usize, PathError> {
    let directory = "/proc/self/fd";
    let held = holds(directory, &[file]).map_err(PathError::on("list", Path::new(directory)))?;
    Ok(held.unwrap_or(0))
}

fn processes() -> Result<Vec<u32>, PathError> {
    let failed = PathError::on("list", Path::new("/proc"));
    let listed: io::Result<Vec<_>> = fs::read_dir("/proc").and_then(Iterator::collect);
    let entries = listed.map_err(failed)?;
    Ok(entries.iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

/// A process whose first thread has ended shows no file, and its other threads have them all the same.
fn is_holder(pid: u32, files: &[Identity]) -> io::Result<bool> {
    if let Some(held) = holds(&format!("/proc/{pid}/fd"), files)? {
        return Ok(held > 0);
    }
    // Most of those without a file are the kernel's own, which have but one thread.
    if Stat::parse(&String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat"))?))?.is_of_the_kernel() {
        return Ok(false);
    }
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // The first one too: another thread that becomes a program takes its number over.
        match holds(&format!("{}/fd", thread?.path().display()), files) {
            Ok(None | Some(0)) => {}
            Ok(Some(_)) => return Ok(true),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// How many descriptors are of one of the files; none where there is no descriptor at all.
fn holds(directory: &str, files: &[Identity]) -> io::Result<Option<usize>> {
    let directory = rustix::fs::open(directory, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut buffer = Vec::with_capacity(LISTED);
    let mut entries = RawDir::new(&directory, buffer.spare_capacity_mut());
    let mut count = None;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_bytes().starts_with(b".") {
            continue;
        }
        let held: &mut usize = count.get_or_insert_default();
        // Following the link asks the kernel for the open file itself, whatever its name has become.
        match rustix::fs::statat(&directory, name, AtFlags::empty()) {
            Ok(open) => {
                let identity = Identity { device: open.st_dev, inode: open.st_ino };
                *held += usize::from(files.contains(&identity));
            }
            Err(Errno::NOENT | Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(count)
}

/// Closed, or ended, while we looked.
fn is_gone(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(code, Some(Errno::NOENT | Errno::SRCH))
}

fn command(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    let shown: String = line.trim_end().chars().filter(|character| !character.is_control()).take(120).collect();
    if !shown.is_empty() {
        return shown;
    }
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

#[cfg(test)]
mod tests;
