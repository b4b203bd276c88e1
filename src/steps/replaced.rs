//! A release on disk that a run replaces by another archive of the same version: it may be the only one that knows the
//! schema of the live database, or of a backup, so that it is kept until the run has ended.
//!
//! If killed half-way: the directory has one of its two names, and its record had the second one before.

use super::StepError;
use crate::layout::Layout;
use crate::plan::{Plan, Step};
use crate::sys::fs;
use crate::version::Version;

/// Makes room for another archive of `version`. Nothing to do where that was done.
pub(super) fn put_away(version: &Version, layout: &Layout) -> Result<(), StepError> {
    let (directory, kept) = (layout.version(version), layout.replaced(version));
    if fs::exists(&kept)? {
        // What has the name now is this run's.
        return Ok(fs::remove_dir_all(&directory)?);
    }
    fs::write_durable(&layout.replaced_release(version), &fs::read(&layout.release(version))?, 0o600)?;
    Ok(fs::rename(&directory, &kept)?)
}

/// Puts back what the run replaced, if anything.
pub(super) fn give_back(plan: &Plan, layout: &Layout) -> Result<(), StepError> {
    for version in brought(plan) {
        let (kept, record) = (layout.replaced(version), layout.replaced_release(version));
        if fs::exists(&kept)? {
            fs::remove_dir_all(&layout.version(version))?;
            // Killed behind it, the record that is there is the right one already.
            if fs::exists(&record)? {
                fs::rename(&record, &layout.release(version))?;
            }
            fs::rename(&kept, &layout.version(version))?;
        } else if fs::exists(&record)? {
            fs::remove_file(&record)?;
        }
    }
    Ok(())
}

/// Removes what the run replaced, once it is committed.
pub(super) fn remove(plan: &Plan, layout: &Layout) -> Result<(), StepError> {
    for version in brought(plan) {
        let (kept, record) = (layout.replaced(version), layout.replaced_release(version));
        if fs::exists(&kept)? {
            fs::remove_dir_all(&kept)?;
        }
        if fs::exists(&record)? {
            fs::remove_file(&record)?;
        }
    }
    Ok(())
}

fn brought(plan: &Plan) -> impl Iterator<Item = &Version> {
    let releases = plan.steps.iter().flat_map(|step| match step {
        Step::Fetch { releases } => releases.as_slice(),
        _ => &[],
    });
    releases.map(|one| &one.release.version)
}
