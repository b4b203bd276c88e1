//! The plan of a first installation.

use super::gates::{Need, check_machine, needs, other_format};
use super::observed::{Content, Observed, Readable, Service};
use super::refusal::Refusal;
use super::step::{Incoming, Leg, Means, Operation, Plan, Point, Step};
use super::upgrade::missing;
use super::verdict::{Standing, Verdict, compare, words};
use crate::migration::Direction;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Install<'a> {
    /// The name of the run.
    pub run: &'a str,
    /// The release.
    pub release: &'a Incoming,
    /// `user:group` of a database that has to be made, where it is not that of its directory.
    pub owner: Option<&'a str>,
}

/// Plans a first installation. A database that is there is adopted as it is, or refused; it is never migrated.
///
/// # Errors
/// All reasons against it at once.
pub fn plan(ask: &Install<'_>, seen: &Observed) -> Result<Plan, Vec<Refusal>> {
    let release = &ask.release.release;
    let missing = missing(seen, std::slice::from_ref(ask.release));
    let needs: Vec<Need> = needs(seen, 0, &missing);
    let mut refusals = check_machine(seen, &needs);
    let adopted = match &seen.database.content {
        Content::Missing => None,
        Content::Readable(readable) => {
            refusals.extend(adopts(readable, missing.is_empty(), ask));
            Some(readable)
        }
        Content::OtherFormat(format) => {
            refusals.push(other_format(*format, seen));
            None
        }
        Content::Empty | Content::Unusable(_) => {
            let path = seen.database.path.display();
            let reason = match &seen.database.content {
                Content::Unusable(reason) => reason.clone(),
                _ => "it has no bytes".to_owned(),
            };
            refusals.push(Refusal::new(
                "database-unusable",
                format!("there is a file at `{path}` that is no database of this product: {reason}"),
                format!("move it away, for example to `{path}.aside`, or check `database.url`"),
            ));
            None
        }
    };
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let running = matches!(seen.service, Service::Running { .. });
    let schema = match adopted {
        // Once the release is here, its schema is the only one that it looks for.
        Some(readable) if !unknown_yet(readable) => readable.schema.clone(),
        _ => Some(release.schema.clone()),
    };
    let mut steps = Vec::new();
    if !missing.is_empty() {
        steps.push(Step::Fetch { releases: missing });
    }
    if adopted.is_some() {
        steps.push(Step::Adopt { version: release.version.clone() });
    }
    // Always, so that nothing but the expected start passes the gate; a service that does not run is stopped at once.
    steps.push(Step::Stop);
    if adopted.is_none() {
        let leg = Leg {
            migrations: release.version.clone(),
            direction: Direction::Up,
            from: None,
            to: release.schema.clone(),
            fingerprint: release.fingerprint,
            by: Means::Migrations,
        };
        steps.push(Step::Create { leg, owner: ask.owner.map(str::to_owned) });
        steps.push(Step::Exchange { replaces: false });
    }
    steps.push(Step::Switch { from: None, to: release.version.clone() });
    steps.extend([Step::Start, Step::Prove, Step::Commit, Step::Tidy]);
    let from = Point { version: None, schema: adopted.and_then(|readable| readable.schema.clone()) };
    let to = Point { version: Some(release.version.clone()), schema };
    Ok(Plan { was_running: running, ..Plan::new(ask.run, Operation::Install, from, to, seen, steps) })
}

/// Whether only the release can tell which schema it is at.
fn unknown_yet(readable: &Readable) -> bool {
    readable.by_look && readable.schema.is_none()
}

fn adopts(readable: &Readable, on_disk: bool, ask: &Install<'_>) -> Option<Refusal> {
    if unknown_yet(readable) {
        return None;
    }
    let release = &ask.release.release;
    let schema = readable.schema.as_ref();
    // Where the schema's look is not known yet, it is compared once the release's migrations are here.
    let known = readable.compared || on_disk;
    let drift = if known { readable.compared.then_some(readable.drift.as_slice()) } else { Some(&[][..]) };
    let standing = Standing { schema, dirty: readable.dirty, drift };
    match compare(&release.schema, &release.reads, &release.reads, &standing) {
        Verdict::Ready { .. } => None,
        verdict => Some(Refusal::new(
            "database-unfit",
            format!(
                "there is a database already, and {} cannot adopt it: {verdict} (its ledger says schema {})",
                release.version,
                words(schema)
            ),
            "install the release that wrote it: name it with `--to`, and upgrade then",
        )),
    }
}
