//! Who holds a file open: a look at the descriptors of all processes (proc(5), `/proc/PID/fd`).
//!
//! Processes of another PID namespace above ours cannot be seen, and a file that is only mapped is not found.

#![allow(clippy::disallowed_methods, reason = "reads /proc, which has nothing to make durable")]

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::sys::dir::Identity;
use crate::sys::fs::PathError;

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

/// The other processes that hold one of `files` open. This process is not listed.
///
/// # Errors
/// `/proc` cannot be listed.
pub fn of(files: &[Identity]) -> Result<Holders, PathError> {
    let mut found = Holders::default();
    let mut pids = processes()?;
    pids.sort_unstable();
    // Where processes of others are hidden (`hidepid`), the first one is.
    found.blind = pids.first() != Some(&1);
    let own = std::process::id();
    for pid in pids.into_iter().filter(|pid| *pid != own) {
        match holds(&format!("/proc/{pid}/fd"), files) {
            Ok(0) => {}
            Ok(_) => found.processes.push(Holder { pid, command: command(pid) }),
            Err(error) if is_gone(&error) => {}
            Err(_) => found.blind = true,
        }
    }
    Ok(found)
}

/// How many descriptors of this process are of `file`.
///
/// # Errors
/// `/proc/self/fd` cannot be listed.
pub fn own_descriptors(file: Identity) -> Result<usize, PathError> {
    let directory = "/proc/self/fd";
    holds(directory, &[file]).map_err(PathError::on("list", Path::new(directory)))
}

fn processes() -> Result<Vec<u32>, PathError> {
    let failed = PathError::on("list", Path::new("/proc"));
    let listed: io::Result<Vec<_>> = fs::read_dir("/proc").and_then(Iterator::collect);
    let entries = listed.map_err(failed)?;
    Ok(entries.iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

fn holds(directory: &str, files: &[Identity]) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(directory)? {
        // Following the link asks the kernel for the open file itself, whatever its name has become.
        match fs::metadata(entry?.path()) {
            Ok(open) => {
                let identity = Identity { device: open.dev(), inode: open.ino() };
                count += usize::from(files.contains(&identity));
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// Closed, or ended, while we looked.
fn is_gone(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    matches!(code, Some(rustix::io::Errno::NOENT | rustix::io::Errno::SRCH))
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
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    fn identity(path: &Path) -> Identity {
        let found = fs::metadata(path).unwrap();
        Identity { device: found.dev(), inode: found.ino() }
    }

    #[test]
    fn a_process_that_holds_the_file_is_named_even_after_the_file_was_renamed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.db");
        fs::write(&path, "x").unwrap();
        let file = identity(&path);
        let mut child = Command::new("sh")
            .args(["-c", "exec 3<\"$0\"; echo ready; read line"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        fs::rename(&path, directory.path().join("other.db")).unwrap();

        let found = of(&[file]).unwrap();

        assert_eq!(found.processes.iter().map(|holder| holder.pid).collect::<Vec<_>>(), [child.id()]);
        assert!(found.processes[0].command.starts_with("sh -c"), "{found:?}");
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(of(&[file]).unwrap().processes, []);
    }

    #[test]
    fn our_own_descriptors_are_counted_apart() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let file_identity = identity(file.path());
        assert_eq!(own_descriptors(file_identity).unwrap(), 1);
        assert_eq!(of(&[file_identity]).unwrap().processes, []);
    }
}
