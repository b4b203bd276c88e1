//! A log that begins again while it is followed. It may do so once where all of it was in the main file when the reading
//! began, for then nothing of the log is read: whatever was being done with the old one is done again with the new one.

use std::cell::Cell;

use rusqlite::Connection;

use super::rounds::Site;
use crate::db::follow::scan::{Broken, Place};
use crate::db::follow::{FollowError, Follower, Lost};
use crate::sys::watch::{Unwatched, Watch};

const WRITE: &str = "INSERT INTO t(b) VALUES (randomblob(5000)); UPDATE t SET b = randomblob(700) WHERE a < 9";

/// Writes once, at the first question.
struct Writing<'a>(&'a Connection, Cell<bool>);

impl Watch for Writing<'_> {
    fn progress(&self, _: u64, _: u64) {}

    fn cancelled(&self) -> bool {
        if !self.1.replace(true) {
            self.0.execute_batch(WRITE).unwrap();
        }
        false
    }
}

/// A service whose log has frames, all of which are in the main file, and a follower that has read none of them yet.
fn followed(site: &Site) -> (Connection, Follower) {
    let service = Connection::open(site.live()).unwrap();
    service.execute_batch(WRITE).unwrap();
    let frames = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let (frames, moved) = service.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], frames).unwrap();
    assert!(frames > 0 && frames == moved);
    let mut follower = Follower::begin(&site.live(), &site.work, "r1.new", &Unwatched).unwrap().unwrap();
    follower.place = Place::of(follower.index().unwrap());
    (service, follower)
}

fn ends_equal(site: &Site, service: Connection, follower: Follower) {
    drop(service);
    follower.finish(&Unwatched).unwrap();
    let copy = site.work.path().join("r1.new");
    assert!(std::fs::read(site.live()).unwrap() == std::fs::read(copy).unwrap());
}

#[test]
fn a_log_that_begins_again_while_it_is_read_is_read_again() {
    let site = Site::quiet(4);
    let (service, mut follower) = followed(&site);
    let old = follower.index().unwrap();
    service.execute_batch(WRITE).unwrap();
    let new = follower.index().unwrap();
    assert!(new.salts != old.salts && old.last_frame > 0);
    // As if it had begun again after the index was looked at: the frames that are there now are others.
    assert!(matches!(follower.read_up_to(&old), Err(Broken::BeganAgain)));
    follower.scan().unwrap();
    assert!(follower.place.seen == new);
    ends_equal(&site, service, follower);
}

#[test]
fn pages_of_a_log_that_begins_again_while_they_are_copied_are_copied_again() {
    let site = Site::quiet(5);
    let (service, mut follower) = followed(&site);
    let old = follower.index().unwrap();
    follower.scan().unwrap();
    assert!(follower.apply(&Writing(&service, Cell::new(false))).unwrap() > 0);
    assert!(follower.place.seen.salts != old.salts);
    ends_equal(&site, service, follower);
}

#[test]
fn a_log_that_began_again_before_all_of_it_was_in_the_main_file_is_not_followed_any_more() {
    let site = Site::quiet(6);
    let (service, mut follower) = followed(&site);
    follower.place.full = false;
    service.execute_batch(WRITE).unwrap();
    assert!(matches!(follower.scan(), Err(FollowError::Lost { why: Lost::BeganAgain, .. })));
}
