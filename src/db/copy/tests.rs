#![allow(clippy::disallowed_methods, reason = "the tests build the files that they look at")]

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::config::DbConfig;

use super::*;
use crate::db::alone::Alone;
use crate::db::catch_up::catch_up;
use crate::sys::watch::Unwatched;

struct Site {
    temporary: tempfile::TempDir,
    live: PathBuf,
    work: Dir,
}

impl Site {
    fn new(mode: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let live = temporary.path().join("live.db");
        fs::create_dir(temporary.path().join("work")).unwrap();
        let work = Dir::open(&temporary.path().join("work")).unwrap();
        let site = Self { temporary, live, work };
        let connection = site.open();
        connection.pragma_update(None, "journal_mode", mode).unwrap();
        connection.execute_batch("CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE TABLE pair(a, b)").unwrap();
        site
    }

    fn open(&self) -> Connection {
        let connection = Connection::open(&self.live).unwrap();
        connection.pragma_update(None, "synchronous", "off").unwrap();
        connection
    }

    /// About 8 MiB, which is more than one step.
    fn fill(&self) {
        let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                    INSERT INTO t(b) SELECT randomblob(900) FROM n";
        self.open().execute_batch(fill).unwrap();
    }

    fn copied(&self) -> PathBuf {
        self.work.path().join("r1.new")
    }

    fn catch_up(&self) -> u64 {
        let alone = Alone::prove(&self.live).unwrap();
        let caught_up = catch_up(&alone, &self.work, "r1.new", &Unwatched).unwrap();
        assert_eq!(fs::read(&self.live).unwrap(), fs::read(self.copied()).unwrap());
        caught_up.pages
    }
}

/// Writes once whenever it is told of progress.
struct Writing<'a>(&'a Connection, Cell<u32>);

impl Watch for Writing<'_> {
    fn progress(&self, _done: u64, _total: u64) {
        self.1.set(self.1.get() + 1);
        self.0.execute("UPDATE t SET b = randomblob(900) WHERE a = 1", []).unwrap();
    }

    fn cancelled(&self) -> bool {
        false
    }
}

struct Cancelling;

impl Watch for Cancelling {
    fn progress(&self, _done: u64, _total: u64) {}

    fn cancelled(&self) -> bool {
        true
    }
}

/// FM-5: a transaction is wholly in the copy or not at all.
#[test]
fn a_copy_under_load_ends_and_is_one_state_of_the_database() {
    let site = Site::new("wal");
    site.fill();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let writer = site.open();
            // As fast as a service that keeps what it acknowledges: nobody's disk takes more than that for long.
            writer.pragma_update(None, "synchronous", "full").unwrap();
            let mut number = 0_i64;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let both = format!(
                    "BEGIN; INSERT INTO pair VALUES ({number}, 1); INSERT INTO t(b) VALUES (1);
                                    INSERT INTO pair VALUES ({number}, 2); COMMIT"
                );
                writer.execute_batch(&both).unwrap();
            }
        });
        let outcome = copy(&site.live, &site.work, "r1.new", &Unwatched);
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(outcome.unwrap(), CopyOutcome::Taken { .. }));
    });
    let copied = Connection::open(site.copied()).unwrap();
    let halves = "SELECT count(*) FROM (SELECT 1 FROM pair GROUP BY a HAVING count(*) <> 2)";
    assert_eq!(copied.query_row(halves, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    assert_eq!(copied.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    drop(copied);
    site.catch_up();
}

/// FM-4: what is only in the log is in the copy too, after a crash as well.
#[test]
fn rows_that_are_only_in_the_log_are_copied_and_the_live_files_stay_as_they_are() {
    let site = Site::new("wal");
    let crashed = site.open();
    crashed.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    crashed.execute("INSERT INTO t VALUES (1, 'in the log')", []).unwrap();
    drop(crashed);
    let log = site.temporary.path().join("live.db-wal");
    let before = (fs::read(&site.live).unwrap(), fs::read(&log).unwrap());

    copy(&site.live, &site.work, "r1.new", &Unwatched).unwrap();

    assert_eq!((fs::read(&site.live).unwrap(), fs::read(&log).unwrap()), before);
    let copied = Connection::open(site.copied()).unwrap();
    let row: String = copied.query_row("SELECT b FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(row, "in the log");
}

#[test]
fn a_copy_is_caught_up_to_the_very_bytes() {
    for mode in ["wal", "delete"] {
        let site = Site::new(mode);
        site.fill();
        copy(&site.live, &site.work, "r1.new", &Unwatched).unwrap();
        let later = "UPDATE t SET b = 'changed' WHERE a % 5000 = 0; DELETE FROM t WHERE a > 15000; VACUUM";
        site.open().execute_batch(later).unwrap();
        assert!(site.catch_up() > 0, "{mode}");
        assert_eq!(site.catch_up(), 0, "{mode}");
    }
}

#[test]
fn without_a_log_a_copy_that_is_disturbed_too_often_waits_for_the_stop() {
    let site = Site::new("delete");
    site.fill();
    let writer = site.open();
    let watch = Writing(&writer, Cell::new(0));
    let outcome = copy(&site.live, &site.work, "r1.new", &watch).unwrap();
    assert!(matches!(outcome, CopyOutcome::AfterStop { bytes, .. } if bytes > 8 << 20), "{outcome:?}");
    assert!(watch.1.get() <= RESTARTS + 1);
    drop(writer);
    site.catch_up();
    let copied = Connection::open(site.copied()).unwrap();
    assert_eq!(copied.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
}

#[test]
fn who_wants_the_whole_copy_at_once_gets_no_half_of_one() {
    let site = Site::new("delete");
    site.fill();
    let writer = site.open();
    let refused = copy_whole(&site.live, &site.work, "r1.new", &Writing(&writer, Cell::new(0)));
    assert!(matches!(refused, Err(CopyError::Busy { .. })), "{refused:?}");
    assert!(!site.copied().exists());
}

#[test]
fn a_copy_belongs_to_the_owner_of_the_database_and_to_nobody_else() {
    let site = Site::new("wal");
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&site.live, Some(1234), Some(2345)).unwrap();
    }
    copy(&site.live, &site.work, "r1.new", &Unwatched).unwrap();
    let found = fs::metadata(site.copied()).unwrap();
    assert_eq!(attributes::owner(&site.copied()).unwrap(), attributes::owner(&site.live).unwrap());
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777, 0o600);
}

#[test]
fn a_leftover_is_replaced_and_a_cancelled_copy_leaves_nothing() {
    let site = Site::new("wal");
    fs::write(site.copied(), "left by a run that was killed").unwrap();
    copy(&site.live, &site.work, "r1.new", &Unwatched).unwrap();
    assert!(Connection::open(site.copied()).unwrap().execute_batch("SELECT * FROM t").is_ok());

    let cancelled = copy(&site.live, &site.work, "r1.new", &Cancelling);
    assert!(matches!(cancelled, Err(CopyError::Cancelled { .. })));
    assert_eq!(fs::read_dir(site.work.path()).unwrap().count(), 0);
}
