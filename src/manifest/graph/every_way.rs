//! The search against a trial of every set of stops.

use proptest::prelude::*;

use super::super::sample::{manifest, release, version};
use super::tests::{barrier, dead_end, on, yanked};
use super::*;
use crate::version::VersionRange;

fn any_release() -> impl Strategy<Value = Release> {
    let number = (0u64..7, 0u64..2, 0u64..6).prop_map(|(minor, patch, tag)| match tag {
        0 => format!("1.{minor}.{patch}-rc.1"),
        1 if minor == 6 => "2.0.0".to_owned(),
        _ => format!("1.{minor}.{patch}"),
    });
    let range = prop_oneof![
        3 => Just(None),
        4 => (0u64..6, 0u64..3).prop_map(|(minor, width)| Some(format!(">=1.{minor}, <1.{}", minor + width))),
        1 => (0u64..6).prop_map(|minor| Some(format!(">=1.{minor}.0-rc.1"))),
        1 => (0u64..6).prop_map(|minor| Some(format!("=1.{minor}.0"))),
    ];
    let mark = prop_oneof![8 => Just(""), 2 => Just("barrier"), 1 => Just("yanked"), 1 => Just("deadend")];
    let channel = prop_oneof![6 => Just("stable"), 2 => Just("beta"), 1 => Just("nightly")];
    (number, range, mark, channel).prop_map(|(number, range, mark, channel)| {
        let range = range.map(|text| text.parse::<VersionRange>().unwrap());
        let import = number.starts_with('2').then(|| "import/from-v1".to_owned());
        let release = on(channel, Release { from: range, import, ..release(&number) });
        match mark {
            "barrier" => barrier(release),
            "yanked" => yanked(release),
            "deadend" => dead_end(release),
            _ => release,
        }
    })
}

/// Every way that the rules allow, found by trying all sets of stops; the best one.
fn best_of_all<'m>(manifest: &'m Manifest, installed: &Version, target: &'m Release) -> Option<Vec<&'m Release>> {
    let between: Vec<&Release> = manifest.between(installed, &target.version).iter().collect();
    let ways = (0u32..1 << between.len()).filter_map(|chosen| {
        let is_chosen = |at: usize| chosen & (1 << at) != 0;
        let allowed = between.iter().enumerate().all(|(at, stop)| {
            let followed = stop.channel == "stable" || stop.channel == "beta";
            let must = stop.barrier && (followed || stop.channel == target.channel);
            let may = (followed || must) && stop.yanked.is_none() && stop.deadend.is_none();
            if is_chosen(at) { may } else { !must }
        });
        let mut way: Vec<&Release> = (0..between.len()).filter(|at| is_chosen(*at)).map(|at| between[at]).collect();
        way.push(target);
        let standing = std::iter::once(installed).chain(way.iter().map(|release| &release.version));
        let climbs = way.iter().zip(standing).all(|(release, from)| match &release.from {
            Some(range) => {
                range.contains(from) && (from.major() == release.version.major() || release.import.is_some())
            }
            None => from.major() == release.version.major(),
        });
        (allowed && climbs).then_some(way)
    });
    let rank = |way: &Vec<&'m Release>| {
        let versions: Vec<Version> = way.iter().map(|release| release.version.clone()).collect();
        (std::cmp::Reverse(way.len()), versions)
    };
    ways.max_by_key(rank)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_way_is_the_best_of_all_that_the_rules_allow(
        releases in prop::collection::vec(any_release(), 1..10),
        installed in 0u64..5,
        target in any::<prop::sample::Index>(),
    ) {
        let mut releases = releases;
        releases.sort_by(|left, right| left.version.cmp(&right.version));
        releases.dedup_by(|left, right| left.version == right.version);
        let manifest = manifest(releases);
        let target = target.get(&manifest.releases);
        let installed = version(&format!("1.{installed}.0"));
        let stays = manifest.release(&installed).is_some_and(|release| release.deadend.is_some());
        prop_assume!(target.version > installed && target.yanked.is_none() && !stays);
        let exact = Target::Exact(target.version.clone());
        let installer = version("0.3.0");
        let asked =
            Asked { installed: Some(&installed), target: Some(&exact), channel: "beta", installer: &installer, skip: &[] };
        let versions = |way: Vec<&Release>| way.iter().map(|release| release.version.clone()).collect::<Vec<_>>();
        let found = way(&manifest, &asked).ok().map(versions);
        prop_assert_eq!(found, best_of_all(&manifest, &installed, target).map(versions));
    }
}
