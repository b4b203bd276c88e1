//! The plan of a run that puts the ledger right and runs no migration.

use super::gates::{check_machine, needs, other_format};
use super::observed::{Content, Observed};
use super::refusal::Refusal;
use super::step::{Leg, Means, Operation, Plan, Point, Source, Step};
use super::upgrade::not_installed;
use super::verdict::{drift_words, is_tolerated, words};
use crate::migration::{Direction, Drift};
use crate::version::SchemaVersion;

/// Plans a run after which the ledger says `to`, which the schema is already: `differs` is how it differs from that one, and
/// nothing where no release on disk knows what that one looks like.
///
/// # Errors
/// All reasons against it at once. A ledger that would not say what is true is the first of them: the way back of every
/// later run, and its backups, take it for true.
pub fn plan(run: &str, to: &SchemaVersion, differs: Option<&[Drift]>, seen: &Observed) -> Result<Plan, Vec<Refusal>> {
    let Some(installed) = &seen.installed else { return Err(vec![not_installed()]) };
    let readable = match &seen.database.content {
        Content::Readable(readable) => readable,
        Content::OtherFormat(format) => return Err(vec![other_format(*format, seen)]),
        _ => {
            let message = format!("the database `{}` cannot be read", seen.database.path.display());
            return Err(vec![Refusal::new("database-unusable", message, BACK)]);
        }
    };
    let mut refusals = Vec::new();
    let fatal = differs.map(|drift| drift.iter().filter(|one| !is_tolerated(one)).cloned().collect::<Vec<_>>());
    match fatal.as_deref() {
        Some([]) => {}
        Some(fatal) => refusals.push(untrue(to, &drift_words(fatal))),
        None => refusals.push(untrue(to, "no release on disk knows what that schema looks like")),
    }
    if !installed.runs_on(to) {
        let message = format!("{} does not run on schema {to}", installed.version);
        let remedy = "bring in a release that does: `gantry-installer upgrade`, or `rollback`";
        refusals.push(Refusal::new("schema-unread", message, remedy));
    }
    refusals.extend(check_machine(seen, &needs(seen, readable.bytes, &[])));
    let newest = seen.of_its_major().rev().find(|release| release.runs_on(to));
    let (Some(newest), true) = (newest, refusals.is_empty()) else { return Err(refusals) };
    let from = readable.schema.clone();
    let leg = Leg {
        migrations: newest.version.clone(),
        direction: Direction::Up,
        from: from.clone(),
        to: to.clone(),
        fingerprint: None,
        by: Means::Ledger,
    };
    let point = |schema| Point { version: Some(installed.version.clone()), schema };
    let steps = vec![
        Step::Copy { source: Source::Live },
        Step::Stop,
        Step::CatchUp,
        Step::Migrate { leg },
        Step::Exchange { replaces: true },
        Step::Start,
        Step::Prove,
        Step::Commit,
        Step::Tidy,
    ];
    Ok(Plan::new(run, Operation::Migrate, point(from), point(Some(to.clone())), seen, steps))
}

const BACK: &str =
    "run `gantry-installer verify` for what differs, and put a backup back: see `gantry-installer backup list`";

fn untrue(to: &SchemaVersion, why: &str) -> Refusal {
    let message =
        format!("the ledger is not made to say {}, because the schema is not that one: {why}", words(Some(to)));
    Refusal::new("untrue", message, BACK)
}
