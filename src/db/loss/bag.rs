//! Rows without a key: how often each one is there, counted on disk.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::db::exact::{self, OpenError};
use crate::db::loss::LossError;
use crate::db::loss::pair::{Pair, Side, quote};
use crate::digest::{Hasher, Sha256};
use crate::sys::dir::Dir;
use crate::sys::seam;

const NAME: &str = "scratch-loss.db";

/// Rows by their digest, each with how much oftener one side has it.
pub(super) struct Bag {
    connection: Connection,
}

/// How many rows one side has beyond the other one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Surplus {
    pub(super) live: u64,
    pub(super) result: u64,
}

impl Bag {
    pub(super) fn create(work: &Dir) -> Result<Self, LossError> {
        work.unlink(NAME)?;
        drop(work.create_file(NAME)?);
        let path = work.path().join(NAME);
        let failed = |source| OpenError::Sqlite { path: path.display().to_string(), source };
        let identity = work.identity(NAME)?.ok_or_else(|| OpenError::Replaced { path: path.display().to_string() })?;
        let connection = exact::open(&path, identity)?;
        let settings = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
                        PRAGMA cache_size = -16384";
        seam::cross("make a disposable database");
        connection.execute_batch(settings).map_err(failed)?;
        // Open, it needs no name any more; so nothing is left after a kill.
        work.unlink(NAME)?;
        Ok(Self { connection })
    }

    /// Compares `columns` of the rows of a table that fulfil `condition`, whatever their order.
    pub(super) fn compare(
        &mut self,
        pair: &Pair,
        table: &str,
        columns: &[&str],
        condition: &str,
    ) -> rusqlite::Result<Surplus> {
        let begin = "BEGIN; DROP TABLE IF EXISTS bag;
                     CREATE TABLE bag(row BLOB PRIMARY KEY, balance INTEGER NOT NULL) WITHOUT ROWID";
        self.connection.execute_batch(begin)?;
        let quoted: Vec<_> = columns.iter().map(|column| quote(column)).collect();
        let listed = if quoted.is_empty() { "NULL".to_owned() } else { quoted.join(", ") };
        for (side, weight) in [(Side::Live, 1), (Side::Result, -1)] {
            let query = format!("SELECT {listed} FROM {}.{} WHERE {condition}", side.schema(), quote(table));
            self.add(pair, &query, weight)?;
        }
        let count = "SELECT coalesce(sum(max(balance, 0)), 0), coalesce(sum(max(-balance, 0)), 0) FROM bag";
        let (live, result): (i64, i64) = self.connection.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.connection.execute_batch("COMMIT")?;
        Ok(Surplus { live: live.unsigned_abs(), result: result.unsigned_abs() })
    }

    fn add(&self, pair: &Pair, query: &str, weight: i64) -> rusqlite::Result<()> {
        let upsert = "INSERT INTO bag VALUES (?1, ?2) ON CONFLICT DO UPDATE SET balance = balance + excluded.balance";
        let mut upsert = self.connection.prepare(upsert)?;
        let mut select = pair.connection.prepare(query)?;
        let width = select.column_count();
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            upsert.execute((digest(row, width)?.to_string(), weight))?;
        }
        Ok(())
    }
}

/// Equal exactly where SQLite's `IS` says so without a collation: 1 and 1.0 are one value, text and blob are two.
fn digest(row: &Row<'_>, width: usize) -> rusqlite::Result<Sha256> {
    let mut hasher = Hasher::new();
    let mut take = |tag: u8, bytes: &[u8]| {
        hasher.update(&[tag]);
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for index in 0..width {
        match row.get_ref(index)? {
            ValueRef::Null => take(0, &[]),
            ValueRef::Integer(value) => take(1, &value.to_le_bytes()),
            ValueRef::Real(value) => match integer(value) {
                Some(value) => take(1, &value.to_le_bytes()),
                None => take(2, &value.to_bits().to_le_bytes()),
            },
            ValueRef::Text(bytes) => take(3, bytes),
            ValueRef::Blob(bytes) => take(4, bytes),
        }
    }
    Ok(hasher.finish())
}

/// The integer that a real number is, if it is one.
fn integer(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[allow(clippy::cast_possible_truncation, reason = "within the limits, and without a fraction")]
    (value.fract() == 0.0 && (-LIMIT..LIMIT).contains(&value)).then_some(value as i64)
}
