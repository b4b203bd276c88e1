//! A service that does everything to its database that one can do, in a process of its own: this test program itself,
//! started with the name of one test and a word in its environment.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;

use super::dice::Dice;

const WORD: &str = "GANTRY_INSTALLER_TEST_WRITER";

/// A process that writes until it is told to end, or killed. It says a letter after each thing that it did.
pub struct Writer(Child);

impl Writer {
    pub fn start(live: &Path, seed: u64) -> Self {
        let mut writer =
            Self::begin("db::follow::tests::writer::a_writer_writes_until_it_is_told_to_end", live, &seed.to_string());
        writer.wait_for(1);
        writer
    }

    /// A service of another kind: it wants an empty log after each of its writes. It says `x` where it got one, and `b`
    /// where it waited in vain.
    pub fn start_tidy(live: &Path) -> Self {
        Self::begin("db::follow::tests::writer::a_tidy_writer_wants_an_empty_log_after_each_write", live, "0")
    }

    fn begin(test: &str, live: &Path, seed: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]);
        command.env(WORD, format!("{seed} {}", live.display()));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Waits until it has done so many things more, and tells what it said. Returns early where it has ended.
    pub fn wait_for(&mut self, things: usize) -> String {
        let mut letters = vec![b' '; things];
        let _ = self.0.stderr.as_mut().unwrap().read_exact(&mut letters);
        String::from_utf8(letters).unwrap()
    }

    /// Ends it as `kill -9` does, or in order.
    pub fn end(mut self, kill: bool) {
        if kill {
            let _ = self.0.kill();
        }
        drop(self.0.stdin.take());
        // What it still has to say must not stop it.
        let mut rest = Vec::new();
        let _ = self.0.stderr.take().unwrap().read_to_end(&mut rest);
        self.0.wait().unwrap();
    }
}

#[test]
fn a_writer_writes_until_it_is_told_to_end() {
    let Ok(word) = std::env::var(WORD) else { return };
    let (seed, path) = word.split_once(' ').unwrap();
    let mut dice = Dice::new(seed.parse().unwrap());
    let (said, told) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        drop(said);
    });
    let mut connection = open(path, &mut dice);
    let mut out = std::io::stderr();
    while told.try_recv() != Err(std::sync::mpsc::TryRecvError::Disconnected) {
        if dice.roll(60) == 0 {
            connection = open(path, &mut dice);
        }
        // Another one may be in the way: then nothing was done, and that is something too.
        let _ = connection.execute_batch(&deed(&mut dice));
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        let _ = out.write_all(b"x");
    }
    if dice.roll(3) == 0 {
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

#[test]
fn a_tidy_writer_wants_an_empty_log_after_each_write() {
    let Ok(word) = std::env::var(WORD) else { return };
    let (_, path) = word.split_once(' ').unwrap();
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    loop {
        connection.execute_batch("INSERT INTO t(b) VALUES (randomblob(5000))").unwrap();
        let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
        if std::io::stderr().write_all(if busy == 0 { b"x" } else { b"b" }).is_err() {
            return;
        }
    }
}

fn open(path: &str, dice: &mut Dice) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_millis(50)).unwrap();
    let synchronous = ["OFF", "NORMAL", "FULL"][dice.roll(3)];
    let every = [0, 10, 1000][dice.roll(3)];
    let map = [0, 1 << 24][dice.roll(2)];
    let settings = format!(
        "PRAGMA synchronous = {synchronous}; PRAGMA wal_autocheckpoint = {every}; PRAGMA mmap_size = {map};
         PRAGMA cache_size = 20; PRAGMA secure_delete = {}",
        dice.roll(2)
    );
    let _ = connection.execute_batch(&settings);
    connection
}

fn deed(dice: &mut Dice) -> String {
    let id = dice.roll(3000);
    let size = [10, 300, 5000, 70_000][dice.roll(4)];
    let kind = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"][dice.roll(4)];
    match dice.roll(40) {
        0..12 => format!("INSERT INTO t(b) VALUES (randomblob({size}))"),
        12..20 => format!("UPDATE t SET b = randomblob({size}) WHERE a = {id}"),
        20..24 => format!("DELETE FROM t WHERE a BETWEEN {id} AND {}", id + dice.roll(100)),
        24..26 => format!("UPDATE t SET b = randomblob({}) WHERE a % 7 = {}", size.min(300), dice.roll(7)),
        26..28 => format!("BEGIN; UPDATE t SET b = randomblob(700); DELETE FROM t WHERE a > {id}; ROLLBACK"),
        28..30 => format!("CREATE TABLE IF NOT EXISTS u{id}(x); INSERT INTO u{id} SELECT b FROM t LIMIT 20"),
        30 => "DELETE FROM t WHERE a > 500; CREATE INDEX IF NOT EXISTS i ON t(b)".to_owned(),
        31 => format!("DROP INDEX IF EXISTS i; DROP TABLE IF EXISTS u{id}"),
        32 => "VACUUM".to_owned(),
        33..35 => format!("PRAGMA incremental_vacuum({})", dice.roll(50)),
        _ => format!("PRAGMA wal_checkpoint({kind})"),
    }
}
