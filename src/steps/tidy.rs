//! Does: turns the replaced database into a listed backup, and prunes versions and backups within the retention.
//! Undo: none; the run is committed, and what fails here is reported and done by the next run.
//! If killed half-way: what was not moved, listed or removed yet is by recovery.
//! Touches: the work directory, the backups, `install.root`/versions, the state directory.

use super::{Machine, StepError, abandoned, backup, copy, import, replaced};
use crate::plan::Operation;
use crate::plan::observed::BackupKind;
use crate::sys::fs;
use crate::sys::watch::Uncancelled;

pub(super) fn perform(machine: &mut Machine<'_>) -> Result<(), StepError> {
    let plan = machine.plan;
    let old = machine.places.old_database();
    machine.memory.remains.clear();
    abandoned::count_replaced(machine)?;
    let kind = match plan.operation {
        Operation::Rollback => BackupKind::Abandoned,
        Operation::Install | Operation::Upgrade | Operation::Migrate => BackupKind::Before,
    };
    // The run is committed: a signal comes too late.
    let watch = Uncancelled(machine.watch);
    if let Some(kept) = backup::keep(&old, &plan.run, kind, &plan.from, machine.config, &watch)? {
        import::hold_against(&kept, machine)?;
        machine.memory.backup = Some(kept.id);
    }
    if fs::exists(&machine.places.work.directory)? {
        copy::remove_new(machine)?;
    }
    let needed: Vec<String> = machine.memory.backup.iter().cloned().collect();
    for (gone, why) in backup::prune(machine.config, &needed)? {
        machine.memory.warnings.push(format!("the backup `{}` was removed: {why}", gone.id));
    }
    replaced::remove(plan, &machine.config.layout)?;
    backup::prune_versions(machine)?;
    fs::remove_dir_all(&machine.config.layout.downloads())?;
    Ok(())
}
