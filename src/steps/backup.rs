//! Backups: what a run replaced or gave up, moved to where backups are kept, and retention.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use super::{Machine, StepError};
use crate::config::Config;
use crate::db::copy_file::{self, Content, copy_file};
use crate::db::side_files;
use crate::journal::{backups, probation, record, releases};
use crate::layout::Layout;
use crate::plan::Point;
use crate::plan::observed::{Backup, BackupKind};
use crate::plan::retention::{Fate, Retention, fates as fates_of};
use crate::sys::dir::{Access, Dir};
use crate::sys::watch::Watch;
use crate::sys::{attributes, clock, fs};
use crate::version::Version;

/// Moves a database out of the work directory into a backup, and lists it. Nothing to do where it is not there any
/// more: it is listed already then.
///
/// Survives a kill: the file keeps its name in the work directory until its copy is verified, or it is renamed whole;
/// its directory gets the backup's name last, with the record in it.
pub fn keep(
    file: &Path,
    id: &str,
    kind: BackupKind,
    point: &Point,
    config: &Config,
    watch: &dyn Watch,
) -> Result<Option<Backup>, StepError> {
    let directory = config.layout.backup(id);
    if let Some(listed) = record::read::<Backup>(&backups::record_file(&directory))? {
        if fs::exists(file)? {
            let (work, name) = open(file)?;
            work.unlink(&name)?;
            work.sync()?;
        }
        return Ok(Some(listed));
    }
    let staged = config.layout.staged_backup(id);
    if !fs::exists(file)? && !fs::exists(&backups::file(&staged))? {
        return Ok(None);
    }
    fs::create_dir_all(&staged, 0o700)?;
    if fs::exists(file)? {
        relocate(file, &staged, watch)?;
    }
    sync(&staged)?;
    let content = content(&staged, watch)?;
    let backup = Backup {
        id: id.to_owned(),
        kind,
        version: point.version.clone(),
        schema: point.schema.clone(),
        bytes: content.bytes,
        sha256: content.sha256,
        created: clock::now(),
    };
    record::write(&backups::record_file(&staged), &backup, 0o600)?;
    if let Err(error) = fs::rename(&staged, &directory) {
        // It may have its name, and a power cut may take that again. What failed is not listed.
        let _ = fs::rename(&directory, &staged);
        return Err(error.into());
    }
    Ok(Some(backup))
}

/// A service may never sync what it writes. What is listed is durable all the same.
fn sync(directory: &Path) -> Result<(), StepError> {
    let opened = Dir::open(directory)?;
    for suffix in side_files::SUFFIXES.into_iter().chain([""]) {
        let name = format!("database.db{suffix}");
        if opened.identity(&name)?.is_some() {
            fs::sync_file(&opened.open_file(&name, Access::Read)?, &directory.join(&name))?;
        }
    }
    Ok(())
}

fn relocate(file: &Path, directory: &Path, watch: &dyn Watch) -> Result<(), StepError> {
    let (work, name) = open(file)?;
    let target = Dir::open(directory)?;
    // A log that could not be settled belongs to its file, under the name that SQLite looks for.
    for suffix in side_files::SUFFIXES.into_iter().chain([""]) {
        let from = format!("{name}{suffix}");
        if work.identity(&from)?.is_none() {
            continue;
        }
        match work.rename(&from, &target, &format!("database.db{suffix}")) {
            Ok(()) => {
                target.sync()?;
                work.sync()?;
            }
            // Two mounts of one file system have one device number, and still cannot be renamed between.
            Err(error) if error.source.kind() == ErrorKind::CrossesDevices => return copy_over(file, directory, watch),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The main file first: making it clears what lies beside its name. What it comes from goes last.
fn copy_over(file: &Path, directory: &Path, watch: &dyn Watch) -> Result<(), StepError> {
    let failed = |error| StepError::world("backup", format!("cannot copy `{}` to the backups", file.display()), error);
    let (from, name) = open(file)?;
    let to = Dir::open(directory)?;
    let owner = attributes::owner(file)?;
    for suffix in [""].into_iter().chain(side_files::SUFFIXES) {
        let beside = format!("{name}{suffix}");
        if from.identity(&beside)?.is_some() {
            let content = copy_file::content(&from, &beside, watch).map_err(failed)?;
            let target = format!("database.db{suffix}");
            copy_file(&with_suffix(file, suffix), content, owner, &to, &target, watch).map_err(failed)?;
        }
    }
    for suffix in side_files::SUFFIXES.into_iter().chain([""]) {
        from.unlink(&format!("{name}{suffix}"))?;
        from.sync()?;
    }
    Ok(())
}

/// What a backup's file holds now.
pub fn content(directory: &Path, watch: &dyn Watch) -> Result<Content, StepError> {
    let opened = Dir::open(directory)?;
    copy_file::content(&opened, "database.db", watch)
        .map_err(|error| StepError::world("backup", format!("cannot read the backup `{}`", directory.display()), error))
}

/// Removes backups and versions that were not made, or not removed, to their end. Not while a run is unfinished, whose
/// own backup may be about to get its name.
pub fn clear_staged(layout: &Layout) -> Result<(), StepError> {
    for directory in [&layout.backups, &layout.versions()] {
        for name in fs::names(directory)?.iter().filter(|name| Layout::is_staged(&name.to_string_lossy())) {
            fs::remove_dir_all(&directory.join(name))?;
        }
    }
    Ok(())
}

/// Each backup with what the configuration makes of it, newest first; those that `needed` names are kept.
pub fn fates(config: &Config, needed: &[String]) -> Result<Vec<(Backup, Fate)>, StepError> {
    let retention = Retention { count: config.keep_backups, bytes: config.max_backup_bytes };
    // A probation may have to go back to what its run found.
    let watched = probation::read(&config.layout)?.map(|watched| watched.run);
    let needed: Vec<String> = needed.iter().cloned().chain(watched).collect();
    Ok(fates_of(&backups::list(&config.layout.backups)?, retention, &needed))
}

/// Removes the oldest backups beyond the configured number and size, but none that `needed` names; returns those that
/// went, and why.
pub fn prune(config: &Config, needed: &[String]) -> Result<Vec<(Backup, Fate)>, StepError> {
    clear_staged(&config.layout)?;
    let gone: Vec<_> = fates(config, needed)?.into_iter().filter(|(_, fate)| fate.is_surplus()).collect();
    for (backup, _) in &gone {
        let staged = config.layout.staged_backup(&backup.id);
        // Without its name it is no backup any more, however far the removal gets.
        fs::rename(&config.layout.backup(&backup.id), &staged)?;
        fs::remove_dir_all(&staged)?;
    }
    Ok(gone)
}

/// Removes the oldest versions beyond the configured number; returns those that went.
///
/// Kept in any case: the installed one, the one before it, the newest that knows the live schema, and those of backups;
/// with a backup of a lower major also what imports it.
pub fn prune_versions(machine: &Machine<'_>) -> Result<Vec<Version>, StepError> {
    let config = machine.config;
    let plan = machine.plan;
    let on_disk = releases::list(&config.layout)?;
    let mut needed: Vec<Version> = plan.from.version.iter().chain(&plan.to.version).cloned().collect();
    needed.extend(backups::list(&config.layout.backups)?.into_iter().filter_map(|backup| backup.version));
    let major = plan.to.version.as_ref().map(Version::major);
    let is_its_major = |known: &&releases::ReleaseRecord| major == Some(known.release.version.major());
    let knows =
        |known: &&releases::ReleaseRecord| plan.to.schema.as_ref().is_some_and(|schema| known.order.contains(schema));
    needed.extend(on_disk.iter().rev().filter(is_its_major).find(knows).map(|known| known.release.version.clone()));
    // What a backup of a lower major would lose is counted by importing it once more, from the newest of its major.
    let lower: BTreeSet<u64> =
        needed.iter().map(Version::major).filter(|lower| major.is_some_and(|own| *lower < own)).collect();
    let is_bridge = |known: &&releases::ReleaseRecord| {
        let version = &known.release.version;
        let newest = on_disk.iter().rev().find(|other| other.release.version.major() == version.major());
        let is_newest = newest.is_some_and(|newest| newest.release.version == *version);
        known.release.import.is_some() || lower.contains(&version.major()) && is_newest
    };
    if !lower.is_empty() {
        needed.extend(on_disk.iter().filter(is_bridge).map(|known| known.release.version.clone()));
    }
    let mut kept = 0;
    let mut removed = Vec::new();
    for known in on_disk.iter().rev() {
        let version = &known.release.version;
        // What is above the installed one may be the next hop, brought in before the first stop.
        if Some(version) >= plan.to.version.as_ref() {
            continue;
        }
        kept += 1;
        if kept <= config.keep_versions || needed.contains(version) {
            continue;
        }
        // Without its name it is not on disk, however far the removal gets.
        let staged = config.layout.staged(version);
        fs::rename(&config.layout.version(version), &staged)?;
        fs::remove_file(&config.layout.release(version))?;
        fs::remove_dir_all(&staged)?;
        removed.push(version.clone());
    }
    Ok(removed)
}

/// A file of the work directory, which may lie in one of the service's user: what is not ours is not taken from.
fn open(file: &Path) -> Result<(Dir, String), StepError> {
    let directory = Dir::open_private(file.parent().unwrap_or(Path::new("/")))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((directory, name))
}

fn with_suffix(file: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
