//! The old database: a file that is only read, and that stays as it is.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::{BuildError, sqlite};
use super::pulse::Pulse;
use super::{Recipe, Result};
use crate::db::open::{self, side_file};
use crate::db::{ledger, schema};
use crate::digest::{Fingerprint, Sha256};
use crate::sys::fs;
use crate::transfer::account;
use crate::verify::measure;
use crate::version::SchemaVersion;

/// The old database, once it is known to be one that the mapping reads.
pub(super) struct Origin {
    path: PathBuf,
    bytes: u64,
    schema: SchemaVersion,
    fingerprint: Fingerprint,
    /// `PRAGMA encoding`.
    pub(super) encoding: String,
}

impl Origin {
    /// Looks at it.
    pub(super) fn examine(path: &Path, recipe: &Recipe<'_>) -> Result<Self> {
        let path = fs::real_path(path)?;
        // What lies in them is not seen by a reader that takes the file for all there is.
        for suffix in ["-wal", "-journal"] {
            let beside = side_file(&path, suffix);
            match fs::metadata(&beside) {
                Ok(found) if found.len() > 0 => return Err(BuildError::Busy { path: beside }),
                Err(error) if !error.is_missing() => return Err(error.into()),
                _ => {}
            }
        }
        let bytes = fs::metadata(&path)?.len();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(open::frozen(&path), flags);
        let connection = connection.map_err(|source| open::told(&path, source))?;
        let print = schema::print(&connection, recipe.ledger).map_err(|source| open::told(&path, source))?;
        let encoding = connection.pragma_query_value(None, "encoding", |row| row.get(0));
        let encoding = encoding.map_err(sqlite("read the encoding of the old database"))?;
        let stands = ledger::read(&connection, recipe.ledger)?.stand([]);
        let fingerprint = print.fingerprint;
        match stands.schema {
            Some(schema) if !stands.dirty && recipe.mapping.admits(&schema, fingerprint) => {
                Ok(Self { path, bytes, schema, fingerprint, encoding })
            }
            schema => {
                let words = |source: &crate::transfer::mapping::Source| {
                    format!("schema {} with the fingerprint {}", source.schema, source.fingerprint)
                };
                let known: Vec<_> = recipe.mapping.sources().iter().map(words).collect();
                Err(BuildError::Source { schema, found: fingerprint, known: known.join(", ") })
            }
        }
    }

    /// A connection on which the old database is `old`, and `new`, if any, is `main`: both only to be read. It is
    /// interrupted when the work is called off.
    pub(super) fn beside(&self, new: Option<&Path>, pulse: &Pulse) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = match new {
            Some(path) => Connection::open_with_flags(open::frozen(path), flags),
            None => Connection::open_in_memory(),
        }
        .map_err(sqlite("open the new database"))?;
        if new.is_none() {
            let encoding = connection.pragma_update(None, "encoding", &self.encoding);
            encoding.map_err(sqlite("set the encoding"))?;
        }
        self.attach(&connection)?;
        pulse.interrupts(&mut connection)?;
        connection.pragma_update(None, "query_only", true).map_err(sqlite("set a connection to read only"))?;
        Ok(connection)
    }

    /// Makes it `old` on a connection.
    pub(super) fn attach(&self, connection: &Connection) -> Result<()> {
        let attached = connection
            .execute("ATTACH ?1 AS old", [open::frozen(&self.path)])
            .and_then(|_| connection.execute_batch("PRAGMA old.mmap_size = 0; PRAGMA old.cache_size = -4096"))
            .and_then(|()| connection.is_readonly(c"old"));
        match attached {
            Ok(true) => Ok(()),
            Ok(false) => Err(open::OpenError::Setting { path: self.path.clone(), pragma: "mode=ro" }.into()),
            Err(source) => Err(open::told(&self.path, source).into()),
        }
    }

    /// The digest of its bytes as they are now.
    pub(super) fn sha256(&self) -> Result<Sha256> {
        Ok(measure(&self.path)?.1)
    }

    /// Reads all of it once more: it must be what it was.
    pub(super) fn unchanged(&self, expected: Sha256) -> Result<()> {
        let found = self.sha256()?;
        if found == expected { Ok(()) } else { Err(BuildError::Changed { when: "after", found, expected }) }
    }

    pub(super) fn account(&self, sha256: Sha256) -> account::Source {
        account::Source { bytes: self.bytes, sha256, schema: self.schema.clone(), fingerprint: self.fingerprint }
    }
}
