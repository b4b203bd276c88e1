//! What is wrong is refused, what may pass is tried again, and each is told from the other.

use std::cell::Cell;
use std::time::Duration;

use gantry_installer::digest::Sha256;
use gantry_installer::sys::http::{Patience, Problem};
use gantry_installer::sys::watch::Unwatched;

use crate::download::{CancelAfter, SIZE, Setting, client, patience, setting};
use crate::release_server::Mode;

// FM-47
#[test]
fn a_range_that_nobody_asked_for_is_an_error() {
    assert!(matches!(Setting::misbehaving(Mode::UnaskedRange).problem(), Problem::Status { status: 206, .. }));
}

// FM-48, FM-49
#[test]
fn a_wrong_digest_is_tried_once_more_and_then_an_error_that_leaves_nothing() {
    Setting::misbehaving_once(Mode::FlippedBit).downloads_by(&[None, None]);
    let setting = Setting::misbehaving(Mode::FlippedBit);
    assert!(matches!(setting.problem(), Problem::Digest { .. }));
    assert_eq!(setting.server.requests().len(), 2);
    assert_eq!(std::fs::read_dir(setting.place.path().join("downloads")).unwrap().count(), 0);
}

// FM-49
#[test]
fn another_size_is_an_error_before_anything_is_read() {
    let size = |mode| match Setting::misbehaving(mode).problem() {
        Problem::Size { found, content_type, .. } => (found, content_type),
        other => panic!("{other:?}"),
    };
    assert_eq!(size(Mode::Longer(1)), (SIZE as u64 + 1, None));
    assert_eq!(size(Mode::Empty), (0, None));
    assert_eq!(size(Mode::Html), (26, Some("text/html".to_owned())));
}

#[test]
fn endless_data_is_cut_off() {
    let setting = Setting::misbehaving(Mode::Endless);
    assert!(matches!(setting.problem(), Problem::Size { .. }));
    assert_eq!(std::fs::metadata(setting.part()).unwrap().len(), 0);
    assert_eq!(setting.server.requests().len(), 1);
}

#[test]
fn a_body_without_a_length_is_taken() {
    Setting::misbehaving(Mode::NoLength).downloads_by(&[None]);
}

#[test]
fn a_server_that_never_goes_on_is_named_as_such() {
    let setting = Setting::misbehaving(Mode::StallAfter(0));
    assert!(matches!(setting.problem(), Problem::Stalled { .. }));
    assert_eq!(setting.server.requests().len(), 3);
}

#[test]
fn a_server_that_trickles_is_given_up_and_what_came_is_kept() {
    let setting = Setting::misbehaving(Mode::Drip(Duration::from_millis(5)));
    assert!(matches!(setting.problem(), Problem::Trickle { bytes: 1..1000, .. }));
    assert!((1..1000).contains(&std::fs::metadata(setting.part()).unwrap().len()));
    assert_eq!(setting.server.requests().len(), 1);
}

#[test]
fn a_server_in_trouble_is_asked_again_for_a_while() {
    for mode in [Mode::Status(500), Mode::RetryAfter(503, 0), Mode::RetryAfter(429, 0)] {
        Setting::misbehaving_once(mode).downloads_by(&[None, None]);
    }
    let setting = Setting::misbehaving(Mode::Status(500));
    assert!(matches!(setting.problem(), Problem::Status { status: 500, .. }));
    assert_eq!(setting.server.requests().len(), 3);
}

// FM-50
#[test]
fn a_server_that_says_no_is_asked_once() {
    for mode in [Mode::Status(404), Mode::Status(403), Mode::RetryAfter(429, 3600)] {
        let setting = Setting::misbehaving(mode);
        assert!(matches!(setting.problem(), Problem::Status { status: 400..500, .. }));
        assert_eq!(setting.server.requests().len(), 1);
    }
}

#[test]
fn redirects_are_followed_within_bounds() {
    let setting = setting();
    setting.server.misbehave_first("/file", 9, Mode::Redirect("/file".to_owned()));
    setting.download_with(patience(), &Unwatched).unwrap();
    let setting = Setting::misbehaving(Mode::Redirect("/file".to_owned()));
    assert!(matches!(setting.problem(), Problem::Redirect(_)));
    assert_eq!(setting.server.requests().len(), 11);
}

#[test]
fn headers_without_end_are_an_error() {
    let problem = Setting::misbehaving(Mode::HugeHeaders).problem();
    assert!(matches!(problem, Problem::Interrupted { .. }), "{problem:?}");
}

#[test]
fn a_server_that_is_not_there_is_out_of_reach() {
    let url = setting().server.url("/file");
    let place = tempfile::tempdir().unwrap();
    let error = client(patience()).download(&url, 1, Sha256::of(b"x"), &place.path().join("part"), &Unwatched);
    let error = error.unwrap_err();
    assert!(matches!(error.problem, Problem::Unreachable(_)), "{error:?}");
    assert!(error.to_string().contains(&url) && error.problem.remedy().is_some());
}

#[test]
fn a_download_is_called_off_while_nothing_comes() {
    let setting = Setting::misbehaving(Mode::StallAfter(5_000));
    let endless = Patience { stall: Duration::from_secs(3600), ..patience() };
    let problem = setting.download_with(endless, &CancelAfter(&Cell::new(0), 1)).unwrap_err().problem;
    assert!(matches!(problem, Problem::Cancelled));
}

#[test]
fn a_small_document_is_fetched_within_bounds() {
    let setting = setting();
    let url = setting.server.url("/file");
    let fetch = |limit| client(patience()).fetch_small(&url, limit, &Unwatched);
    assert_eq!(fetch(SIZE as u64).unwrap(), setting.content);
    assert!(matches!(fetch(SIZE as u64 - 1).unwrap_err().problem, Problem::TooLong { .. }));
    for (mode, kind) in [(Mode::Endless, "TooLong"), (Mode::Drip(Duration::from_millis(5)), "Slow")] {
        setting.server.misbehave("/file", mode);
        let problem = fetch(SIZE as u64).unwrap_err().problem;
        assert!(format!("{problem:?}").starts_with(kind), "{problem:?}");
    }
    setting.server.misbehave("/file", Mode::Ok);
    setting.server.misbehave_first("/file", 2, Mode::Status(500));
    assert_eq!(fetch(SIZE as u64).unwrap(), setting.content);
}

// FM-49
#[test]
fn a_file_of_this_machine_is_checked_like_any_other() {
    let setting = setting();
    let url = format!("file://{}", setting.place.path().join("served/file").display());
    let client = client(patience());
    let download = |url: &str, size, digest| {
        client.download(url, size, digest, &setting.part(), &Unwatched).map_err(|e| e.problem)
    };
    let (size, digest) = (SIZE as u64, Sha256::of(&setting.content));
    download(&url, size, digest).unwrap();
    assert_eq!(std::fs::read(setting.part()).unwrap(), setting.content);
    std::fs::remove_file(setting.part()).unwrap();
    assert!(matches!(download(&url, size + 1, digest), Err(Problem::Size { .. })));
    assert!(matches!(download(&format!("{url}.missing"), size, digest), Err(Problem::File(_))));
    assert!(matches!(download(&url, size, Sha256::of(b"")), Err(Problem::Digest { .. })));
    assert!(!setting.part().exists());
    assert_eq!(client.fetch_small(&url, size, &Unwatched).unwrap(), setting.content);
    assert!(matches!(client.fetch_small(&url, size - 1, &Unwatched).unwrap_err().problem, Problem::TooLong { .. }));
}
