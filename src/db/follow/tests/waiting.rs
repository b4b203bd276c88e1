//! Nobody waits for us in vain.

use super::rounds::Site;
use super::writer::Writer;
use crate::db::follow::{Follower, Next};
use crate::sys::watch::Unwatched;

#[test]
fn a_service_that_wants_an_empty_log_gets_one_while_it_is_followed() {
    let mut site = Site::quiet(1);
    site.writers.push(Writer::start_tidy(&site.live()));
    site.writers[0].wait_for(3);
    let mut follower = Follower::begin(&site.live(), &site.work, "r1.new", &Unwatched).unwrap().unwrap();
    follower.settle_down(Next::Rehearsal, &Unwatched).unwrap();
    let mut said = String::new();
    // What it says may have been said before, and lain in the pipe: only pages show that it wrote since.
    let mut pages = 0;
    while said.len() < 30 || pages == 0 {
        let following = follower.in_background().unwrap();
        said += &site.writers[0].wait_for(10);
        follower = following.back().unwrap();
        pages += follower.settle_down(Next::Stop, &Unwatched).unwrap().pages;
    }
    site.writers.remove(0).end(true);
    assert_eq!(said, "x".repeat(said.len()));
    let caught = follower.in_background().unwrap().back().unwrap().finish(&Unwatched).unwrap();
    assert!(caught.pages >= pages);
    let copy = site.work.path().join("r1.new");
    assert!(std::fs::read(site.live()).unwrap() == std::fs::read(copy).unwrap());
}

#[test]
fn where_nothing_was_written_no_page_is_copied_again() {
    let site = Site::quiet(2);
    let mut follower = Follower::begin(&site.live(), &site.work, "r1.new", &Unwatched).unwrap().unwrap();
    follower.settle_down(Next::Rehearsal, &Unwatched).unwrap();
    let caught = follower.in_background().unwrap().back().unwrap().finish(&Unwatched).unwrap();
    assert_eq!(caught.pages, 0);
    assert_eq!(std::fs::metadata(site.live()).unwrap().len(), caught.bytes);
}

#[test]
fn a_database_without_a_log_is_not_followed() {
    let site = Site::quiet(3);
    rusqlite::Connection::open(site.live()).unwrap().execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    assert!(Follower::begin(&site.live(), &site.work, "r1.new", &Unwatched).unwrap().is_none());
}

#[test]
fn a_few_pages_are_durable_before_a_stop_and_may_wait_before_a_rehearsal() {
    let site = Site::quiet(4);
    let mut follower = Follower::begin(&site.live(), &site.work, "r1.new", &Unwatched).unwrap().unwrap();
    follower.settle_down(Next::Rehearsal, &Unwatched).unwrap();
    assert_eq!(follower.unsynced, 0);
    let service = rusqlite::Connection::open(site.live()).unwrap();
    service.execute_batch("CREATE TABLE written (a)").unwrap();
    assert!(follower.settle_down(Next::Rehearsal, &Unwatched).unwrap().pages > 0);
    assert!(follower.unsynced > 0);
    assert_eq!(follower.settle_down(Next::Stop, &Unwatched).unwrap().pages, 0);
    assert_eq!(follower.unsynced, 0);
}

#[test]
fn a_log_that_began_again_is_read_before_a_service_tries_to_bring_it_in() {
    let site = Site::quiet(5);
    let mut follower = Follower::begin(&site.live(), &site.work, "r1.new", &Unwatched).unwrap().unwrap();
    follower.settle_down(Next::Rehearsal, &Unwatched).unwrap();
    let service = rusqlite::Connection::open(site.live()).unwrap();
    service.execute_batch("PRAGMA wal_autocheckpoint = 0; CREATE TABLE written (a)").unwrap();
    let moved = || service.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(2)).unwrap();
    follower.keep_up().unwrap();
    assert_eq!(moved(), 0);
    while follower.place.seen.last_frame < 500 {
        service.execute_batch("INSERT INTO written VALUES (zeroblob(4000))").unwrap();
        follower.keep_up().unwrap();
    }
    assert!(moved() >= 500);
}
