//! Downloads from a server that misbehaves.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use gantry_installer::digest::Sha256;
use gantry_installer::sys::http::{Client, HttpError, Patience, Problem};
use gantry_installer::sys::watch::{Unwatched, Watch};
use tempfile::TempDir;

use crate::release_server::{Mode, ReleaseServer};

const SIZE: usize = 100_000;

/// A server with one artifact, and a place to download it to.
struct Setting {
    place: TempDir,
    server: ReleaseServer,
    content: Vec<u8>,
}

fn setting() -> Setting {
    let place = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..SIZE).map(|at| (at % 251) as u8).collect();
    std::fs::create_dir(place.path().join("served")).unwrap();
    std::fs::write(place.path().join("served/file"), &content).unwrap();
    let server = ReleaseServer::start(&place.path().join("served"));
    Setting { place, server, content }
}

fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        stall: Duration::from_millis(300),
        document: Duration::from_millis(300),
        attempts: 3,
        backoff: Duration::from_millis(1),
        longest_wait: Duration::from_secs(1),
    }
}

fn client(patience: Patience) -> Client {
    Client::new(None, "test").unwrap().with_patience(patience)
}

impl Setting {
    fn misbehaving(mode: Mode) -> Self {
        let setting = setting();
        setting.server.misbehave("/file", mode);
        setting
    }

    fn misbehaving_once(mode: Mode) -> Self {
        let setting = setting();
        setting.server.misbehave_first("/file", 1, mode);
        setting
    }

    /// After an attempt that left the first `count` bytes behind.
    fn left_with(count: usize) -> Self {
        let setting = Self::misbehaving_once(Mode::CloseAfter(count));
        let problem = setting.download_with(Patience { attempts: 1, ..patience() }, &Unwatched).unwrap_err().problem;
        assert!(matches!(problem, Problem::Interrupted { done, .. } if done == count as u64), "{problem:?}");
        setting
    }

    fn part(&self) -> PathBuf {
        self.place.path().join("downloads/file.part")
    }

    fn download_with(&self, patience: Patience, watch: &dyn Watch) -> Result<(), HttpError> {
        let digest = Sha256::of(&self.content);
        client(patience).download(&self.server.url("/file"), SIZE as u64, digest, &self.part(), watch)
    }

    /// Why it fails.
    fn problem(&self) -> Problem {
        self.download_with(patience(), &Unwatched).unwrap_err().problem
    }

    /// It succeeds, leaves the file and nothing else, and asks for these ranges.
    fn downloads_by(&self, ranges: &[Option<usize>]) {
        self.download_with(patience(), &Unwatched).unwrap();
        assert_eq!(std::fs::read(self.part()).unwrap(), self.content);
        assert_eq!(std::fs::read_dir(self.place.path().join("downloads")).unwrap().count(), 1);
        assert_eq!(self.server.ranges(), ranges);
    }
}

#[test]
fn a_file_arrives_whole_and_as_it_is() {
    let setting = setting();
    setting.downloads_by(&[None]);
    assert_eq!(setting.server.requests()[0].headers.get("accept-encoding"), None);
    assert_eq!(setting.server.requests()[0].headers.get("user-agent").unwrap(), "test");
}

// FM-45
#[test]
fn a_download_that_breaks_off_goes_on_where_it_stopped() {
    Setting::misbehaving_once(Mode::CloseAfter(5_000)).downloads_by(&[None, Some(5_000)]);
    Setting::misbehaving_once(Mode::StallAfter(5_000)).downloads_by(&[None, Some(5_000)]);
    Setting::misbehaving_once(Mode::NoLengthCutAfter(5_000)).downloads_by(&[None, Some(5_000)]);
    Setting::misbehaving_once(Mode::ChunkedCutAfter(5_000)).downloads_by(&[None, Some(5_000)]);
}

// FM-45
#[test]
fn a_connection_that_is_reset_is_made_again() {
    let setting = Setting::misbehaving_once(Mode::ResetAfter(5_000));
    setting.download_with(patience(), &Unwatched).unwrap();
    assert_eq!(setting.server.requests().len(), 2);
}

// FM-45
#[test]
fn the_next_run_goes_on_where_the_last_one_stopped() {
    let setting = Setting::left_with(70_000);
    setting.downloads_by(&[None, Some(70_000)]);
}

// FM-45
#[test]
fn a_connection_that_breaks_all_the_time_gets_there_in_the_end() {
    let setting = setting();
    setting.server.misbehave_first("/file", 15, Mode::CloseAfter(6_000));
    setting.download_with(patience(), &Unwatched).unwrap();
    assert_eq!(setting.server.requests().len(), 16);
}

#[test]
fn a_file_that_is_there_already_is_not_asked_for() {
    let setting = setting();
    std::fs::create_dir(setting.place.path().join("downloads")).unwrap();
    std::fs::write(setting.part(), &setting.content).unwrap();
    setting.downloads_by(&[]);
}

// FM-47
#[test]
fn the_whole_in_place_of_a_range_is_not_appended() {
    let setting = Setting::left_with(5_000);
    setting.server.misbehave("/file", Mode::IgnoreRange);
    setting.downloads_by(&[None, Some(5_000)]);
}

// FM-47
#[test]
fn another_range_than_was_asked_for_is_not_appended() {
    for mode in [Mode::OtherRange, Mode::RangeOfOtherVersion, Mode::NoSuchRange] {
        let setting = Setting::left_with(5_000);
        setting.server.misbehave("/file", mode);
        setting.downloads_by(&[None, Some(5_000), None]);
    }
}

// FM-47
#[test]
fn a_range_that_is_too_short_is_not_the_end() {
    let setting = Setting::left_with(5_000);
    setting.server.misbehave_first("/file", 1, Mode::ShortRange(1_000));
    setting.downloads_by(&[None, Some(5_000), Some(6_000)]);
}

// FM-47
#[test]
fn a_prefix_that_changed_on_the_disk_is_found_and_fetched_again() {
    let setting = Setting::left_with(5_000);
    std::fs::write(setting.part(), vec![b'x'; 5_000]).unwrap();
    setting.downloads_by(&[None, Some(5_000), None]);
}

// FM-47
#[test]
fn a_prefix_of_an_unknown_version_is_not_gone_on_from() {
    Setting::misbehaving_once(Mode::NoValidatorCutAfter(5_000)).downloads_by(&[None, None]);
    Setting::misbehaving_once(Mode::WeakETagCutAfter(5_000)).downloads_by(&[None, None]);
    Setting::misbehaving_once(Mode::DateCutAfter(5_000)).downloads_by(&[None, Some(5_000)]);
    let setting = setting();
    std::fs::create_dir(setting.place.path().join("downloads")).unwrap();
    std::fs::write(setting.part(), &setting.content[..5_000]).unwrap();
    setting.downloads_by(&[None]);
}

// FM-47
#[test]
fn a_file_that_is_longer_than_it_should_be_is_not_gone_on_from() {
    let setting = Setting::left_with(5_000);
    std::fs::write(setting.part(), [&setting.content[..], b"x"].concat()).unwrap();
    setting.downloads_by(&[None, None]);
}

// FM-47
#[test]
fn a_range_that_nobody_asked_for_is_an_error() {
    assert!(matches!(Setting::misbehaving(Mode::UnaskedRange).problem(), Problem::Status { status: 206, .. }));
}

// FM-48
#[test]
fn a_file_that_was_replaced_in_between_is_fetched_from_its_beginning() {
    let setting = setting();
    std::fs::write(setting.place.path().join("served/file"), vec![b'o'; SIZE]).unwrap();
    setting.server.misbehave_first("/file", 1, Mode::CloseAfter(5_000));
    setting.download_with(Patience { attempts: 1, ..patience() }, &Unwatched).unwrap_err();
    std::fs::write(setting.place.path().join("served/file"), &setting.content).unwrap();
    setting.downloads_by(&[None, Some(5_000)]);
}

// FM-48
#[test]
fn a_mix_of_an_old_and_a_new_file_is_fetched_again_as_a_whole() {
    let setting = Setting::misbehaving(Mode::ConstantETag);
    std::fs::write(setting.place.path().join("served/file"), vec![b'o'; SIZE]).unwrap();
    setting.server.misbehave_first("/file", 1, Mode::ConstantETag);
    let problem = setting.download_with(patience(), &CancelAfter(&Cell::new(0), 2)).unwrap_err().problem;
    assert!(matches!(problem, Problem::Cancelled), "{problem:?}");
    std::fs::write(setting.place.path().join("served/file"), &setting.content).unwrap();
    setting.download_with(patience(), &Unwatched).unwrap();
    let ranges = setting.server.ranges();
    assert_eq!((ranges.len(), ranges[0], ranges[2]), (3, None, None));
    assert!(ranges[1].is_some());
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
fn a_page_in_place_of_the_file_does_not_cost_what_is_there() {
    let setting = Setting::left_with(5_000);
    setting.server.misbehave_first("/file", 1, Mode::Html);
    assert!(matches!(setting.problem(), Problem::Size { .. }));
    setting.downloads_by(&[None, Some(5_000), Some(5_000)]);
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

/// Calls off after so much progress.
struct CancelAfter<'a>(&'a Cell<u32>, u32);

impl Watch for CancelAfter<'_> {
    fn progress(&self, _: u64, _: u64) {
        self.0.set(self.0.get() + 1);
    }

    fn cancelled(&self) -> bool {
        self.0.get() >= self.1
    }
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
    let fetch = |limit| client(patience()).fetch_small(&url, limit);
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
    assert_eq!(client.fetch_small(&url, size).unwrap(), setting.content);
    assert!(matches!(client.fetch_small(&url, size - 1).unwrap_err().problem, Problem::TooLong { .. }));
}
