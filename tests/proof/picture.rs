//! All of a machine that an operation may change, as a value: of two pictures one can say whether they are the same.

use std::path::{Path, PathBuf};

use gantry_installer::digest::Sha256;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::world::World;

/// What stands on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What `current` points to.
    pub version: Option<String>,
    /// Digest of the live database: its schema, its ledger, and all rows of all tables.
    pub content: Option<String>,
    /// The release that answers at the health address.
    pub answers: Option<String>,
    /// What is listed, oldest first.
    pub backups: Vec<Backup>,
}

/// A listed backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    pub kind: String,
    pub version: String,
    /// Of its database, as in [`Picture::content`].
    pub content: String,
}

impl Picture {
    /// The machine as it is now. Nothing of it is opened by SQLite: the log would be settled by that.
    pub fn of(world: &World) -> Result<Self, String> {
        Ok(Self {
            version: world.current(),
            content: content(&world.database())?,
            answers: world.answers(),
            backups: backups(&world.path("backups"))?,
        })
    }

    /// The pair that belongs together.
    pub fn pair(&self) -> (Option<&str>, Option<&str>) {
        (self.version.as_deref(), self.content.as_deref())
    }
}

impl std::fmt::Display for Picture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        let short = |digest: &str| if digest.len() == 64 { digest[..8].to_owned() } else { digest.to_owned() };
        let (version, answers) = (word(&self.version), word(&self.answers));
        write!(out, "{version}, database {}, {answers} answers, backups", short(&word(&self.content)))?;
        let mut backups = self.backups.iter();
        backups.try_for_each(|one| write!(out, " [{} {} {}]", one.kind, one.version, short(&one.content)))
    }
}

fn backups(directory: &Path) -> Result<Vec<Backup>, String> {
    let mut records: Vec<PathBuf> = std::fs::read_dir(directory)
        .map_err(|error| format!("no backups: {error}"))?
        .map(|entry| entry.unwrap().path().join("backup.json"))
        .filter(|record| record.exists())
        .collect();
    // Their names begin with the number of their run, or of their making.
    records.sort();
    records.iter().map(|record| backup(record)).collect()
}

fn backup(record: &Path) -> Result<Backup, String> {
    let bytes = std::fs::read(record).map_err(|error| format!("{}: {error}", record.display()))?;
    let known: Value = serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", record.display()))?;
    let text = |key: &str| known[key].as_str().unwrap_or_default().to_owned();
    let content = content(&record.with_file_name("database.db"))?;
    let content = content.ok_or_else(|| format!("{} has no database", record.display()))?;
    Ok(Backup { kind: text("kind"), version: text("version"), content })
}

/// Digest of a database, from a copy of it with what lies beside it. Nothing where there is none.
///
/// Errors: where it cannot be read.
pub fn content(database: &Path) -> Result<Option<String>, String> {
    if !database.exists() {
        return Ok(None);
    }
    let room = tempfile::tempdir_in(crate::frozen::quick()).unwrap();
    let copy = room.path().join("copy.db");
    std::fs::copy(database, &copy).unwrap();
    for suffix in ["-wal", "-journal"] {
        let beside = PathBuf::from(format!("{}{suffix}", database.display()));
        if beside.exists() {
            std::fs::copy(&beside, format!("{}{suffix}", copy.display())).unwrap();
        }
    }
    let wrong = |error: rusqlite::Error| format!("`{}` cannot be read: {error}", database.display());
    let connection = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(wrong)?;
    digest(&connection).map_err(wrong).map(Some)
}

fn digest(connection: &Connection) -> rusqlite::Result<String> {
    let small = connection.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))? < 4096;
    if small {
        let health: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if health != "ok" {
            return Ok(format!("damaged: {health}"));
        }
    }
    let mut text = Vec::new();
    rows(connection, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name", &mut text)?;
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let names = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    for name in names {
        text.extend_from_slice(name.as_bytes());
        rows(connection, &format!("SELECT * FROM \"{name}\""), &mut text)?;
    }
    Ok(Sha256::of(&text).to_string())
}

/// Each value with its kind and length, so that no two contents give the same text. Small tables come in the order of
/// their rows, which an upgrade keeps.
fn rows(connection: &Connection, sql: &str, text: &mut Vec<u8>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        for column in 0..columns {
            let (kind, bytes) = match row.get_ref(column)? {
                ValueRef::Null => ('n', Vec::new()),
                ValueRef::Integer(number) => ('i', number.to_string().into_bytes()),
                ValueRef::Real(number) => ('r', number.to_bits().to_string().into_bytes()),
                ValueRef::Text(bytes) => ('t', bytes.to_vec()),
                ValueRef::Blob(bytes) => ('b', bytes.to_vec()),
            };
            text.extend_from_slice(format!("{kind}{} ", bytes.len()).as_bytes());
            text.extend(bytes);
        }
        text.push(b'\n');
    }
    Ok(())
}
