//! What forbids to exchange the database file, and what to do about it.

use std::path::Path;

use super::Result;
use crate::causes;
use crate::db::side_files;
use crate::layout::WorkLayout;
use crate::plan::observed::Obstacle;
use crate::sys::attributes;
use crate::sys::dir::Dir;
use crate::sys::fs;
use crate::sys::mount::{self, Kind as Mounted};
use crate::sys::process::Process;
use crate::sys::service::{self, ServiceError};

/// What forbids to rename another file over this one.
pub(super) fn of_file(path: &Path) -> Result<Vec<Obstacle>> {
    let mut obstacles = Vec::new();
    let mut add = |code, message: String, remedy: &str| {
        obstacles.push(Obstacle { code, message, remedy: remedy.to_owned() });
    };
    let shown = path.display();
    let directory = path.parent().unwrap_or(Path::new("/"));
    if mount::is_mount_point(path)? {
        let message = format!("`{shown}` is a mount point itself, so no other file can take its place");
        add("mount-point", message, "mount its directory instead of the file");
    }
    let flags = attributes::flags(path)?;
    if flags.immutable || flags.append_only {
        let message = format!("`{shown}` is marked immutable or append-only");
        add("immutable", message, "take the mark off with `chattr -i -a`");
    }
    if let Mounted::Network(name) = mount::kind(directory)? {
        let message =
            format!("`{shown}` lies on a network file system ({name}), where locks and renames cannot be relied on");
        add("network-file-system", message, "move the database to a local file system");
    }
    Ok(obstacles)
}

/// What forbids to put a file where there is none: what a database left beside its name, SQLite would take for part of
/// the next one (FM-1).
pub(super) fn of_name(path: &Path) -> Result<Option<Obstacle>> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(None);
    };
    if !fs::exists(parent)? {
        return Ok(None);
    }
    let left = side_files::pending(&Dir::open(parent)?, name)?;
    Ok(left.map(|beside| Obstacle {
        code: "beside",
        message: format!(
            "`{}` is left of a database that is not there any more, and would be taken for part of the next one",
            parent.join(beside).display()
        ),
        remedy: "put its database back beside it, or move it to where that one is now".to_owned(),
    }))
}

/// The directory of the database may belong to a service that is not trusted, and what it puts in the place of our work
/// directory is not worked in.
pub(super) fn of_work(work: &WorkLayout) -> Option<Obstacle> {
    match Dir::open_private(&work.directory) {
        Err(error) if !error.is_missing() => Some(Obstacle {
            code: "work-directory",
            message: causes::in_one_line(&error),
            remedy: format!("look at what is there, then move `{}` away", work.directory.display()),
        }),
        _ => None,
    }
}

/// A stop of the service would end an installer that runs inside it, in the middle of its run (FM-32): systemd ends the
/// whole control group.
pub(super) fn of_place(service: &service::Service) -> Result<Option<Obstacle>> {
    let own = service.own_processes()?.unwrap_or_default();
    let this = Process::this().map_err(ServiceError::from)?;
    Ok(own.contains(&this).then(|| Obstacle {
        code: "inside-service",
        message: "this command runs inside the service that it would stop".to_owned(),
        remedy: "run it from a shell or a unit of its own, for example with `systemd-run`".to_owned(),
    }))
}
