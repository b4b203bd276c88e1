use super::super::sample::{manifest, release, version};
use super::*;

pub(super) fn from(text: &str, range: &str) -> Release {
    Release { from: Some(range.parse().unwrap()), ..release(text) }
}

pub(super) fn import(text: &str, range: &str) -> Release {
    Release { import: Some("import/from-v1".to_owned()), ..from(text, range) }
}

pub(super) fn barrier(release: Release) -> Release {
    Release { barrier: true, ..release }
}

pub(super) fn yanked(release: Release) -> Release {
    Release { yanked: Some("loses rows".to_owned()), ..release }
}

pub(super) fn dead_end(release: Release) -> Release {
    Release { deadend: Some("its updater is broken".to_owned()), ..release }
}

pub(super) fn on(channel: &str, release: Release) -> Release {
    Release { channel: channel.to_owned(), ..release }
}

/// The way as text, or the refusal's.
fn told(releases: Vec<Release>, installed: &str, target: &str, skip: &[&str]) -> Result<String, String> {
    let skip: Vec<Version> = skip.iter().map(|text| version(text)).collect();
    let installed = (!installed.is_empty()).then(|| version(installed));
    let target: Option<Target> = (!target.is_empty()).then(|| target.parse().unwrap());
    let asked = Asked {
        installed: installed.as_ref(),
        target: target.as_ref(),
        channel: "beta",
        installer: &version("0.3.0"),
        skip: &skip,
    };
    let manifest = manifest(releases);
    let way = way(&manifest, &asked).map_err(|error| error.to_string())?;
    Ok(way.iter().map(|release| release.version.to_string()).collect::<Vec<_>>().join(" "))
}

fn way_of(releases: Vec<Release>, installed: &str, target: &str) -> String {
    told(releases, installed, target, &[]).unwrap()
}

fn refusal(releases: Vec<Release>, installed: &str, target: &str) -> String {
    told(releases, installed, target, &[]).unwrap_err()
}

fn plain(versions: &[&str]) -> Vec<Release> {
    versions.iter().map(|text| release(text)).collect()
}

#[test]
fn without_ranges_every_release_of_the_major_is_one_hop_away() {
    assert_eq!(way_of(plain(&["1.4.0", "1.5.0", "1.6.0"]), "1.4.0", ""), "1.6.0");
    assert_eq!(way_of(plain(&["1.4.0", "1.5.0", "1.5.2", "1.6.0"]), "1.4.0", "1.5"), "1.5.2");
}

#[test]
fn without_a_target_the_way_stays_inside_the_major() {
    assert_eq!(way_of(vec![release("1.5.0"), import("2.0.0", ">=1")], "1.4.0", ""), "1.5.0");
    assert_eq!(way_of(vec![release("1.5.0"), import("2.0.0", ">=1")], "1.4.0", "2"), "2.0.0");
}

#[test]
fn another_major_is_entered_through_its_import_alone_and_after_the_stops_before_it() {
    let releases = |last| vec![release("1.5.0"), barrier(release("1.6.0")), release("1.7.0"), last];
    assert_eq!(way_of(releases(import("2.0.0", ">=1.7")), "1.5.0", "2"), "1.6.0 1.7.0 2.0.0");
    let refused = refusal(releases(from("2.0.0", ">=1.7")), "1.5.0", "2");
    assert!(refused.contains("of another major"), "{refused}");
    // Beyond it migrations lead on.
    let beyond = vec![import("2.0.0", ">=1.7"), release("2.1.0"), release("1.7.0")];
    assert_eq!(way_of(beyond, "1.7.0", "2"), "2.0.0 2.1.0");
}

#[test]
fn another_major_is_refused_as_such() {
    let refusal = refusal(plain(&["1.5.0", "2.0.0"]), "1.5.0", "2.0");
    assert_eq!(
        refusal,
        "release `2.0.0` is of another major than `1.5.0`, and no way in place leads from one to the other"
    );
}

#[test]
fn the_installed_release_is_nothing_to_do_even_if_no_manifest_knows_it() {
    for target in ["", "1.6.0", "1.6", "1"] {
        assert_eq!(way_of(plain(&["1.5.0", "1.6.0"]), "1.6.0", target), "");
    }
    assert_eq!(way_of(plain(&["1.5.0"]), "1.7.0", ""), "");
    assert_eq!(way_of(plain(&["1.5.0"]), "1.7.0", "1.7.0"), "");
}

#[test]
fn a_target_below_the_installed_release_is_refused() {
    for target in ["1.4.0", "1.4", "1.3.7"] {
        let refusal = told(plain(&["1.4.0", "1.5.0"]), "1.5.0", target, &[]).unwrap_err();
        assert!(refusal.ends_with("below the installed `1.5.0`") || refusal.contains("no release"), "{refusal}");
    }
    let (target, installed) = (version("1.4.0"), version("1.5.0"));
    assert_eq!(NoWay::Below { target, installed }.remedy().unwrap(), "run `gantry-installer rollback --to 1.4.0`");
}

#[test]
fn a_first_installation_goes_straight_to_the_target() {
    let releases = vec![release("1.4.0"), barrier(from("1.5.0", ">=1.4")), from("1.6.0", ">=1.5")];
    assert_eq!(way_of(releases.clone(), "", ""), "1.6.0");
    assert_eq!(way_of(releases, "", "1.4"), "1.4.0");
}

#[test]
fn a_barrier_in_between_is_always_a_stop() {
    let releases = vec![release("1.4.0"), barrier(release("1.5.0")), release("1.6.0"), barrier(release("1.7.0"))];
    assert_eq!(way_of(releases.clone(), "1.4.0", "1.6.0"), "1.5.0 1.6.0");
    assert_eq!(way_of(releases.clone(), "1.4.0", "1.7.0"), "1.5.0 1.7.0");
    assert_eq!(way_of(releases, "1.5.0", "1.6.0"), "1.6.0");
}

#[test]
fn a_barrier_that_cannot_be_stopped_at_blocks_the_way_by_name() {
    let blocked = refusal(vec![yanked(barrier(release("1.5.0"))), release("1.6.0")], "1.4.0", "1.6.0");
    assert_eq!(blocked, "every way to `1.6.0` must stop at `1.5.0`, which is withdrawn: loses rows");
    let blocked = refusal(vec![dead_end(barrier(release("1.5.0"))), release("1.6.0")], "1.4.0", "");
    assert!(blocked.ends_with("stop at `1.5.0`, which leads nowhere: its updater is broken"), "{blocked}");
}

#[test]
fn of_the_shortest_ways_the_one_with_the_highest_versions_is_taken() {
    let releases = vec![
        from("1.2.0", ">=1.0"),
        from("1.3.0", ">=1.0"),
        from("1.4.0", ">=1.2, <1.3"),
        from("1.5.0", ">=1.2, <1.4"),
    ];
    assert_eq!(way_of(releases.clone(), "1.1.0", "1.5"), "1.3.0 1.5.0");
    assert_eq!(way_of(releases, "1.1.0", "1.4"), "1.2.0 1.4.0");
}

#[test]
fn yanked_releases_and_dead_ends_are_no_stops() {
    let last = from("1.5.0", "1.4");
    assert_eq!(way_of(vec![release("1.4.0"), yanked(release("1.4.1")), last.clone()], "1.3.0", "1.5"), "1.4.0 1.5.0");
    assert_eq!(way_of(vec![release("1.4.0"), dead_end(release("1.4.1")), last.clone()], "1.3.0", "1.5"), "1.4.0 1.5.0");
    let gap = refusal(vec![yanked(release("1.4.1")), last], "1.3.0", "1.5");
    assert_eq!(
        gap,
        "no way leads from `1.3.0` to `1.5.0`: `1.5.0` takes `^1.4`, and no release in between closes the gap"
    );
}

#[test]
fn an_installed_dead_end_is_refused_with_its_reason() {
    let releases = vec![dead_end(release("1.4.0")), release("1.5.0")];
    assert_eq!(
        refusal(releases, "1.4.0", ""),
        "no way leads on from the installed release `1.4.0`: its updater is broken"
    );
}

#[test]
fn a_yanked_release_is_never_resolved_to_and_refused_when_it_is_named() {
    let releases = vec![release("1.4.0"), release("1.5.0"), yanked(release("1.5.1"))];
    assert_eq!(way_of(releases.clone(), "1.4.0", ""), "1.5.0");
    assert_eq!(way_of(releases.clone(), "1.4.0", "1.5"), "1.5.0");
    assert_eq!(refusal(releases.clone(), "1.4.0", "1.5.1"), "release `1.5.1` is withdrawn: loses rows");
    assert_eq!(way_of(releases, "1.5.1", ""), "");
}

#[test]
fn other_channels_are_offered_only_when_a_release_is_named_exactly() {
    let releases = vec![release("1.5.0"), on("nightly", release("1.6.0")), on("beta", release("1.5.5"))];
    assert_eq!(way_of(releases.clone(), "1.4.0", ""), "1.5.5");
    assert_eq!(way_of(releases.clone(), "1.4.0", "1.6.0"), "1.6.0");
    assert_eq!(
        refusal(releases, "1.4.0", "1.6"),
        "no release of `1.6` is offered on the channel `beta`: `1.6.0` is of the channel `nightly`"
    );
}

#[test]
fn a_stop_is_never_of_a_channel_that_is_not_followed() {
    let last = on("nightly", from("1.6.0", "=1.5.0"));
    let nightly = refusal(vec![on("nightly", release("1.5.0")), last.clone()], "1.4.0", "1.6.0");
    assert!(nightly.starts_with("no way leads from"), "{nightly}");
    assert_eq!(way_of(vec![on("beta", release("1.5.0")), last], "1.4.0", "1.6.0"), "1.5.0 1.6.0");
}

#[test]
fn a_barrier_concerns_who_follows_its_channel_or_goes_there() {
    let releases =
        vec![on("nightly", barrier(release("1.5.0"))), release("1.6.0"), on("nightly", release("1.7.0-dev"))];
    assert_eq!(way_of(releases.clone(), "1.4.0", "1.6.0"), "1.6.0");
    assert_eq!(way_of(releases, "1.4.0", "1.7.0-dev"), "1.5.0 1.7.0-dev");
}

#[test]
fn a_prerelease_is_never_what_a_partial_target_stands_for() {
    let releases = vec![release("1.5.0"), on("beta", release("1.6.0-beta.1")), release("1.6.0-rc.1")];
    assert_eq!(
        refusal(releases.clone(), "1.5.0", "1.6"),
        "no release of `1.6` is offered on the channel `beta`: `1.6.0-rc.1` is a pre-release, `1.6.0-beta.1` is a pre-release"
    );
    assert_eq!(way_of(releases.clone(), "1.5.0", "1.6.0-rc.1"), "1.6.0-rc.1");
    assert_eq!(way_of(releases, "1.5.0", ""), "1.6.0-beta.1");
}

#[test]
fn a_prerelease_is_a_stop_where_a_range_names_it() {
    let releases = vec![on("beta", release("1.5.0-rc.1")), from("1.5.0", ">=1.5.0-rc.1")];
    assert_eq!(way_of(releases, "1.4.0", "1.5.0"), "1.5.0-rc.1 1.5.0");
}

#[test]
fn a_held_release_is_taken_only_when_it_is_named_or_there_is_no_way_without_it() {
    let releases = vec![release("1.4.0"), release("1.4.1"), release("1.4.2"), from("1.5.0", "1.4")];
    assert_eq!(told(releases.clone(), "1.3.0", "", &["1.5.0"]).unwrap(), "1.4.2");
    assert_eq!(told(releases.clone(), "1.3.0", "1.4.2", &["1.4.2"]).unwrap(), "1.4.2");
    assert_eq!(told(releases.clone(), "1.3.0", "1.5", &["1.4.2"]).unwrap(), "1.4.1 1.5.0");
    assert_eq!(told(releases, "1.3.0", "1.5", &["1.4.0", "1.4.1", "1.4.2"]).unwrap(), "1.4.2 1.5.0");
}

#[test]
fn an_unknown_release_is_refused_with_the_nearest_ones() {
    assert_eq!(
        refusal(plain(&["1.4.0", "1.5.0", "1.6.0"]), "1.3.0", "1.5.7"),
        "there is no release `1.5.7` in the manifest; the nearest are 1.5.0, 1.6.0"
    );
    assert_eq!(
        refusal(plain(&["1.6.0", "1.7.0", "2.0.0"]), "1.5.0", "1.8"),
        "there is no release `1.8` in the manifest; the nearest is 1.7.0"
    );
    assert_eq!(refusal(Vec::new(), "", "1.5"), "there is no release `1.5` in the manifest");
    assert_eq!(refusal(Vec::new(), "", ""), "no release is offered on the channel `beta`");
}

#[test]
fn a_release_of_the_way_that_needs_another_installer_is_refused_by_name() {
    let newer = Release { installer: Some(">=0.4".parse().unwrap()), ..barrier(release("1.5.0")) };
    let refusal = refusal(vec![newer, release("1.6.0")], "1.4.0", "1.6");
    assert_eq!(refusal, "release `1.5.0` needs an installer >=0.4, and this one is 0.3.0");
}

#[test]
fn ten_thousand_releases_that_each_need_the_one_before_are_no_burden() {
    let chain = (1..10_000).map(|n| from(&format!("1.{n}.0"), &format!("=1.{}.0", n - 1))).collect();
    // A search that looks at every pair of them is noticed: it takes half a minute in a test.
    assert_eq!(way_of(chain, "1.0.0", "").split(' ').count(), 9_999);
}
