//! The plan of one hop of an upgrade.

use super::crossing;
use super::gates::{check_database, check_machine};
use super::observed::{Observed, Readable};
use super::refusal::Refusal;
use super::room::{Room, needs_of_way, rooms};
use super::step::{Incoming, Leg, Means, Operation, Plan, Point, Source, Step};
use super::verdict::words;
use crate::manifest::Release;
use crate::migration::Direction;
use crate::version::{SchemaVersion, Version};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Upgrade<'a> {
    /// The name of the run.
    pub run: &'a str,
    /// The releases to go through, this run's first.
    pub way: &'a [Incoming],
    /// Bytes that an import takes beside a copy of this database.
    pub import_room: u64,
    /// How long the release that is arrived at stays on probation, in milliseconds.
    pub probation_ms: Option<u64>,
}

/// What keeps this database from going a way that crosses into another major, if anything does.
pub fn hindrance(way: &[Incoming], seen: &Observed) -> Option<Refusal> {
    let installed = seen.installed.as_ref()?;
    match check_database(seen) {
        Ok(readable) => crossing::check(&legs(readable, &installed.version, way, &seen.order).ok()?, readable),
        Err(refusal) => Some(refusal),
    }
}

/// What a way takes of each file system, where it can be told.
pub fn rooms_of(ask: &Upgrade<'_>, seen: &Observed) -> Vec<Room> {
    let (Some(installed), Ok(readable)) = (&seen.installed, check_database(seen)) else { return Vec::new() };
    let legs = legs(readable, &installed.version, ask.way, &seen.order).unwrap_or_default();
    let bytes = if legs.is_empty() { 0 } else { readable.bytes };
    rooms(&seen.spaces, &needs_of_way(seen, bytes, (&legs, ask.import_room), &missing(seen, ask.way)))
}

/// Plans the first hop of the way; its run fetches everything and rehearses the migrations of all hops.
///
/// # Errors
/// All reasons against it at once.
pub fn plan(ask: &Upgrade<'_>, seen: &Observed) -> Result<Plan, Vec<Refusal>> {
    let (Some(installed), Some(next)) = (&seen.installed, ask.way.first()) else {
        return Err(vec![not_installed()]);
    };
    let mut refusals = Vec::new();
    let missing = missing(seen, ask.way);
    let readable = match check_database(seen) {
        Ok(readable) => Some(readable),
        Err(refusal) => {
            refusals.push(refusal);
            None
        }
    };
    let legs =
        readable.map_or_else(|| Ok(Vec::new()), |readable| legs(readable, &installed.version, ask.way, &seen.order));
    let legs = legs.unwrap_or_else(|refusal| {
        refusals.push(refusal);
        Vec::new()
    });
    refusals.extend(readable.and_then(|readable| crossing::check(&legs, readable)));
    let own = legs.iter().filter(|leg| leg.migrations == next.release.version).count();
    let bytes = if legs.is_empty() { 0 } else { readable.map_or(0, |readable| readable.bytes) };
    refusals.extend(check_machine(seen, &needs_of_way(seen, bytes, (&legs, ask.import_room), &missing)));
    let Some(readable) = readable.filter(|_| refusals.is_empty()) else { return Err(refusals) };

    let schema = if own > 0 { Some(next.release.schema.clone()) } else { readable.schema.clone() };
    let mut steps = Vec::new();
    if !missing.is_empty() {
        steps.push(Step::Fetch { releases: missing });
    }
    if !legs.is_empty() {
        steps.push(Step::Copy { source: Source::Live });
        steps.push(Step::Rehearse { legs: legs.clone(), own });
    }
    steps.push(Step::Stop);
    if let Some(leg) = legs.into_iter().take(own).next() {
        steps.extend([Step::CatchUp, Step::Migrate { leg }, Step::Exchange { replaces: true }]);
    }
    steps.push(Step::Switch { from: Some(installed.version.clone()), to: next.release.version.clone() });
    steps.extend([Step::Start, Step::Prove, Step::Commit, Step::Tidy]);
    let from = Point { version: Some(installed.version.clone()), schema: readable.schema.clone() };
    let to = Point { version: Some(next.release.version.clone()), schema };
    let plan = Plan::new(ask.run, Operation::Upgrade, from, to, seen, steps);
    // Of several hops only the last: one that is gone through is not what the operator came for.
    Ok(Plan { probation_ms: ask.probation_ms.filter(|_| ask.way.len() == 1), ..plan })
}

/// The refusal of everything that needs an installed release.
pub fn not_installed() -> Refusal {
    Refusal::new("not-installed", "no release is installed here", "run `gantry-installer install`")
}

/// Those of `incoming` that are not on disk just as the manifest has them now.
pub fn missing(seen: &Observed, incoming: &[Incoming]) -> Vec<Incoming> {
    incoming.iter().filter(|one| !on_disk(seen, one)).cloned().collect()
}

fn on_disk(seen: &Observed, incoming: &Incoming) -> bool {
    seen.on_disk.iter().any(|release| {
        release.version == incoming.release.version
            && release.artifacts.iter().any(|artifact| artifact.sha256 == incoming.sha256)
    })
}

fn legs(
    readable: &Readable,
    installed: &Version,
    way: &[Incoming],
    order: &[SchemaVersion],
) -> Result<Vec<Leg>, Refusal> {
    let known = |schema: &SchemaVersion| order.contains(schema);
    if let Some(at) = readable.schema.as_ref().filter(|at| !known(at)) {
        return Err(Refusal::new(
            "unknown-schema",
            format!("the database is at schema {at}, which is in no list of migrations on this machine"),
            "find out which release wrote this database, and install that one",
        ));
    }
    let mut legs = Vec::new();
    let (mut at, mut major, mut order) = (readable.schema.clone(), installed.major(), order);
    for incoming in way {
        let release = &incoming.release;
        let by = if release.version.major() == major {
            if !migrates(at.as_ref(), release, order)? {
                continue;
            }
            Means::Migrations
        } else {
            // From here on another list of migrations counts, of which nothing on this machine says anything yet.
            (major, order) = (release.version.major(), &[]);
            Means::Import { mapping: mapping(release)? }
        };
        legs.push(Leg {
            migrations: release.version.clone(),
            direction: Direction::Up,
            from: at,
            to: release.schema.clone(),
            fingerprint: release.fingerprint,
            by,
        });
        at = Some(release.schema.clone());
    }
    Ok(legs)
}

/// The import of a release that makes the database of its major.
fn mapping(release: &Release) -> Result<String, Refusal> {
    release.import.clone().ok_or_else(|| {
        Refusal::new(
            "other-major",
            format!("release {} is of another major than what comes before it, and brings no import", release.version),
            "choose a release of the installed major",
        )
    })
}

/// Whether going to `release` changes the schema. A newer schema that the release reads is left as it is.
fn migrates(at: Option<&SchemaVersion>, release: &Release, order: &[SchemaVersion]) -> Result<bool, Refusal> {
    let Some(at) = at else { return Ok(true) };
    if *at == release.schema {
        return Ok(false);
    }
    let position = |schema: &SchemaVersion| order.iter().position(|known| known == schema);
    match (position(at), position(&release.schema)) {
        (Some(here), Some(there)) if here > there && release.runs_on(at) => Ok(false),
        (Some(here), Some(there)) if here > there => Err(Refusal::new(
            "ahead",
            format!(
                "the database is at schema {at}, and {} writes schema {} and reads only {}",
                release.version,
                release.schema,
                release.reads.iter().map(|read| words(Some(read))).collect::<Vec<_>>().join(", ")
            ),
            "choose a release that reads this schema, or go back first: `gantry-installer rollback --dry-run`",
        )),
        // One of them is newer than anything on disk; that the migrations lead from the one to the other, fetch checks.
        _ => Ok(true),
    }
}
