//! What is there is kept, and the rest is of the same version.

use std::cell::Cell;

use gantry_installer::sys::http::{Patience, Problem};
use gantry_installer::sys::watch::Unwatched;

use crate::download::{CancelAfter, SIZE, Setting, patience, setting};
use crate::release_server::Mode;

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

#[test]
fn a_page_in_place_of_the_file_does_not_cost_what_is_there() {
    let setting = Setting::left_with(5_000);
    setting.server.misbehave_first("/file", 1, Mode::Html);
    assert!(matches!(setting.problem(), Problem::Size { .. }));
    setting.downloads_by(&[None, Some(5_000), Some(5_000)]);
}
