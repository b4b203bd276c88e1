//! The space that an import takes, before it takes it.

use std::path::Path;

use crate::cli::runs::{Answer, barred, refused};
use crate::db::build::room;
use crate::plan::Refusal;
use crate::plan::gates::size;
use crate::sys::room::space;
use crate::transfer::Inventory;

/// The bytes that the import takes on the file system of the new database, if they are there. A database is seldom larger
/// than twice its rows as text; one that is carried on is there beside the new one.
pub(super) fn check(into: &Path, inventory: &Inventory, carried: bool) -> Answer<u64> {
    let parts = inventory.tables.iter().flat_map(|table| &table.parts);
    let rows = parts.fold(0_u64, |sum, part| sum.saturating_add(part.bytes));
    let database = rows.saturating_mul(2).saturating_add(inventory.schema_sql.bytes).saturating_add(1 << 20);
    let need = if carried { database.saturating_add(room(database)) } else { database };
    let there = space(into).map_err(|error| barred("space", &error, "check the path after `--into`"))?;
    if need <= there.available {
        return Ok(need);
    }
    Err(refused(vec![Refusal::new(
        "no-space",
        format!(
            "the file system of `{}` has {} free, and the import may take {}",
            into.display(),
            size(there.available),
            size(need)
        ),
        format!("free {} on it, or name a path on another one with `--into`", size(need - there.available)),
    )]))
}
