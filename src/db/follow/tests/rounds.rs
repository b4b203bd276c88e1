//! The copy equals the live file to the byte, whatever was done to that one meanwhile; and this very test would see it if
//! it did not.

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::dice::Dice;
use super::writer::Writer;
use crate::db::follow::{Caught, FollowError, Follower, Lost, Next};
use crate::sys::dir::Dir;
use crate::sys::watch::Watch;

/// What is done wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// Nobody reads while the copy is taken, and nobody asks whether somebody does.
    NoHold,
    /// A file of the database is opened and closed in this process while it is followed.
    StrayClose(&'static str),
}

/// What came of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Equal,
    Different,
    /// It was seen that the copy could not be made equal.
    Refused(Option<Lost>),
}

pub(super) struct Site {
    pub directory: tempfile::TempDir,
    pub work: Dir,
    dice: Dice,
    pub writers: Vec<Writer>,
}

/// While the copy is taken, the writers go on.
struct Slow<'a>(RefCell<(&'a mut Vec<Writer>, Dice)>, usize);

impl Watch for Slow<'_> {
    fn progress(&self, _: u64, _: u64) {
        let (writers, dice) = &mut *self.0.borrow_mut();
        let number = dice.roll(writers.len());
        writers[number].wait_for(dice.roll(self.1));
    }

    fn cancelled(&self) -> bool {
        false
    }
}

impl Site {
    pub fn new(seed: u64) -> Self {
        let mut site = Self::quiet(seed);
        for _ in 0..=site.dice.roll(3) {
            site.begin_to_write();
        }
        site
    }

    /// Nobody writes yet.
    pub fn quiet(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let directory = tempfile::tempdir_in(if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" }).unwrap();
        fs::create_dir(directory.path().join("work")).unwrap();
        let work = Dir::open(&directory.path().join("work")).unwrap();
        let page = 512 << dice.roll(8);
        let words = format!(
            "PRAGMA page_size = {page}; PRAGMA auto_vacuum = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
             CREATE TABLE t(a INTEGER PRIMARY KEY, b);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
             INSERT INTO t(b) SELECT randomblob(600) FROM n;",
            dice.roll(3),
            dice.roll(4000) + 1
        );
        Connection::open(directory.path().join("live.db")).unwrap().execute_batch(&words).unwrap();
        Self { directory, work, dice, writers: Vec::new() }
    }

    pub fn live(&self) -> PathBuf {
        self.directory.path().join("live.db")
    }

    fn begin_to_write(&mut self) {
        let seed = self.dice.next();
        self.writers.push(Writer::start(&self.live(), seed));
    }

    /// A while passes, in which writers may die and others come.
    fn live_on(&mut self) {
        for _ in 0..self.dice.roll(4) {
            let number = self.dice.roll(self.writers.len());
            if self.dice.roll(3) == 0 {
                self.writers.remove(number).end(self.dice.roll(2) == 0);
                self.begin_to_write();
            } else {
                let things = self.dice.roll(30);
                self.writers[number].wait_for(things);
            }
        }
    }

    fn follow(&mut self, wrong: Wrong) -> Result<Caught, FollowError> {
        let live = self.live();
        let seed = self.dice.next();
        let things = if wrong == Wrong::NoHold { 10 } else { 3 };
        let slow = Slow(RefCell::new((&mut self.writers, Dice::new(seed))), things);
        let mut follower = match wrong {
            Wrong::NoHold => Follower::begin_without_hold(&live, &self.work, "r1.new", &slow)?,
            _ => Follower::begin(&live, &self.work, "r1.new", &slow)?.unwrap(),
        };
        if let Wrong::StrayClose(suffix) = wrong {
            drop(fs::File::open(self.directory.path().join(format!("live.db{suffix}"))).unwrap());
        }
        for _ in 0..self.dice.roll(4) {
            let following = follower.in_background()?;
            self.live_on();
            follower = following.back()?;
            if self.dice.roll(2) == 0 {
                let next = if self.dice.roll(2) == 0 { Next::Rehearsal } else { Next::Stop };
                follower.settle_down(next, &crate::sys::watch::Unwatched)?;
            }
        }
        let following = follower.in_background()?;
        while let Some(writer) = self.writers.pop() {
            let kill = self.dice.roll(2) == 0;
            writer.end(kill);
        }
        following.back()?.finish(&crate::sys::watch::Unwatched)
    }

    fn round(mut self, wrong: Wrong) -> End {
        match self.follow(wrong) {
            Err(FollowError::Lost { why, .. }) => End::Refused(Some(why)),
            Err(error) if wrong != Wrong::Nothing || error.is_locked() => End::Refused(None),
            Err(error) => panic!("{error}: {error:?}"),
            Ok(caught) => {
                let copy = self.work.path().join("r1.new");
                let (here, there) = (fs::read(self.live()).unwrap(), fs::read(&copy).unwrap());
                let names = ["live.db-wal", "live.db-shm"].map(|name| self.directory.path().join(name).exists());
                assert_eq!(names, [false; 2]);
                assert_eq!(caught.bytes, here.len() as u64);
                drop(caught);
                let sound: String = Connection::open(&copy)
                    .unwrap()
                    .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                    .unwrap_or_else(|error| error.to_string());
                if here == there && sound == "ok" { End::Equal } else { End::Different }
            }
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.writers.drain(..).for_each(|writer| writer.end(true));
    }
}

/// How many rounds; more of them by hand.
fn count(usual: u64) -> u64 {
    std::env::var("GANTRY_INSTALLER_TEST_ROUNDS").map_or(usual, |count| count.parse().unwrap())
}

fn ends(rounds: u64, wrong: Wrong) -> Vec<End> {
    // Another seed each time that more rounds are asked for would find more; the usual ones are always the same.
    (0..rounds).map(|seed| Site::new(seed).round(wrong)).collect()
}

/// For whoever runs many rounds by hand.
fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

fn told(ends: &[End], end: impl Fn(&End) -> bool) -> usize {
    ends.iter().filter(|one| end(one)).count()
}

#[test]
fn a_copy_that_follows_a_nasty_writer_equals_the_live_file_to_the_byte() {
    let ends = ends(count(30), Wrong::Nothing);
    let equal = told(&ends, |end| *end == End::Equal);
    say(&format!("{equal} of {} equal", ends.len()));
    assert_eq!(told(&ends, |end| *end == End::Different), 0, "{ends:?}");
    assert!(equal * 10 >= ends.len() * 8, "{ends:?}");
}

#[test]
fn a_copy_that_nobody_held_the_log_for_is_caught() {
    let ends = ends(count(40), Wrong::NoHold);
    say(&format!("{} of {} different", told(&ends, |end| *end == End::Different), ends.len()));
    assert!(told(&ends, |end| *end == End::Different) > 0, "{ends:?}");
}

#[test]
fn a_stray_close_is_noticed() {
    for suffix in ["", "-shm"] {
        let ends = ends(count(10), Wrong::StrayClose(suffix));
        let refused = told(&ends, |end| matches!(end, End::Refused(_)));
        say(&format!("{refused} of {} refused", ends.len()));
        assert_eq!(refused, ends.len(), "{suffix}: {ends:?}");
    }
}
