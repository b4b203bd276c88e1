//! Opening a database: to look at one that is in use without changing it, or to work on a copy of our own.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::config::ForeignKeys;
use crate::db::side_files;
use crate::sys::fs;
use crate::sys::seam;

mod error;
mod settle;

pub use error::OpenError;
pub use settle::settle;

/// A connection for looking at a database that may be in use. It changes nothing in the main file, and nothing in a
/// write-ahead log that a crash left.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    immutable: bool,
}

/// How long a look waits for a writer: a gate must answer at once.
const LOOK: Duration = Duration::from_millis(250);

impl Reader {
    /// Opens a database and reads its schema once.
    ///
    /// # Errors
    /// Everything that keeps it from being read, told apart; also a rollback journal after a crash, as reading would
    /// roll it back.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let path = existing(path)?;
        let (wal, journal) = (side_file(&path, "-wal"), side_file(&path, "-journal"));
        let wal_there = fs::exists(&wal)?;
        let access = match fs::exists(&journal)? {
            true => OpenFlags::SQLITE_OPEN_READ_ONLY,
            false => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let opened = Connection::open_with_flags(&path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .and_then(|connection| looking(connection, wal_there));
        match opened {
            Ok(connection) => Ok(Self { connection, immutable: false }),
            Err(error) => match told(&path, error) {
                // Without a log the main file is the whole database, unless a writer is just beginning: the caller
                // passes on that this look could not be locked.
                OpenError::ReadOnly { .. } | OpenError::Permission { .. } | OpenError::Unopened { .. }
                    if !wal_there =>
                {
                    immutable(&path)
                }
                error => Err(error),
            },
        }
    }

    /// Opens the main file past the lock of whoever has the database to himself. What is only in his log is not seen, and
    /// what he is just writing may be torn.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn open_past_lock(path: &Path) -> Result<Self, OpenError> {
        immutable(&existing(path)?)
    }

    /// To ask it things.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the file was read without any lock, because this user may not lock it.
    pub fn is_immutable(&self) -> bool {
        self.immutable
    }
}

/// The URI of a file that nobody changes while it is open: it is read without any lock, and nothing is made beside it.
pub(crate) fn frozen(path: &Path) -> String {
    format!("file:{}?mode=ro&immutable=1", escaped(path))
}

fn immutable(path: &Path) -> Result<Reader, OpenError> {
    let uri = frozen(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
        .and_then(|connection| looking(connection, true))
        .map(|connection| Reader { connection, immutable: true })
        .map_err(|error| told(path, error))
}

fn looking(connection: Connection, keep_wal: bool) -> rusqlite::Result<Connection> {
    // A log that a crash left stays as it is. Where there was none, the empty one that this connection makes may go.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_wal)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.busy_timeout(LOOK)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.execute_batch("PRAGMA mmap_size = 0")?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Makes a database without tables of an empty file, which the caller created with its owner and mode.
///
/// # Errors
/// A file that is missing or has bytes already.
pub fn create(path: &Path) -> Result<(), OpenError> {
    create_encoded(path, "UTF-8")
}

/// The same, with text in an encoding of SQLite's, as `PRAGMA encoding` names it.
///
/// # Errors
/// A file that is missing or has bytes already.
pub fn create_encoded(path: &Path, encoding: &str) -> Result<(), OpenError> {
    match existing(path) {
        Err(OpenError::Empty { .. }) => {}
        Ok(_) => return Err(OpenError::NotEmpty { path: path.to_owned() }),
        Err(error) => return Err(error),
    }
    seam::cross("make an empty database");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // Any write makes the first page; the product chooses its journal mode itself.
    let made = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        if encoding != "UTF-8" {
            connection.pragma_update(None, "encoding", encoding)?;
            // Only the first table writes it into the file.
            connection.execute_batch("CREATE TABLE first (a); DROP TABLE first")?;
        }
        connection.execute_batch("PRAGMA user_version = 0")
    });
    made.map_err(|error| told(path, error))
}

/// Opens a copy of our own, which nobody else has open, for reading and writing.
///
/// `path` must have its symlinks resolved.
///
/// # Errors
/// Everything that keeps it from being used; a file that is missing or empty is never made into a database.
pub fn open_owned(path: &Path, foreign_keys: ForeignKeys) -> Result<Connection, OpenError> {
    existing(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // Its index stays in our memory: a mapped one ends us with SIGBUS on a full disk whose blocks are smaller than a page.
    let opened = Connection::open_with_flags_and_vfs(path, flags, c"unix-excl");
    owned(path, opened.map_err(|error| told(path, error))?, foreign_keys)
}

/// A database in memory, gone when it is closed.
pub(crate) fn open_memory(foreign_keys: ForeignKeys) -> Result<Connection, OpenError> {
    let path = Path::new(":memory:");
    let connection = Connection::open_in_memory().map_err(|error| told(path, error))?;
    owned(path, connection, foreign_keys)
}

/// A cache of 16 MiB bounds the memory that a migration takes, however much it changes.
fn owned(path: &Path, connection: Connection, foreign_keys: ForeignKeys) -> Result<Connection, OpenError> {
    connection
        .busy_timeout(Duration::ZERO)
        .and_then(|()| connection.execute_batch("PRAGMA mmap_size = 0; PRAGMA cache_size = -16384"))
        .and_then(|()| connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())))
        .map_err(|error| told(path, error))?;
    set_foreign_keys(&connection, foreign_keys)?;
    Ok(connection)
}

/// Sets whether foreign keys are enforced, and reads it back: the bundled SQLite has them on by default, the product's
/// may not, and inside a transaction the pragma does nothing at all.
///
/// # Errors
/// The setting did not take.
pub(crate) fn set_foreign_keys(connection: &Connection, wanted: ForeignKeys) -> Result<(), OpenError> {
    let path = Path::new(connection.path().unwrap_or(":memory:"));
    let enforced = wanted == ForeignKeys::Enforced;
    let taken: bool = connection
        .pragma_update(None, "foreign_keys", enforced)
        .and_then(|()| connection.pragma_query_value(None, "foreign_keys", |row| row.get(0)))
        .map_err(|error| told(path, error))?;
    if taken == enforced { Ok(()) } else { Err(OpenError::Setting { path: path.to_owned(), pragma: "foreign_keys" }) }
}

/// Whether a connection enforces them now.
pub(crate) fn foreign_keys(connection: &Connection) -> Result<ForeignKeys, OpenError> {
    let path = Path::new(connection.path().unwrap_or(":memory:"));
    let enforced = connection.pragma_query_value(None, "foreign_keys", |row| row.get(0));
    let enforced: bool = enforced.map_err(|error| told(path, error))?;
    Ok(if enforced { ForeignKeys::Enforced } else { ForeignKeys::Ignored })
}

/// The real path of a file that is there and has bytes.
fn existing(path: &Path) -> Result<PathBuf, OpenError> {
    let looked = fs::real_path(path).and_then(|real| Ok((fs::metadata(&real)?.len(), real)));
    if let Ok((_, real)) = &looked {
        side_files::check(real)?;
    }
    match looked {
        Ok((0, _)) => Err(OpenError::Empty { path: path.to_owned() }),
        Ok((_, real)) => Ok(real),
        Err(error) if error.is_missing() => Err(OpenError::Missing { path: path.to_owned() }),
        Err(error) if error.source.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(OpenError::Permission { path: path.to_owned() })
        }
        Err(error) => Err(error.into()),
    }
}

/// `name.db-wal` and the like.
pub(crate) fn side_file(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

pub(crate) fn told(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error() {
        Some(error) if error.extended_code == ffi::SQLITE_READONLY_ROLLBACK => OpenError::HotJournal { path },
        Some(error) => match error.code {
            ErrorCode::NotADatabase => OpenError::Foreign { path },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => OpenError::Locked { path },
            ErrorCode::ReadOnly => OpenError::ReadOnly { path },
            ErrorCode::PermissionDenied => OpenError::Permission { path },
            ErrorCode::CannotOpen => OpenError::Unopened { path, source },
            ErrorCode::DatabaseCorrupt => OpenError::Corrupt { path, source },
            _ => OpenError::Other { path, source },
        },
        None => OpenError::Other { path, source },
    }
}

/// A path as part of a URI: <https://sqlite.org/uri.html>.
fn escaped(path: &Path) -> String {
    let escape = |&byte: &u8| match byte {
        b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    path.as_os_str().as_bytes().iter().map(escape).collect()
}

#[cfg(test)]
mod tests;
