//! Who came through the start-up gate: a lock that the gate takes before it looks, and that the program which it becomes
//! keeps. Between the gate's word and the moment in which that program opens its database, nothing else tells of it.

#![allow(clippy::disallowed_methods, reason = "reads /proc, which has nothing to make durable")]

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{Mode, OFlags};
use rustix::io::FdFlags;

use super::{is_locked, open, whole_file};
use crate::sys::dir::Identity;
use crate::sys::fs::{self, PathError};
use crate::sys::holders::{self, Holder, Holders};
use crate::sys::seam;

/// Shell scripts use the descriptors below this one by their numbers.
const LEAST_DESCRIPTOR: i32 = 10;

/// The sign that this process came through the gate. It lasts until it is dropped; a program that is started meanwhile
/// does not get it, unless [`Passage::keep`] hands it on.
#[derive(Debug)]
#[must_use = "whoever came through the gate holds this as long as it has its database open"]
pub struct Passage(Option<File>);

impl Passage {
    /// Goes through: shared, so any number may, and nobody is waited for. Where no run ever made the lock there is
    /// nothing to hold.
    ///
    /// # Errors
    /// Where the lock is there and cannot be used.
    pub fn enter(path: &Path) -> Result<Self, PathError> {
        let file = match open(path, OFlags::RDONLY, Mode::empty()) {
            Ok(file) => file,
            Err(error) if error.is_missing() => return Ok(Self(None)),
            Err(error) => return Err(error),
        };
        fcntl(&file, FcntlArg::F_OFD_SETLK(&whole_file(libc::F_RDLCK))).map_err(PathError::on("lock", path))?;
        Ok(Self(Some(file)))
    }

    /// Hands it on to the program that this process is about to become, and to all that this one starts.
    ///
    /// # Errors
    /// What the system says.
    pub fn keep(self) -> std::io::Result<()> {
        let Some(file) = self.0 else { return Ok(()) };
        let kept = rustix::io::fcntl_dupfd_cloexec(&file, LEAST_DESCRIPTOR)?;
        rustix::io::fcntl_setfd(&kept, FdFlags::empty())?;
        // It belongs to the next program.
        std::mem::forget(kept);
        Ok(())
    }
}

/// Makes the lock, readable for everybody because the gate runs as the service's user; nothing to do where it is there.
///
/// # Errors
/// Where it cannot be made.
pub fn provide(path: &Path) -> Result<(), PathError> {
    if fs::exists(path)? {
        return Ok(());
    }
    seam::cross("make the lock of the gate");
    let readable = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    let file = open(path, OFlags::RDWR | OFlags::CREATE, readable)?;
    // The umask may have taken the right from the others.
    rustix::fs::fchmod(&file, readable).map_err(PathError::on("change the mode of", path))
}

/// Who came through the gate, or was started by somebody who did, and may open the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// Nobody but this process, if it was started by a service.
    Nobody,
    /// These, of whom there is at least one.
    Seen(Vec<Holder>),
    /// Somebody holds the lock, and who it is cannot be seen from here.
    Unseen,
}

/// Who came through the gate and may open `database`. Whoever may not read it can hold the lock, and is no service.
///
/// # Errors
/// Where the lock or `/proc` cannot be looked at.
pub fn passed(path: &Path, database: &Path) -> Result<Passed, PathError> {
    passed_by(path, database, holders::of)
}

fn passed_by(
    path: &Path,
    database: &Path,
    look: impl FnOnce(&[Identity]) -> Result<Holders, PathError>,
) -> Result<Passed, PathError> {
    let file = match open(path, OFlags::RDONLY, Mode::empty()) {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok(Passed::Nobody),
        Err(error) => return Err(error),
    };
    // The kernel's word is quicker than a look at all processes.
    if !is_locked(&file, path, libc::F_WRLCK)? {
        return Ok(Passed::Nobody);
    }
    let lock = file.metadata().map_err(PathError::on("look at", path))?;
    let lock = Identity { device: lock.dev(), inode: lock.ino() };
    let found = look(&[lock])?;
    let target = fs::metadata(database)?;
    let strangers = !found.processes.is_empty() && !found.blind;
    let seen: Vec<_> = found.processes.into_iter().filter(|holder| may_read(holder.pid, &target)).collect();
    if !seen.is_empty() {
        return Ok(Passed::Seen(seen));
    }
    // Beside `file`: what this process was started with, where a service that came through the gate started it.
    let own = holders::own_descriptors(lock)? > 1;
    // Whoever was about to end while we looked has ended by now.
    let unseen = !strangers && !own && is_locked(&file, path, libc::F_WRLCK)?;
    Ok(if unseen { Passed::Unseen } else { Passed::Nobody })
}

/// Whether a process may read a file, by its users and groups in `/proc/PID/status` (proc_pid_status(5)). One that cannot
/// be looked at counts as one that may.
fn may_read(pid: u32, file: &std::fs::Metadata) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return true };
    let numbers = |name: &str| -> Vec<u32> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
    };
    let users = numbers("Uid:");
    let is_owner = users.contains(&0) || users.contains(&file.uid());
    let in_group = || numbers("Gid:").contains(&file.gid()) || numbers("Groups:").contains(&file.gid());
    is_owner || file.mode() & 0o004 != 0 || (file.mode() & 0o040 != 0 && in_group())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    use super::*;

    /// A lock, a database, and a process that holds the lock until its input ends.
    fn held() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf, std::process::Child) {
        let place = tempfile::tempdir().unwrap();
        let (lock, database) = (place.path().join("gate.lock"), place.path().join("database"));
        std::fs::write(&database, "").unwrap();
        provide(&lock).unwrap();
        let Passage(Some(file)) = Passage::enter(&lock).unwrap() else { panic!("there is a lock") };
        // Its errors go nowhere: the descriptor is what counts.
        let holder = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(file).spawn().unwrap();
        (place, lock, database, holder)
    }

    fn ended(mut holder: std::process::Child) {
        drop(holder.stdin.take());
        holder.wait().unwrap();
    }

    #[test]
    fn whoever_came_through_is_seen_and_gone_with_its_end() {
        let (_place, lock, database, holder) = held();
        let Passed::Seen(seen) = passed(&lock, &database).unwrap() else { panic!("it lives") };
        assert_eq!(seen.iter().map(|holder| holder.pid).collect::<Vec<_>>(), [holder.id()]);
        ended(holder);
        assert_eq!(passed(&lock, &database).unwrap(), Passed::Nobody);
    }

    #[test]
    fn somebody_who_holds_the_lock_and_cannot_be_seen_is_not_nobody() {
        let (_place, lock, database, holder) = held();
        let nobody = |blind| passed_by(&lock, &database, |_| Ok(Holders { processes: Vec::new(), blind })).unwrap();
        // Another's files that this user may not look at; and a process of another container, of which there is no sign.
        assert_eq!((nobody(true), nobody(false)), (Passed::Unseen, Passed::Unseen));
        ended(holder);
        assert_eq!((nobody(true), nobody(false)), (Passed::Nobody, Passed::Nobody));
    }

    #[test]
    fn what_a_service_started_is_not_kept_out_by_what_it_was_started_with() {
        let (_place, lock, database, holder) = held();
        ended(holder);
        let _own = Passage::enter(&lock).unwrap();
        assert_eq!(passed(&lock, &database).unwrap(), Passed::Nobody);
    }

    #[test]
    fn only_who_may_read_the_database_can_be_its_service() {
        let database = tempfile::NamedTempFile::new().unwrap();
        let with_mode = |mode| {
            std::fs::set_permissions(database.path(), PermissionsExt::from_mode(mode)).unwrap();
            std::fs::metadata(database.path()).unwrap()
        };
        assert!(may_read(std::process::id(), &with_mode(0o600)));
        let mut stranger = Command::new("setpriv");
        stranger.args(["--reuid=65534", "--regid=65534", "--clear-groups", "cat"]).stdin(Stdio::piped());
        let ready = stranger.stdout(Stdio::piped()).spawn().ok().and_then(|mut child| {
            child.stdin.as_mut()?.write_all(b"x").ok()?;
            std::io::Read::read_exact(child.stdout.as_mut()?, &mut [0]).ok()?;
            Some(child)
        });
        let Some(mut stranger) = ready else {
            let _ = writeln!(std::io::stderr(), "skipped: this user may not become another one");
            return;
        };
        assert!(!may_read(stranger.id(), &with_mode(0o660)));
        assert!(may_read(stranger.id(), &with_mode(0o604)));
        drop(stranger.stdin.take());
        stranger.wait().unwrap();
    }
}
