//! The ways back from a release, and the plan of the one that was chosen.

use super::bridge;
use super::gates::{check_database, check_machine, needs};
use super::observed::{Backup, BackupKind, Content, Observed};
use super::refusal::Refusal;
use super::step::{Comparable, Incoming, Leg, Means, Operation, Plan, Point, Source, Step, Strategy};
use super::upgrade::{missing, not_installed};
use super::verdict::words;
use crate::manifest::Release;
use crate::migration::Direction;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Rollback<'a> {
    /// The name of the run.
    pub run: &'a str,
    /// The release to go back to; the installed one where only the database goes back.
    pub target: &'a Release,
    /// Its artifact, if the release may have to be brought in.
    pub incoming: Option<&'a Incoming>,
    /// The backup that was asked for by name.
    pub backup: Option<&'a str>,
    /// Where backups lie.
    pub backups: &'a std::path::Path,
}

/// A way back that may be open, before it is tried on a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The older program on the database as it is.
    Binary,
    /// These migrations, on a copy of the live database.
    Down(Leg),
    /// This backup, and what makes it comparable with the live database.
    Restore(Backup, Comparable),
}

impl Way {
    /// Which strategy it is.
    pub fn strategy(&self) -> Strategy {
        match self {
            Self::Binary => Strategy::Binary,
            Self::Down(_) => Strategy::Down,
            Self::Restore(..) => Strategy::Restore,
        }
    }
}

/// For each strategy the way, or why it is closed.
pub fn ways(ask: &Rollback<'_>, seen: &Observed) -> [(Strategy, Result<Way, String>); 3] {
    [(Strategy::Binary, binary(ask, seen)), (Strategy::Down, down(ask, seen)), (Strategy::Restore, restore(ask, seen))]
}

/// Plans a rollback by `way`.
///
/// # Errors
/// All reasons against it at once.
pub fn plan(ask: &Rollback<'_>, way: &Way, seen: &Observed) -> Result<Plan, Vec<Refusal>> {
    let Some(installed) = &seen.installed else { return Err(vec![not_installed()]) };
    let incoming: Vec<Incoming> = ask.incoming.into_iter().cloned().collect();
    let missing = missing(seen, &incoming);
    let bytes = match way {
        Way::Binary => 0,
        Way::Down(_) => live_bytes(seen),
        Way::Restore(backup, _) => backup.bytes,
    };
    let mut refusals = check_machine(seen, &needs(seen, bytes, &missing));
    // A restore replaces the database, so a damaged or drifted one does not stand in its way.
    if !matches!(way, Way::Restore(..)) {
        refusals.extend(check_database(seen).err());
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut steps = Vec::new();
    if !missing.is_empty() {
        steps.push(Step::Fetch { releases: missing });
    }
    match way {
        Way::Binary => steps.push(Step::Stop),
        Way::Down(leg) => {
            steps.push(Step::Copy { source: Source::Live });
            steps.push(Step::Rehearse { legs: vec![leg.clone()], own: 1 });
            steps.extend([Step::Stop, Step::CatchUp, Step::Migrate { leg: leg.clone() }]);
            steps.push(Step::Exchange { replaces: true });
        }
        Way::Restore(backup, comparison) => {
            steps.push(Step::Copy { source: source(ask.backups, backup, comparison.clone()) });
            steps.extend([Step::Stop, Step::Exchange { replaces: !matches!(seen.database.content, Content::Missing) }]);
        }
    }
    if installed.version != ask.target.version {
        steps.push(Step::Switch { from: Some(installed.version.clone()), to: ask.target.version.clone() });
    }
    steps.extend([Step::Start, Step::Prove, Step::Commit, Step::Tidy]);
    let from = Point { version: Some(installed.version.clone()), schema: live_schema(seen) };
    let to = arrival(ask.target, way, seen);
    let plan = Plan::new(ask.run, Operation::Rollback, from, to, seen, steps);
    Ok(Plan { strategy: Some(way.strategy()), ..plan })
}

/// Where a way leads.
pub fn arrival(target: &Release, way: &Way, seen: &Observed) -> Point {
    let schema = match way {
        Way::Binary => live_schema(seen),
        Way::Down(leg) => Some(leg.to.clone()),
        Way::Restore(backup, _) => backup.schema.clone(),
    };
    Point { version: Some(target.version.clone()), schema }
}

fn binary(ask: &Rollback<'_>, seen: &Observed) -> Result<Way, String> {
    let target = ask.target;
    if seen.installed.as_ref().is_some_and(|installed| installed.version == target.version) {
        return Err(format!("{} is the installed release", target.version));
    }
    if let Some(why) = across_an_import(target, seen) {
        return Err(why);
    }
    let live = live_schema(seen);
    match &live {
        Some(schema) if target.runs_on(schema) => Ok(Way::Binary),
        _ => Err(format!(
            "{} does not run on schema {}; it reads {}",
            target.version,
            words(live.as_ref()),
            reads(target)
        )),
    }
}

fn down(ask: &Rollback<'_>, seen: &Observed) -> Result<Way, String> {
    let target = ask.target;
    if let Some(why) = across_an_import(target, seen) {
        return Err(why);
    }
    let Some(from) = live_schema(seen) else { return Err("the database has no schema to go back from".to_owned()) };
    if from == target.schema {
        return Err(format!("the database is at schema {from} already"));
    }
    let position = |schema| seen.order.iter().position(|known| known == schema);
    if !matches!((position(&from), position(&target.schema)), (Some(live), Some(wanted)) if live > wanted) {
        return Err(format!("the way from schema {from} to schema {} is in no release on disk", target.schema));
    }
    // The down migrations of a schema are in the release that brought it, and in later ones.
    let newest = seen.of_its_major().rev().find(|release| position(&release.schema) >= position(&from));
    let Some(newest) = newest else {
        return Err(format!("the release that brought schema {from} is not on disk any more"));
    };
    Ok(Way::Down(Leg {
        migrations: newest.version.clone(),
        direction: Direction::Down,
        from: Some(from),
        to: target.schema.clone(),
        fingerprint: target.fingerprint,
        by: Means::Migrations,
    }))
}

/// Why neither the program alone nor migrations lead to a release of another major. Its schemas may have the same numbers,
/// and are others.
fn across_an_import(target: &Release, seen: &Observed) -> Option<String> {
    let installed = &seen.installed.as_ref()?.version;
    (installed.major() != target.version.major()).then(|| {
        format!(
            "the database of {installed} was made anew by an import: {} knows nothing of its schema",
            target.version
        )
    })
}

fn restore(ask: &Rollback<'_>, seen: &Observed) -> Result<Way, String> {
    let target = ask.target;
    let fits = |backup: &&Backup| bridge::of_backup(backup, seen).is_some_and(|stand| bridge::runs_on(target, &stand));
    let backup = match ask.backup {
        Some(id) => {
            let named = seen.backups.iter().find(|backup| backup.id == id);
            let named = named.ok_or_else(|| format!("there is no backup `{id}`"))?;
            if !fits(&named) {
                let made_by = named.version.as_ref().map_or_else(String::new, |version| format!(", made by {version}"));
                return Err(format!(
                    "{} does not run on schema {} of backup `{id}`{made_by}; it reads {}",
                    target.version,
                    words(named.schema.as_ref()),
                    reads(target)
                ));
            }
            named
        }
        None => {
            let offered = |backup: &&Backup| backup.kind != BackupKind::Abandoned && fits(backup);
            let newest = seen.backups.iter().rev().find(offered);
            newest.ok_or_else(|| {
                format!("there is no backup whose schema {} reads ({})", target.version, reads(target))
            })?
        }
    };
    Ok(Way::Restore(backup.clone(), bridge::comparable(backup, seen)))
}

fn source(backups: &std::path::Path, backup: &Backup, comparison: Comparable) -> Source {
    Source::Backup {
        id: backup.id.clone(),
        file: backups.join(&backup.id).join("database.db"),
        bytes: backup.bytes,
        sha256: backup.sha256,
        comparison,
    }
}

fn live_schema(seen: &Observed) -> Option<crate::version::SchemaVersion> {
    match &seen.database.content {
        Content::Readable(readable) => readable.schema.clone(),
        _ => None,
    }
}

fn live_bytes(seen: &Observed) -> u64 {
    match &seen.database.content {
        Content::Readable(readable) => readable.bytes,
        _ => 0,
    }
}

fn reads(release: &Release) -> String {
    release.reads.iter().map(|schema| words(Some(schema))).collect::<Vec<_>>().join(", ")
}
