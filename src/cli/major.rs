//! A release of a higher major, which is gone to only when it is asked for: what that takes, in time and space.

use std::fmt::Write as _;

use serde::Serialize;

use super::offer::held_stop;
use super::session::Session;
use super::terminal::took;
use crate::db::build;
use crate::journal::package::Package;
use crate::journal::{record, runs};
use crate::manifest::Manifest;
use crate::manifest::graph::{Asked, way};
use crate::plan::Refusal;
use crate::plan::observed::{Cause, Content, Observed};
use crate::plan::room::{Room, size};
use crate::plan::step::Incoming;
use crate::plan::upgrade::{Upgrade, hindrance, rooms_of};
use crate::run::{Report, resolve, usual_restart};
use crate::version::{Target, Version};

/// How fast a database is made anew where none was on this machine yet: the slow end of what was measured on small ones.
const USUAL_BYTES_PER_MS: u64 = (20 << 20) / 1000;

/// What it takes to go to another major.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Major {
    /// Where to.
    pub version: Version,
    /// The releases on the way, the last one included.
    pub hops: Vec<Version>,
    /// How long the service would be down in the hop that makes the database anew: computed from its size, and known better
    /// once that was rehearsed.
    pub downtime_ms: u64,
    /// What is taken of each file system, and what it has.
    pub space: Vec<Room>,
    /// Why it would be refused as the database stands.
    pub refusals: Vec<Refusal>,
    /// A stop on the way that only `--retry` takes.
    #[serde(skip)]
    pub held: Option<Version>,
}

/// The next higher major that a way leads to; none where there is none, or where it cannot be told.
pub fn above(manifest: &Manifest, seen: &Observed, session: &Session<'_>) -> Option<Major> {
    let installed = &seen.installed.as_ref()?.version;
    let installer = resolve::installer().ok()?;
    // What failed here is not offered.
    let failed = seen.held.iter().filter(|held| held.cause == Cause::Failed);
    let skip: Vec<Version> = failed.map(|held| held.version.clone()).collect();
    let mut majors: Vec<u64> = manifest.releases.iter().map(|release| release.version.major()).collect();
    majors.dedup();
    majors.into_iter().filter(|major| *major > installed.major()).find_map(|major| {
        let target: Target = major.to_string().parse().ok()?;
        let channel = session.config.manifest.channel.as_str();
        let asked =
            Asked { installed: Some(installed), target: Some(&target), channel, installer: &installer, skip: &skip };
        let releases = way(manifest, &asked).ok()?;
        let held = held_stop(&releases, seen).filter(|held| held.cause == Cause::Failed);
        let held = held.map(|held| held.version.clone());
        let incoming: Result<Vec<_>, _> =
            releases.into_iter().map(|release| resolve::incoming(release, &session.config)).collect();
        of(&incoming.ok()?, seen, session).map(|major| Major { held, ..major })
    })
}

/// What a way takes that crosses into another major; none where it does not.
pub fn of(way: &[Incoming], seen: &Observed, session: &Session<'_>) -> Option<Major> {
    let (installed, last) = (&seen.installed.as_ref()?.version, way.last()?);
    let Content::Readable(readable) = &seen.database.content else { return None };
    if installed.major() == last.release.version.major() {
        return None;
    }
    let ask = Upgrade { run: "", way, probation_ms: None, import_room: import_room(seen) };
    let restart = usual_restart(&session.config.layout).ok()?.unwrap_or(0);
    Some(Major {
        version: last.release.version.clone(),
        hops: way.iter().map(|one| one.release.version.clone()).collect(),
        downtime_ms: (readable.bytes / rate(session)).max(1) + restart,
        space: rooms_of(&ask, seen),
        refusals: hindrance(way, seen).into_iter().collect(),
        held: None,
    })
}

/// What an import of the database takes beside a copy of it.
pub fn import_room(seen: &Observed) -> u64 {
    match &seen.database.content {
        Content::Readable(readable) => build::room(readable.bytes),
        _ => 0,
    }
}

impl Major {
    /// In words, for who may want to go there.
    pub fn words(&self) -> String {
        let hops: Vec<String> = self.hops.iter().map(ToString::to_string).collect();
        let mut text = format!(
            "{} makes the database anew: {} (estimated by the size of the database, until a rehearsal tells)",
            self.version,
            match hops.as_slice() {
                [_] => format!("one hop, down for about {}", took(self.downtime_ms)),
                all =>
                    format!("by way of {}, down for about {} in the last hop", all.join(", "), took(self.downtime_ms)),
            },
        );
        for room in self.space.iter().filter(|room| room.needed > 0) {
            let (needed, available) = (size(room.needed), size(room.available));
            let _ = write!(text, "; up to {needed} of the {available} that are free for {}", room.holds.join(", "));
        }
        text
    }

    /// What was estimated beside what it was, once the database was made anew: by the run that made it.
    pub fn beside(&self, made: &Report) -> Option<String> {
        let (imported, needed) = (made.import.as_ref()?, self.space.iter().map(|room| room.needed).sum());
        let downtime = made.downtime_ms.map(|ms| {
            let (estimated, version) = (took(self.downtime_ms), &self.version);
            format!("down for about {estimated} in the hop to {version}, and it was {}; ", took(ms))
        });
        let account = &imported.account;
        let (before, after) = (size(account.source.bytes), size(account.bytes));
        let downtime = downtime.unwrap_or_default();
        Some(format!("{downtime}up to {}, and the database went from {before} to {after}", size(needed)))
    }

    /// The same with the command that goes there, of apt where a package brings the product, and what is to be done before.
    pub fn offer(&self, obstacle: Option<&str>, package: Option<&Package>) -> String {
        let (words, major) = (self.words(), self.version.major());
        if let Some(obstacle) = obstacle {
            return format!("{words}; {obstacle}");
        }
        let way = match (package, &self.held) {
            (Some(package), _) => format!("`GANTRY_INSTALLER_MAJOR={major} apt install {}`", package.name),
            (None, Some(held)) => {
                format!("{held} on the way is held, take it again: `gantry-installer upgrade --to {major} --retry`")
            }
            (None, None) => format!("`gantry-installer upgrade --to {major}`"),
        };
        let refused = |refusal: &Refusal| {
            format!(
                "\n           refused as the database is: {}\n             hint: {}",
                refusal.message, refusal.remedy
            )
        };
        format!("{words}: {way}{}", self.refusals.iter().map(refused).collect::<String>())
    }
}

/// Bytes a millisecond: of the newest import on this machine, or the usual.
fn rate(session: &Session<'_>) -> u64 {
    let layout = &session.config.layout;
    let names = runs::names(layout).unwrap_or_default();
    let imports =
        names.iter().rev().filter_map(|name| record::read::<Report>(&layout.run(name).report()).ok()??.import);
    let rates = imports.filter(|import| import.account.ms > 0 && import.account.source.bytes > 0);
    let mut rates = rates.map(|import| import.account.source.bytes / import.account.ms);
    rates.next().filter(|rate| *rate > 0).unwrap_or(USUAL_BYTES_PER_MS)
}
