//! Two connections to the live database, one of which always reads, and descriptors of its files.
//!
//! A connection that reads keeps the log from beginning again, and keeps what was written after its beginning out of the
//! main file. Its locks belong to this process, and closing any descriptor of the main file or of the index loses them
//! all (fcntl(2)): so the descriptors live here, and go only after the connections. Whoever else in this process closes
//! one is found out by [`Hold::is_kept`].

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::FollowError;
use super::index::{Index, LENGTH};
use crate::db::copy::split;
use crate::db::exact;
use crate::sys::clock;
use crate::sys::dir::{Access, Dir, Identity};
use crate::sys::fs::PathError;
use crate::sys::record_locks;
use crate::sys::seam;

/// Of the index: who writes, and who checkpoints (`WAL_WRITE_LOCK` and `WAL_CKPT_LOCK` behind byte 120).
const WRITER: i64 = 120;
const CHECKPOINTER: i64 = 121;
/// Of the index: who reads the log from which frame on. The first of them reads nothing of the log.
const READERS: std::ops::Range<i64> = 123..128;
/// Of the main file: that somebody has the database open (`os.h`).
const SHARED: std::ops::Range<i64> = 0x4000_0002..0x4000_0200;

/// How long a lock of somebody else is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The index is read without a lock while others write it: so often at once, then after pauses.
const LOOKS: u32 = 50;

/// Keeps the live database from forgetting what was written.
pub(super) struct Hold {
    /// Reads, except while it is let go for a moment.
    reading: Connection,
    /// Does not, except while it takes over.
    resting: Connection,
    pub(super) files: Files,
}

/// The database's files, by descriptors of our own.
pub(super) struct Files {
    /// The main file.
    pub main: Arc<File>,
    /// The log.
    pub log: File,
    /// The index.
    pub index: File,
    /// Their directory.
    pub directory: Dir,
    /// The database's name there.
    pub name: String,
    /// The path of the main file.
    pub path: PathBuf,
    /// Which file it is.
    pub identity: Identity,
}

impl Hold {
    /// Opens the database and begins to read. Nothing where it has no write-ahead log.
    pub(super) fn take(live: &Path) -> Result<Option<Self>, FollowError> {
        let (directory, name) = split(live)?;
        let missing = || FollowError::Missing { path: live.display().to_string() };
        let identity = directory.identity(name)?.ok_or_else(missing)?;
        // What a crash left in the log stays there; where there is none, nor is one left by us.
        let left = directory.length(&format!("{name}-wal"))?.unwrap_or(0) > 0;
        seam::cross("open the live database, which recovers it after a crash");
        let reading = connect(live, identity, left)?;
        let mode: String = ask(&reading, live, "PRAGMA journal_mode")?;
        if mode != "wal" {
            return Ok(None);
        }
        begin(&reading, live)?;
        let resting = connect(live, identity, left)?;
        // Not before the database is held: closing one of them after an error then loses nothing.
        let open = |suffix: &str, access| directory.open_file(&format!("{name}{suffix}"), access);
        let (main, log, index) =
            (open("", Access::ReadWrite)?, open("-wal", Access::Read)?, open("-shm", Access::Read)?);
        let name = name.to_owned();
        let files = Files { main: Arc::new(main), log, index, directory, name, path: live.to_owned(), identity };
        Ok(Some(Self { reading, resting, files }))
    }

    /// Whether the locks that all rests on are still there.
    pub(super) fn is_kept(&self) -> Result<bool, FollowError> {
        let files = &self.files;
        Ok(record_locks::is_ours(&files.index, &READERS)? && record_locks::is_ours(&files.main, &SHARED)?)
    }

    /// The other connection begins to read from where the log is now. Both do until [`Hold::hand_over`].
    pub(super) fn renew(&self) -> Result<(), FollowError> {
        end(&self.resting, &self.files.path)?;
        begin(&self.resting, &self.files.path)
    }

    /// The connection that has read for longer rests, and the other one goes on.
    pub(super) fn hand_over(&mut self) -> Result<(), FollowError> {
        end(&self.reading, &self.files.path)?;
        std::mem::swap(&mut self.reading, &mut self.resting);
        Ok(())
    }

    /// Brings into the main file what the reading allows, by the connection that rests.
    pub(super) fn checkpoint(&self) -> Result<(), FollowError> {
        checkpoint(&self.resting, &self.files.path).map(|_| ())
    }

    /// Keeps everybody from writing, by the connection that rests, until [`Hold::close`].
    pub(super) fn keep_writers_out(&self) -> Result<(), FollowError> {
        let path = &self.files.path;
        run(&self.resting, path, "keep writers out of", "PRAGMA query_only = OFF; BEGIN IMMEDIATE")?;
        // Reading repairs an index that was torn by a kill.
        ask::<i64>(&self.resting, path, "SELECT count(*) FROM sqlite_schema").map(|_| ())
    }

    /// Brings all of the log into the main file while [`Hold::keep_writers_out`] holds, and makes it durable. Tells whether
    /// it really was all.
    pub(super) fn settle(&self) -> Result<bool, FollowError> {
        end(&self.reading, &self.files.path)?;
        let whole = checkpoint(&self.reading, &self.files.path)?;
        // Some of it may be there since a checkpoint of a service that does not sync.
        seam::cross("sync the live database");
        let synced = self.files.main.sync_data().map_err(PathError::on("sync", &self.files.path));
        synced.inspect_err(|_| self.leave_log())?;
        Ok(whole)
    }

    /// The log stays when we go. It holds what could not be made durable in the main file, and the next one to open the
    /// database alone brings all of it in again.
    pub(super) fn leave_log(&self) {
        for connection in [&self.reading, &self.resting] {
            // The setting is only a bit of an open connection.
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }

    /// Closes both connections without a checkpoint, and keeps the descriptors.
    pub(super) fn close(self) -> Result<Files, FollowError> {
        let Self { reading, resting, files } = self;
        for connection in [resting, reading] {
            let failed = |source| FollowError::sqlite("close", &files.path, source);
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
            end(&connection, &files.path)?;
            connection.close().map_err(|(_, source)| FollowError::sqlite("close", &files.path, source))?;
        }
        Ok(files)
    }
}

impl Files {
    /// What the index says now, or nothing where it stays torn: the writer was killed, and the next one repairs it.
    pub(super) fn index(&self) -> Result<Option<Index>, FollowError> {
        read_index(&self.index, &self.path)
    }

    /// The process that has the log to itself: it writes and checkpoints at once, as one does that waits for all readers
    /// to go (`SQLITE_CHECKPOINT_FULL` and what is above it).
    pub(super) fn sole_user(&self) -> Result<Option<i32>, FollowError> {
        let failed = || PathError::on("ask for the locks of", &self.path);
        let writer = record_locks::other(&self.index, WRITER).map_err(failed())?;
        if writer.is_none() {
            return Ok(None);
        }
        let checkpointer = record_locks::other(&self.index, CHECKPOINTER).map_err(failed())?;
        Ok(writer.filter(|_| writer == checkpointer))
    }

    /// The length of the main file in bytes.
    pub(super) fn length(&self) -> Result<u64, FollowError> {
        Ok(self.main.metadata().map_err(PathError::on("look at", &self.path))?.len())
    }

    /// The length of the log in bytes.
    pub(super) fn log_length(&self) -> Result<u64, FollowError> {
        Ok(self.log.metadata().map_err(PathError::on("look at the log of", &self.path))?.len())
    }
}

/// What the index of the log of `live` says.
pub(super) fn read_index(index: &File, live: &Path) -> Result<Option<Index>, FollowError> {
    for look in 0..2 * LOOKS {
        let mut bytes = [0; LENGTH];
        match index.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {}
            read => read.map_err(PathError::on("read the index of the log of", live))?,
        }
        if let Some(index) = Index::parse(&bytes) {
            return Ok(Some(index));
        }
        if look >= LOOKS {
            clock::pause(Duration::from_micros(200));
        }
    }
    Ok(None)
}

fn connect(live: &Path, identity: Identity, keep_log: bool) -> Result<Connection, FollowError> {
    let connection = exact::open(live, identity)?;
    let failed = |source| FollowError::sqlite("open", live, source);
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_log).map_err(failed)?;
    let settings = "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL; PRAGMA mmap_size = 0;
                    PRAGMA query_only = ON";
    connection.execute_batch(settings).map_err(failed)?;
    Ok(connection)
}

fn begin(connection: &Connection, live: &Path) -> Result<(), FollowError> {
    run(connection, live, "hold the log of", "BEGIN; SELECT count(*) FROM sqlite_schema")
}

fn end(connection: &Connection, live: &Path) -> Result<(), FollowError> {
    if connection.is_autocommit() { Ok(()) } else { run(connection, live, "let go of the log of", "ROLLBACK") }
}

fn checkpoint(connection: &Connection, live: &Path) -> Result<bool, FollowError> {
    seam::cross("checkpoint the live database");
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let done: rusqlite::Result<(i64, i64, i64)> = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], row);
    let (busy, log, moved) = done.map_err(|source| FollowError::sqlite("checkpoint", live, source))?;
    Ok(busy == 0 && log == moved)
}

fn ask<T: rusqlite::types::FromSql>(connection: &Connection, live: &Path, words: &str) -> Result<T, FollowError> {
    connection.query_row(words, [], |row| row.get(0)).map_err(|source| FollowError::sqlite("read", live, source))
}

fn run(connection: &Connection, live: &Path, tried: &'static str, words: &str) -> Result<(), FollowError> {
    connection.execute_batch(words).map_err(|source| FollowError::sqlite(tried, live, source))
}

#[cfg(test)]
impl Hold {
    /// What must never be: nobody reads.
    pub(super) fn let_go(&self) -> Result<(), FollowError> {
        end(&self.reading, &self.files.path)
    }

    /// Begins to read again.
    pub(super) fn take_again(&self) -> Result<(), FollowError> {
        begin(&self.reading, &self.files.path)
    }
}
