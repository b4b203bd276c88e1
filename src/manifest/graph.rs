//! The way up from release to release.
//!
//! A way goes through every barrier that lies strictly between its ends. From barrier to barrier it has the fewest hops
//! that the releases' `from` allows, and of several such ways it takes the highest version at each hop.

use std::collections::BTreeSet;
use std::ops::Range;

pub use super::refusal::{Closed, LeftOut, NoWay, WhyLeftOut};
pub use super::resolve::newest;
use super::resolve::resolve;
use super::{Manifest, Release};
use crate::version::{Target, Version};

/// Who wants to go where.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The installed release; nothing at the first installation.
    pub installed: Option<&'a Version>,
    /// Where to; nothing: the newest of the installed major.
    pub target: Option<&'a Target>,
    /// The configured channel, offered beside `stable`.
    pub channel: &'a str,
    /// The version of this installer.
    pub installer: &'a Version,
    /// Held releases: not resolved to without being named exactly, and a stop only where there is no way without them.
    pub skip: &'a [Version],
}

/// The releases to go through in order, the last one is the target; empty if the installed one is what was asked for.
pub fn way<'m>(manifest: &'m Manifest, asked: &Asked<'_>) -> Result<Vec<&'m Release>, NoWay> {
    let way = for_any_installer(manifest, asked)?;
    way.iter().try_for_each(|release| match &release.installer {
        Some(range) if !range.contains(asked.installer) => Err(NoWay::NeedsInstaller {
            version: release.version.clone(),
            range: range.clone(),
            installer: asked.installer.clone(),
        }),
        _ => Ok(()),
    })?;
    Ok(way)
}

/// The way as far as the releases themselves decide it.
pub(super) fn for_any_installer<'m>(manifest: &'m Manifest, asked: &Asked<'_>) -> Result<Vec<&'m Release>, NoWay> {
    match (resolve(manifest, asked)?, asked.installed) {
        (None, _) => Ok(Vec::new()),
        (Some(target), None) => Ok(vec![target]),
        (Some(target), Some(installed)) => climb(manifest, installed, target, asked),
    }
}

fn climb<'m>(
    manifest: &'m Manifest,
    installed: &Version,
    target: &'m Release,
    asked: &Asked<'_>,
) -> Result<Vec<&'m Release>, NoWay> {
    if let Some(reason) = manifest.release(installed).and_then(|release| release.deadend.clone()) {
        return Err(NoWay::DeadEnd { version: installed.clone(), reason });
    }
    // A barrier of a channel that is neither followed nor gone to is none of our business.
    let concerns = |release: &&Release| release.is_offered_on(asked.channel) || release.channel == target.channel;
    let mut way: Vec<&Release> = Vec::new();
    let mut stops: Vec<&Release> = Vec::new();
    for release in manifest.between(installed, &target.version).iter().filter(concerns) {
        match (release.barrier, closed(release)) {
            (true, Some(why)) => {
                let (to, barrier) = (target.version.clone(), release.version.clone());
                return Err(NoWay::Blocked { to, barrier, why });
            }
            (true, None) => way.extend(leg(way.last().map_or(installed, version), &mut stops, release, asked)?),
            (false, None) if release.is_offered_on(asked.channel) => stops.push(release),
            (false, _) => {}
        }
    }
    way.extend(leg(way.last().map_or(installed, version), &mut stops, target, asked)?);
    Ok(way)
}

/// From one stop that must be made to the next, over those of `stops`, all of which are then behind.
fn leg<'m>(
    from: &Version,
    stops: &mut Vec<&'m Release>,
    to: &'m Release,
    asked: &Asked<'_>,
) -> Result<Vec<&'m Release>, NoWay> {
    let stops = std::mem::take(stops);
    let free = stops.iter().copied().filter(|stop| !asked.skip.contains(&stop.version)).collect();
    fewest_hops(from, free, to).or_else(|| fewest_hops(from, stops, to)).ok_or_else(|| {
        let (from, accepts, to) = (from.clone(), to.from.clone(), to.version.clone());
        if from.major() == to.major() { NoWay::NoPath { from, to, accepts } } else { NoWay::OtherMajor { from, to } }
    })
}

fn version<'m>(release: &&'m Release) -> &'m Version {
    &release.version
}

fn closed(release: &Release) -> Option<Closed> {
    let yanked = release.yanked.clone().map(Closed::Yanked);
    yanked.or_else(|| release.deadend.clone().map(Closed::DeadEnd))
}

/// Looks backwards from `to`: level by level the stops that are one hop further from it, each stop once.
fn fewest_hops<'m>(from: &Version, stops: Vec<&'m Release>, to: &'m Release) -> Option<Vec<&'m Release>> {
    let mut unseen = Unseen::new(stops);
    let mut levels: Vec<Vec<&Release>> = Vec::new();
    let mut level = vec![to];
    while !level.is_empty() {
        if level.iter().any(|release| release.accepts(from)) {
            levels.push(level);
            return Some(highest(from, &levels));
        }
        let further = level.iter().flat_map(|release| unseen.take_accepted_by(release)).collect();
        levels.push(std::mem::replace(&mut level, further));
    }
    None
}

/// From every level the highest release that may be gone to. Each accepts one of the level before it, so none is missing.
fn highest<'m>(from: &Version, levels: &[Vec<&'m Release>]) -> Vec<&'m Release> {
    let mut way: Vec<&Release> = Vec::new();
    for level in levels.iter().rev() {
        let standing = way.last().map_or(from, |last| &last.version);
        let next = level.iter().filter(|release| release.accepts(standing));
        way.extend(next.max_by(|left, right| left.version.cmp(&right.version)));
    }
    way
}

/// The stops that no level has yet. What a release accepts is an interval of them, so that each is looked at once.
struct Unseen<'m> {
    numbered: Ascending<'m>,
    prereleases: Ascending<'m>,
}

impl<'m> Unseen<'m> {
    fn new(stops: Vec<&'m Release>) -> Self {
        let (prereleases, numbered) = stops.into_iter().partition(|release| release.version.is_prerelease());
        Self { numbered: Ascending::new(numbered), prereleases: Ascending::new(prereleases) }
    }

    fn take_accepted_by(&mut self, release: &Release) -> Vec<&'m Release> {
        let Some(range) = &release.from else {
            let major = release.version.major();
            let mut taken = self.numbered.take(self.numbered.of_major(major), release);
            taken.extend(self.prereleases.take(self.prereleases.of_major(major), release));
            return taken;
        };
        let mut taken = self.numbered.take(range.span(&self.numbered.versions), release);
        // A range contains pre-releases of those releases only whose pre-releases it names.
        for named in range.prereleases_of() {
            taken.extend(self.prereleases.take(self.prereleases.before(&named), release));
        }
        taken
    }
}

/// Releases in the order of their versions, and which of them are still there.
struct Ascending<'m> {
    releases: Vec<&'m Release>,
    versions: Vec<&'m Version>,
    there: BTreeSet<usize>,
}

impl<'m> Ascending<'m> {
    fn new(releases: Vec<&'m Release>) -> Self {
        let versions = releases.iter().map(|release| &release.version).collect();
        let there = (0..releases.len()).collect();
        Self { releases, versions, there }
    }

    /// Takes out those of the part that `release` accepts.
    fn take(&mut self, part: Range<usize>, release: &Release) -> Vec<&'m Release> {
        let end = part.end.min(self.versions.partition_point(|version| **version < release.version));
        let part = part.start.min(end)..end;
        let accepted = |at: &usize| self.releases.get(*at).is_some_and(|stop| release.accepts(&stop.version));
        let taken: Vec<usize> = self.there.range(part).copied().filter(accepted).collect();
        taken.iter().for_each(|at| _ = self.there.remove(at));
        taken.into_iter().filter_map(|at| self.releases.get(at).copied()).collect()
    }

    fn of_major(&self, major: u64) -> Range<usize> {
        let below = |limit: Option<u64>| {
            limit.map_or(self.versions.len(), |limit| self.versions.partition_point(|version| version.major() < limit))
        };
        below(Some(major))..below(major.checked_add(1))
    }

    /// The pre-releases of one release.
    fn before(&self, named: &Version) -> Range<usize> {
        let end = self.versions.partition_point(|version| *version < named);
        let start = self.versions.partition_point(|version| *version < named && !version.is_prerelease_of(named));
        start..end
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod every_way;
