//! Which release is meant by what was asked for.

use super::graph::Asked;
use super::refusal::{LeftOut, NoWay, WhyLeftOut};
use super::{Manifest, Release, STABLE};
use crate::version::{Target, Version};

/// The newest release that `asked` stands for, whether or not a way leads there; nothing if none is offered. Without a
/// target: the newest of the installed major, or of all. An exact target may be of any channel.
pub fn newest<'m>(manifest: &'m Manifest, asked: &Asked<'_>) -> Option<&'m Release> {
    manifest.releases.iter().rev().find(|release| is_meant(release, asked) && left_out(release, asked).is_none())
}

/// The release to go to; nothing if the installed one is it already.
pub(super) fn resolve<'m>(manifest: &'m Manifest, asked: &Asked<'_>) -> Result<Option<&'m Release>, NoWay> {
    if let (Some(Target::Exact(named)), Some(installed)) = (asked.target, asked.installed) {
        if named == installed {
            return Ok(None);
        }
        // What was never released cannot be gone back to either: that is said below.
        if named < installed && manifest.release(named).is_some() {
            return Err(NoWay::Below { target: named.clone(), installed: installed.clone() });
        }
    }
    let Some(release) = newest(manifest, asked) else { return nothing_to_take(manifest, asked) };
    match (asked.installed, asked.target) {
        (Some(installed), _) if release.version == *installed => Ok(None),
        (Some(installed), None) if release.version < *installed => Ok(None),
        (Some(installed), Some(_)) if release.version < *installed => {
            Err(NoWay::Below { target: release.version.clone(), installed: installed.clone() })
        }
        _ => Ok(Some(release)),
    }
}

fn is_meant(release: &Release, asked: &Asked<'_>) -> bool {
    match (asked.target, asked.installed) {
        // Pre-releases too: that they are left out is said where that is decided.
        (Some(target), _) => target.covers(&release.version),
        (None, Some(installed)) => release.version.major() == installed.major(),
        (None, None) => true,
    }
}

/// Why a release is not taken. A pre-release is taken unnamed only by who follows a channel of such, and gives no number.
fn left_out(release: &Release, asked: &Asked<'_>) -> Option<WhyLeftOut> {
    if let Some(reason) = &release.yanked {
        return Some(WhyLeftOut::Yanked(reason.clone()));
    }
    if matches!(asked.target, Some(Target::Exact(_))) {
        return None;
    }
    if !release.is_offered_on(asked.channel) {
        return Some(WhyLeftOut::Channel(release.channel.clone()));
    }
    if release.version.is_prerelease() && (asked.target.is_some() || release.channel == STABLE) {
        return Some(WhyLeftOut::Prerelease);
    }
    asked.skip.contains(&release.version).then_some(WhyLeftOut::Held)
}

fn nothing_to_take<'m>(manifest: &'m Manifest, asked: &Asked<'_>) -> Result<Option<&'m Release>, NoWay> {
    if asked.target.is_none() && asked.installed.is_some() {
        return Ok(None);
    }
    let meant = manifest.releases.iter().rev().filter(|release| is_meant(release, asked));
    let left: Vec<LeftOut> = meant
        .filter_map(|release| left_out(release, asked).map(|why| LeftOut { version: release.version.clone(), why }))
        .take(MENTIONED)
        .collect();
    match (asked.target, left.first()) {
        (Some(Target::Exact(_)), Some(LeftOut { version, why: WhyLeftOut::Yanked(reason) })) => {
            Err(NoWay::Yanked { version: version.clone(), reason: reason.clone() })
        }
        (Some(target), None) => Err(NoWay::Unknown {
            target: target.clone(),
            nearest: neighbours(manifest, target, asked),
            installed: asked.installed.cloned(),
        }),
        (target, _) => Err(NoWay::NotOffered {
            target: target.cloned(),
            channel: asked.channel.to_owned(),
            left_out: left,
            installed: asked.installed.cloned().map(Box::new),
        }),
    }
}

/// How many releases an explanation names.
const MENTIONED: usize = 3;

/// The offered releases just below and just above a target that stands for none: of its major, where there are any. Nobody
/// is to come to another one by a slip of the hand.
fn neighbours(manifest: &Manifest, target: &Target, asked: &Asked<'_>) -> Vec<Version> {
    let offered = || {
        let releases = manifest.releases.iter();
        releases.filter(|release| release.yanked.is_none() && release.is_offered_on(asked.channel))
    };
    let own = offered().any(|release| release.version.major() == target.major());
    let offered = || offered().filter(|release| !own || release.version.major() == target.major());
    let below = offered().rev().find(|release| target.is_above(&release.version));
    let above = offered().find(|release| !target.is_above(&release.version));
    below.into_iter().chain(above).map(|release| release.version.clone()).collect()
}
