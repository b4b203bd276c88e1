//! Runs the very migrations on the copy and takes them back, so that what happens after the stop is known before it.
//!
//! The copy is put in WAL mode and a second connection keeps reading its empty log: whatever commits lands in the log,
//! and nothing can bring it into the main file. Dropping the log then leaves the main file as it was, to the byte,
//! which is compared. A file that switches the journal mode finds the database locked; the rehearsal is then repeated
//! on a second copy, without that reader.

use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use thiserror::Error;

use crate::db::check;
use crate::db::header::{self, Kind};
use crate::db::migrate::{MigrateError, Settings, measured, work_in_wal};
use crate::db::open::{open_owned, side_file};
use crate::db::receipt::{Receipt, TableCount};
use crate::digest::{Hasher, Sha256};
use crate::migration::{Direction, Drift, SchemaPrint, Severity, Work, deleted_from};
use crate::sys::dir::{Access, Dir};
use crate::sys::fs::{self, PathError};
use crate::sys::seam;

/// The migrations of one hop.
pub struct Leg<'a> {
    /// In order.
    pub works: &'a [Work],
    /// The schema that the release promises; nothing where it is not known.
    pub expected: Option<&'a SchemaPrint>,
}

/// Why a rehearsal did not pass, or could not be made.
#[derive(Debug, Error)]
pub enum RehearseError {
    /// The migrations fail.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// Rows would be gone that no migration deletes by name.
    #[error("the migrations would lose rows that they do not delete: {}", lost(tables))]
    RowsLost {
        /// The tables, with their rows before and after.
        tables: Vec<TableCount>,
    },
    /// The schema that results is not the release's.
    #[error("the migrations lead to another schema than the release's: {}", drifted(drift))]
    Schema {
        /// What differs.
        drift: Vec<Drift>,
    },
    /// The database is damaged.
    #[error("the copy is damaged: {}", problems.join("; "))]
    Damaged {
        /// SQLite's words.
        problems: Vec<String>,
    },
    /// The copy is not what it was.
    #[error("the rehearsal changed the copy `{path}`, which must not happen")]
    Changed {
        /// The copy.
        path: String,
    },
    /// The copy is no database, or not a clean one.
    #[error("`{path}` is not a database that is closed")]
    NotAtRest {
        /// The copy.
        path: String,
    },
    /// A file could not be accessed.
    #[error(transparent)]
    Path(#[from] PathError),
}

fn lost(tables: &[TableCount]) -> String {
    let one = |count: &TableCount| {
        format!("`{}` from {} to {} rows", count.name, count.before.unwrap_or(0), count.after.unwrap_or(0))
    };
    tables.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn drifted(drift: &[Drift]) -> String {
    drift.iter().map(|drift| format!("{} {:?}", drift.object, drift.kind).to_lowercase()).collect::<Vec<_>>().join(", ")
}

type Result<T> = std::result::Result<T, RehearseError>;

/// Runs all legs in sequence on `copy`, then makes its main file what it was. `scratch` is a name for a second copy,
/// which is made only when a migration needs it, and removed.
///
/// The receipts are one per leg. For an upgrade, a table that loses rows which no migration deletes by name is refused;
/// for a way down the loss is counted elsewhere.
///
/// # Errors
/// Migrations that fail or lose rows, a schema that is not the one expected. The copy is then as before, unless the
/// error is [`RehearseError::Changed`] or about a file.
pub fn rehearse(copy: &Path, scratch: &Path, legs: &[Leg<'_>], settings: &Settings<'_>) -> Result<Vec<Receipt>> {
    let rest = Rest::of(copy)?;
    let outcome = held(copy, legs, settings);
    rest.restore(copy)?;
    match outcome {
        Err(RehearseError::Migrate(error)) if is_locked(&error) => aside(copy, scratch, legs, settings),
        outcome => outcome,
    }
}

fn held(copy: &Path, legs: &[Leg<'_>], settings: &Settings<'_>) -> Result<Vec<Receipt>> {
    let mut connection = open_owned(copy, settings.foreign_keys).map_err(MigrateError::from)?;
    work_in_wal(&connection)?;
    let holder = open_owned(copy, settings.foreign_keys).map_err(MigrateError::from)?;
    let hold = |connection: &Connection| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    hold(&connection)
        .and_then(|_| hold(&holder))
        .and_then(|_| connection.execute_batch("PRAGMA wal_autocheckpoint = 0"))
        .and_then(|()| holder.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema"))
        .map_err(|source| MigrateError::Sqlite { tried: "hold the copy for the rehearsal", source })?;
    let receipts = all(&mut connection, legs, settings);
    // The holder goes last: until then nobody can bring the log into the main file.
    drop(connection);
    drop(holder);
    receipts
}

/// On a second copy, which may end as anything.
fn aside(copy: &Path, scratch: &Path, legs: &[Leg<'_>], settings: &Settings<'_>) -> Result<Vec<Receipt>> {
    remove(scratch)?;
    duplicate(copy, scratch)?;
    let receipts = open_owned(scratch, settings.foreign_keys).map_err(MigrateError::from).and_then(|connection| {
        work_in_wal(&connection)?;
        Ok(connection)
    });
    let receipts =
        receipts.map_err(RehearseError::from).and_then(|mut connection| all(&mut connection, legs, settings));
    remove(scratch)?;
    receipts
}

fn is_locked(error: &MigrateError) -> bool {
    let (MigrateError::Statement { source, .. } | MigrateError::Sqlite { source, .. }) = error else { return false };
    matches!(source.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn all(connection: &mut Connection, legs: &[Leg<'_>], settings: &Settings<'_>) -> Result<Vec<Receipt>> {
    let receipts = legs.iter().map(|leg| one(connection, leg, settings)).collect::<Result<Vec<_>>>()?;
    let problems = check::integrity(connection)
        .map_err(|source| MigrateError::Sqlite { tried: "check the integrity of the copy", source })?;
    if problems.is_empty() { Ok(receipts) } else { Err(RehearseError::Damaged { problems }) }
}

fn one(connection: &mut Connection, leg: &Leg<'_>, settings: &Settings<'_>) -> Result<Receipt> {
    let mut receipt = measured(connection, leg.works, settings)?;
    if leg.works.iter().all(|work| work.direction() == Direction::Up) {
        let meant = deleted_from(leg.works).map_err(MigrateError::from)?;
        let silent = |count: &&TableCount| count.lost_rows() && !meant.contains(&count.name.to_ascii_lowercase());
        let tables: Vec<_> = receipt.tables.iter().filter(silent).cloned().collect();
        if !tables.is_empty() {
            return Err(RehearseError::RowsLost { tables });
        }
    }
    if let Some(expected) = leg.expected {
        let (fatal, tolerated): (Vec<_>, Vec<_>) =
            receipt.print.drift_from(expected).into_iter().partition(|drift| drift.severity == Severity::Fatal);
        if !fatal.is_empty() {
            return Err(RehearseError::Schema { drift: fatal });
        }
        receipt.warnings.extend(tolerated.iter().map(|drift| format!("{} is not of the release", drift.object)));
    }
    Ok(receipt)
}

/// A copy as it is before the rehearsal.
struct Rest {
    digest: Sha256,
    /// The first page of a file that is not in WAL mode: the switch to it is written there.
    first_page: Option<Vec<u8>>,
}

impl Rest {
    fn of(copy: &Path) -> Result<Self> {
        let Kind::Database { page_size, wal, .. } = header::examine(copy)? else {
            return Err(RehearseError::NotAtRest { path: copy.display().to_string() });
        };
        for suffix in SIDE_FILES {
            if fs::exists(&side_file(copy, suffix))? {
                return Err(RehearseError::NotAtRest { path: copy.display().to_string() });
            }
        }
        let mut page = vec![0; page_size as usize];
        let first_page = if wal {
            None
        } else {
            fs::open_regular(copy)?.read_exact(&mut page).map_err(PathError::on("read", copy))?;
            Some(page)
        };
        Ok(Self { digest: digest(copy)?, first_page })
    }

    fn restore(&self, copy: &Path) -> Result<()> {
        for suffix in SIDE_FILES {
            fs::remove_file(&side_file(copy, suffix))?;
        }
        if let Some(page) = &self.first_page {
            let (directory, name) = open_directory(copy)?;
            let file = directory.open_file(&name, Access::ReadWrite)?;
            seam::cross("restore the first page of the copy");
            file.write_all_at(page, 0).map_err(PathError::on("write", copy))?;
        }
        if digest(copy)? == self.digest {
            Ok(())
        } else {
            Err(RehearseError::Changed { path: copy.display().to_string() })
        }
    }
}

const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

fn digest(path: &Path) -> Result<Sha256> {
    let mut file = fs::open_regular(path)?;
    let mut hasher = Hasher::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut piece).map_err(PathError::on("read", path))?;
        match piece.get(..length) {
            Some([]) | None => return Ok(hasher.finish()),
            Some(bytes) => hasher.update(bytes),
        }
    }
}

fn duplicate(from: &Path, to: &Path) -> Result<()> {
    let (directory, name) = open_directory(to)?;
    let copied = io::copy(&mut fs::open_regular(from)?, &mut directory.create_file(&name)?);
    copied.map_err(PathError::on("copy to", to))?;
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path)?;
    SIDE_FILES.iter().try_for_each(|suffix| Ok(fs::remove_file(&side_file(path, suffix))?))
}

fn open_directory(path: &Path) -> Result<(Dir, String)> {
    let name = path.file_name().and_then(|name| name.to_str());
    match (path.parent(), name) {
        (Some(parent), Some(name)) => Ok((Dir::open(parent)?, name.to_owned())),
        _ => Err(RehearseError::NotAtRest { path: path.display().to_string() }),
    }
}

#[cfg(test)]
mod tests;
