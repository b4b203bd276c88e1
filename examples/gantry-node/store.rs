//! The database of a node: one thread that writes, and one connection that reads.
//!
//! The writer takes every request that waits, puts all of them into one transaction, and answers after its one
//! fsync. So an acknowledged write is durable, and a slow disk costs latency and not throughput.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::release::{Level, Release};
use crate::ulid::Ulids;
use crate::write::{Outcome, Session, Write};

const LONGEST_QUEUE: usize = 4096;
const LARGEST_BATCH: usize = 512;
const BUSY: Duration = Duration::from_secs(5);

/// A request could not be served.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite's answer.
    #[error("the database does not answer")]
    Database(#[from] rusqlite::Error),
    /// The transaction that held the write was not committed.
    #[error("the write was not committed: {0}")]
    NotCommitted(String),
    /// The node is about to end.
    #[error("the node is stopping")]
    Stopping,
    /// A setting of SQLite did not take.
    #[error("SQLite did not take the setting `{0}`")]
    Setting(&'static str),
    /// The release does not run on it.
    #[error("this release does not read schema {0}")]
    Schema(i64),
    /// A thread of the node died.
    #[error("the writer died")]
    Dead,
    /// No thread could be made.
    #[error("cannot start the writer")]
    Thread(#[from] std::io::Error),
}

type Result<T> = std::result::Result<T, StoreError>;

/// What the HTTP side holds; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    reader: Arc<Mutex<Connection>>,
    level: Level,
}

/// The thread that writes.
#[derive(Debug)]
pub struct Writer(JoinHandle<Result<()>>);

#[derive(Debug)]
struct Job {
    write: Write,
    reply: oneshot::Sender<Result<Outcome>>,
}

impl Store {
    /// Opens an existing database and starts the writer, which ends after the last clone of the store is dropped. Where it
    /// is told how often, it empties the write-ahead log between writes.
    pub fn open(database: &Path, release: &Release, empty_log: Option<Duration>) -> Result<(Self, Writer)> {
        let writing = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        durable(&writing)?;
        let reading = connect(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let live = schema(&writing)?;
        let level = Level::of(release, live).ok_or(StoreError::Schema(live))?;
        let (jobs, waiting) = mpsc::channel(LONGEST_QUEUE);
        let writer = std::thread::Builder::new().name("writer".into());
        let thread = writer.spawn(move || work(writing, level, waiting, empty_log))?;
        Ok((Self { jobs, reader: Arc::new(Mutex::new(reading)), level }, Writer(thread)))
    }

    /// Returns once the write is durable, or was declined.
    pub async fn write(&self, write: Write) -> Result<Outcome> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { write, reply }).await.map_err(|_| StoreError::Stopping)?;
        answer.await.map_err(|_| StoreError::Stopping)?
    }

    /// Runs a query beside the writer; it sees what is committed.
    pub async fn read<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, Level) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reader, level) = (Arc::clone(&self.reader), self.level);
        let asked = tokio::task::spawn_blocking(move || {
            let connection = reader.lock().unwrap_or_else(PoisonError::into_inner);
            query(&connection, level)
        });
        Ok(asked.await.map_err(|_| StoreError::Dead)??)
    }
}

impl Writer {
    /// Waits until the queue is empty and the write-ahead log is in the main file.
    pub fn finish(self) -> Result<()> {
        self.0.join().map_err(|_| StoreError::Dead)?
    }
}

/// The schema that the ledger names.
pub fn schema(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT version FROM schema_migrations", [], |row| row.get(0))
}

fn connect(database: &Path, access: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(database, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// A commit is on disk when it returns, and a child cannot lose its parent. Both are read back: the foreign keys
/// default to what SQLite was built with, and the journal stays as it is while somebody else reads.
fn durable(connection: &Connection) -> Result<()> {
    let journal: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")?;
    let foreign_keys: bool = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
    match (journal.as_str(), foreign_keys) {
        ("wal", true) => Ok(()),
        ("wal", false) => Err(StoreError::Setting("foreign_keys = ON")),
        _ => Err(StoreError::Setting("journal_mode = WAL")),
    }
}

fn work(
    mut connection: Connection,
    level: Level,
    mut waiting: mpsc::Receiver<Job>,
    empty_log: Option<Duration>,
) -> Result<()> {
    let mut ulids = Ulids::default();
    let mut emptied = Instant::now();
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < LARGEST_BATCH {
            let Ok(next) = waiting.try_recv() else { break };
            batch.push(next);
        }
        let answers = match commit(&mut connection, level, &mut ulids, &batch) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) => refuse_all(&error, batch.len()),
        };
        for (job, answer) in batch.into_iter().zip(answers) {
            // Whoever asked may have gone; the write stays.
            let _ = job.reply.send(answer);
        }
        if empty_log.is_some_and(|every| emptied.elapsed() >= every) {
            truncate_log(&connection)?;
            emptied = Instant::now();
        }
    }
    truncate_log(&connection)?;
    connection.close().map_err(|(_, error)| error.into())
}

fn truncate_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn commit(
    connection: &mut Connection,
    level: Level,
    ulids: &mut Ulids,
    batch: &[Job],
) -> rusqlite::Result<Vec<Outcome>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut session = Session { database: &transaction, level, ulids, now: microseconds() };
    let outcomes = batch.iter().map(|job| session.apply(&job.write)).collect::<rusqlite::Result<_>>()?;
    transaction.commit()?;
    Ok(outcomes)
}

fn microseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn refuse_all(error: &rusqlite::Error, count: usize) -> Vec<Result<Outcome>> {
    (0..count).map(|_| Err(StoreError::NotCommitted(error.to_string()))).collect()
}
