//! The plan of another schema under the same release.

use super::gates::{check_database, check_machine, needs};
use super::observed::Observed;
use super::refusal::Refusal;
use super::step::{Leg, Means, Operation, Plan, Point, Source, Step};
use super::upgrade::not_installed;
use super::verdict::words;
use crate::migration::Direction;
use crate::version::SchemaVersion;

/// Plans a run that takes the database to schema `to` and leaves the release as it is.
///
/// # Errors
/// All reasons against it at once; among them a schema that the installed release does not read.
pub fn plan(run: &str, to: &SchemaVersion, seen: &Observed) -> Result<Plan, Vec<Refusal>> {
    let Some(installed) = &seen.installed else { return Err(vec![not_installed()]) };
    let mut refusals = Vec::new();
    if !installed.runs_on(to) {
        refusals.push(Refusal::new(
            "schema-unread",
            format!(
                "{} does not run on schema {to}; it reads {}",
                installed.version,
                installed.reads.iter().map(|read| words(Some(read))).collect::<Vec<_>>().join(", ")
            ),
            "choose a schema that it reads, or change the release: `gantry-installer upgrade` or `gantry-installer rollback`",
        ));
    }
    let readable = check_database(seen).map_err(|refusal| refusals.push(refusal)).ok();
    let bytes = readable.map_or(0, |readable| readable.bytes);
    refusals.extend(check_machine(seen, &needs(seen, bytes, &[])));
    let position = |schema: &SchemaVersion| seen.order.iter().position(|known| known == schema);
    let from = readable.and_then(|readable| readable.schema.clone());
    let direction = match (from.as_ref().map(position), position(to)) {
        (None, Some(_)) => Direction::Up,
        (Some(Some(here)), Some(there)) if here <= there => Direction::Up,
        (Some(Some(_)), Some(_)) => Direction::Down,
        _ => {
            refusals.push(Refusal::new(
                "unknown-schema",
                format!("there is no migration from schema {} to schema {to} on disk", words(from.as_ref())),
                "see `gantry-installer migrate status`",
            ));
            Direction::Up
        }
    };
    let newest = seen
        .of_its_major()
        .rev()
        .find(|release| position(&release.schema) >= position(to).max(from.as_ref().and_then(position)));
    let (Some(newest), true) = (newest, refusals.is_empty()) else { return Err(refusals) };
    let same = |release: &&crate::manifest::Release| release.schema == *to;
    let fingerprint = seen.of_its_major().find(same).and_then(|release| release.fingerprint);
    let leg = Leg {
        migrations: newest.version.clone(),
        direction,
        from: from.clone(),
        to: to.clone(),
        fingerprint,
        by: Means::Migrations,
    };
    let steps = vec![
        Step::Copy { source: Source::Live },
        Step::Rehearse { legs: vec![leg.clone()], own: 1 },
        Step::Stop,
        Step::CatchUp,
        Step::Migrate { leg },
        Step::Exchange { replaces: true },
        Step::Start,
        Step::Prove,
        Step::Commit,
        Step::Tidy,
    ];
    let point = |schema| Point { version: Some(installed.version.clone()), schema };
    let plan = Plan::new(run, Operation::Migrate, point(from), point(Some(to.clone())), seen, steps);
    Ok(Plan { strategy: (direction == Direction::Down).then_some(super::Strategy::Down), ..plan })
}
