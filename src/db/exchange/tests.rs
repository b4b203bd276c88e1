#![allow(clippy::disallowed_methods, reason = "the tests build the files that they look at, and kill a child")]

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::*;
use crate::sys::seam;

const CHILD: &str = "EXCHANGE_TEST_CHILD";
const GARBAGE: &[u8] = b"neither a log nor a journal";

/// A live database in WAL mode and a new one in its work directory.
struct Site {
    directory: tempfile::TempDir,
    before: Vec<u8>,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let site = Self { before: Vec::new(), directory };
        fs::create_dir(site.work()).unwrap();
        database(&site.live(), "old");
        database(&site.work().join("r1.new"), "new");
        Self { before: fs::read(site.live()).unwrap(), ..site }
    }

    fn exchanged() -> Self {
        let site = Self::new();
        in_it(site.directory.path(), |exchange| exchange.perform(&prove(exchange), Beside::Nothing).unwrap());
        site
    }

    fn live(&self) -> PathBuf {
        self.directory.path().join("live.db")
    }

    fn work(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    fn state(&self) -> ExchangeState {
        in_it(self.directory.path(), |exchange| exchange.state().unwrap())
    }

    fn is_old(&self) {
        assert_eq!(fs::read(self.live()).unwrap(), self.before);
        assert!(!self.work().join("r1.old").exists());
        for suffix in side_files::SUFFIXES {
            assert!(!self.directory.path().join(format!("live.db{suffix}")).exists(), "{suffix} is left");
        }
        assert_eq!(rows(&self.live()), ["old"]);
    }

    fn is_new(&self) {
        assert_eq!(fs::read(self.work().join("r1.old")).unwrap(), self.before);
        assert_eq!(rows(&self.live()), ["new"]);
        assert_eq!(self.state(), ExchangeState::Exchanged);
    }

    /// Runs `action` in processes that die before their first, second, … operation, each on a new site, and hands every
    /// dead one's site to `check`.
    fn kill_everywhere(make: impl Fn() -> Self, action: &str, check: impl Fn(&Self)) {
        for number in 1.. {
            let site = make();
            let argument = format!("{action} {number} {}", site.directory.path().display());
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "db::exchange::tests::child", "--test-threads=1", "--nocapture"])
                .env(CHILD, argument)
                .output()
                .unwrap();
            check(&site);
            if child.status.success() {
                assert!(number > 5, "the fault never fired");
                return;
            }
            assert_eq!(child.status.signal(), Some(9), "{}", String::from_utf8_lossy(&child.stdout));
        }
    }
}

fn in_it<T>(directory: &Path, act: impl FnOnce(&Exchange<'_>) -> T) -> T {
    let live = Dir::open(directory).unwrap();
    let work = Dir::open(&directory.join("work")).unwrap();
    act(&Exchange { live: &live, name: "live.db", work: &work, run: "r1" })
}

fn prove(exchange: &Exchange<'_>) -> Alone {
    Alone::prove(&exchange.live.path().join(exchange.name)).unwrap()
}

fn database(path: &Path, row: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t(a)").unwrap();
    connection.execute("INSERT INTO t VALUES (?1)", [row]).unwrap();
}

fn rows(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT a FROM t ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The exchange of a live file that cannot be settled, with what lies beside it.
fn replace(exchange: &Exchange<'_>) -> Result<(), ExchangeError> {
    let alone = Alone::hold(&exchange.live.path().join(exchange.name)).unwrap();
    exchange.perform(&alone, Beside::GoesAlong)
}

/// What a service that is killed leaves: rows that are only in the log.
fn write_and_leave_a_log(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    connection.execute("INSERT INTO t VALUES ('written by the new one')", []).unwrap();
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    path.with_file_name(format!("{}{suffix}", path.file_name().unwrap().to_str().unwrap()))
}

#[test]
fn child() {
    let Ok(argument) = std::env::var(CHILD) else { return };
    let mut words = argument.splitn(3, ' ');
    let action = words.next().unwrap();
    seam::arm(words.next().unwrap().parse().unwrap());
    in_it(Path::new(words.next().unwrap()), |exchange| match action {
        "perform" => exchange.perform(&prove(exchange), Beside::Nothing),
        "replace" => replace(exchange),
        "undo" => exchange.undo(Started::No),
        _ => exchange.undo(Started::Yes),
    })
    .unwrap();
}

/// FM-7
#[test]
fn an_exchange_that_is_killed_anywhere_is_finished_by_running_it_again() {
    Site::kill_everywhere(Site::new, "perform", |site| {
        in_it(site.directory.path(), |exchange| exchange.perform(&prove(exchange), Beside::Nothing).unwrap());
        site.is_new();
    });
}

#[test]
fn an_exchange_that_is_killed_anywhere_is_undone_to_the_very_bytes() {
    Site::kill_everywhere(Site::new, "perform", |site| {
        in_it(site.directory.path(), |exchange| exchange.undo(Started::No).unwrap());
        // Its own log may be there still: the proof that comes first may have been killed.
        assert_eq!(rows(&site.live()), ["old"]);
        site.is_old();
    });
}

/// FM-1, FM-7: the log of a damaged file is never beside the new one, and returns with its own.
#[test]
fn a_damaged_file_that_is_replaced_takes_its_log_along_and_gets_it_back_wherever_it_is_killed() {
    let make = || {
        let site = Site::new();
        fs::write(beside(&site.live(), "-wal"), GARBAGE).unwrap();
        site
    };
    Site::kill_everywhere(make, "replace", |site| {
        let log = beside(&site.live(), "-wal");
        if site.state() == ExchangeState::Exchanged {
            assert!(!log.exists());
            assert_eq!(fs::read(site.work().join("r1.old-wal")).unwrap(), GARBAGE);
        }
        in_it(site.directory.path(), |exchange| exchange.undo(Started::No).unwrap());
        assert_eq!((fs::read(site.live()).unwrap(), fs::read(log).unwrap()), (site.before.clone(), GARBAGE.to_vec()));
        assert!(!site.work().join("r1.old").exists());
    });
}

#[test]
fn an_undo_that_is_killed_anywhere_is_finished_by_running_it_again() {
    Site::kill_everywhere(Site::exchanged, "undo", |site| {
        in_it(site.directory.path(), |exchange| exchange.undo(Started::No).unwrap());
        site.is_old();
        assert_eq!(site.state(), ExchangeState::Nothing);
    });
}

/// FM-1, FM-3: the log goes into the file that it belongs to, and never into the other one.
#[test]
fn an_undo_after_a_start_keeps_what_was_written_wherever_it_is_killed() {
    let make = || {
        let site = Site::exchanged();
        write_and_leave_a_log(&site.live());
        assert!(fs::metadata(beside(&site.live(), "-wal")).unwrap().len() > 0);
        site
    };
    Site::kill_everywhere(make, "undo-started", |site| {
        in_it(site.directory.path(), |exchange| exchange.undo(Started::Yes).unwrap());
        site.is_old();
        assert_eq!(site.state(), ExchangeState::Undone);
        assert_eq!(rows(&site.work().join("r1.abandoned")), ["new", "written by the new one"]);
    });
}

/// FM-7: a log that SQLite cannot take in (here it refuses a symlink) moves together with its file.
#[test]
fn a_log_that_cannot_be_settled_moves_with_the_given_up_file_wherever_it_is_killed() {
    let make = || {
        let site = Site::exchanged();
        write_and_leave_a_log(&site.live());
        let aside = site.directory.path().join("aside");
        fs::rename(beside(&site.live(), "-wal"), &aside).unwrap();
        std::os::unix::fs::symlink(&aside, beside(&site.live(), "-wal")).unwrap();
        site
    };
    Site::kill_everywhere(make, "undo-started", |site| {
        in_it(site.directory.path(), |exchange| exchange.undo(Started::Yes).unwrap());
        site.is_old();
        assert_eq!(site.state(), ExchangeState::Undone);
        let log = site.work().join("r1.abandoned-wal");
        fs::rename(site.directory.path().join("aside"), log).unwrap();
        assert_eq!(rows(&site.work().join("r1.abandoned")), ["new", "written by the new one"]);
    });
}

/// FM-2: a hot rollback journal is rolled back into its own file.
#[test]
fn a_hot_journal_of_the_new_file_never_reaches_the_old_one() {
    let site = Site::exchanged();
    let (main, journal) = (site.live(), beside(&site.live(), "-journal"));
    let connection = Connection::open(&main).unwrap();
    connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN").unwrap();
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                INSERT INTO t SELECT hex(randomblob(100)) FROM n";
    connection.execute_batch(fill).unwrap();
    let torn = (fs::read(&main).unwrap(), fs::read(&journal).unwrap());
    assert_eq!(torn.1[..8], [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
    drop(connection);
    fs::write(&main, torn.0).unwrap();
    fs::write(&journal, torn.1).unwrap();

    in_it(site.directory.path(), |exchange| exchange.undo(Started::Yes).unwrap());

    site.is_old();
    assert_eq!(rows(&site.work().join("r1.abandoned")), ["new"]);
}

#[test]
fn a_log_beside_the_live_name_stops_the_rename() {
    let site = Site::new();
    in_it(site.directory.path(), |exchange| {
        let alone = prove(exchange);
        fs::write(beside(&site.live(), "-wal"), GARBAGE).unwrap();
        assert!(matches!(exchange.perform(&alone, Beside::Nothing), Err(ExchangeError::Pending { .. })));
    });
    fs::remove_file(beside(&site.live(), "-wal")).unwrap();
    site.is_old();
}

#[test]
fn nothing_is_exchanged_back_under_a_service_that_still_runs() {
    let site = Site::exchanged();
    let service = Connection::open(site.live()).unwrap();
    service.execute("INSERT INTO t VALUES ('more')", []).unwrap();
    in_it(site.directory.path(), |exchange| {
        assert!(matches!(exchange.undo(Started::Yes), Err(ExchangeError::NotAlone(_))));
        assert_eq!(exchange.state().unwrap(), ExchangeState::Exchanged);
    });
    assert_eq!(rows(&site.live()), ["new", "more"]);
}

#[test]
fn both_names_of_one_file_after_a_power_cut_are_understood() {
    let exchanged = Site::exchanged();
    fs::hard_link(exchanged.live(), exchanged.work().join("r1.new")).unwrap();
    in_it(exchanged.directory.path(), |exchange| exchange.perform(&prove(exchange), Beside::Nothing).unwrap());
    exchanged.is_new();
    assert!(!exchanged.work().join("r1.new").exists());

    let undone = Site::new();
    fs::hard_link(undone.live(), undone.work().join("r1.old")).unwrap();
    in_it(undone.directory.path(), |exchange| exchange.undo(Started::No).unwrap());
    undone.is_old();
}

#[test]
fn a_live_file_that_is_neither_is_left_alone() {
    let site = Site::exchanged();
    database(&site.work().join("r1.new"), "third");
    in_it(site.directory.path(), |exchange| {
        assert!(matches!(exchange.undo(Started::No), Err(ExchangeError::Foreign { .. })));
    });
    assert_eq!(rows(&site.live()), ["new"]);
}
