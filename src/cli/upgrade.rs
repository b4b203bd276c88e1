//! `upgrade`: to a higher release, through all the stops on the way.

use serde_json::json;

use super::arguments;
use super::exit::Outcome;
use super::major::{self, import_room};
use super::offer::obstacle;
use super::outcome::{self, point};
use super::reply::Reply;
use super::runs::{
    Answer, barred, conduct, consent, refused, run_name, stands, timed, unresolved, unresolved_waivable,
};
use super::session::Session;
use super::{held, packaged, probation};
use crate::manifest::Manifest;
use crate::manifest::graph::{Asked, NoWay, newest, way};
use crate::plan::observed::Observed;
use crate::plan::step::Incoming;
use crate::plan::upgrade::{self, Upgrade, not_installed};
use crate::plan::{Plan, Point};
use crate::run::resolve::{self, Expiry, ResolveError};
use crate::run::{self, Report, StepTime};
use crate::sys::http::{Bundle, BundleError, Client};
use crate::version::Target;

/// Upgrades, hop by hop.
pub fn run(arguments: &arguments::Upgrade, session: &Session<'_>) -> Answer<Reply> {
    if !arguments.dry_run {
        packaged::refuse(arguments.to.as_ref(), session)?;
    }
    let _lock = if arguments.dry_run { None } else { Some(session.begin("upgrade")?) };
    // What a plan would start from is not certain before the last one has ended.
    session.refuse_unfinished()?;
    let client = match &arguments.bundle {
        None => session.client(),
        Some(bundle) => session.client().with_bundle(Bundle::open(bundle).map_err(|error| unusable(&error))?),
    };
    let expiry = if arguments.allow_expired { Expiry::Waived } else { Expiry::Enforced };
    let (manifest, resolved) = timed("resolve", session, || {
        resolve::manifest(&session.config, &client, expiry, session.terminal).map_err(unresolved_waivable)
    })?;
    go(arguments, &manifest, resolved, session, &client)
}

/// Upgrades by a manifest that is believed, under the lock.
pub fn go(
    arguments: &arguments::Upgrade,
    manifest: &Manifest,
    resolved: StepTime,
    session: &Session<'_>,
    client: &Client,
) -> Answer<Reply> {
    let (seen, observed) = timed("observe", session, || session.observe())?;
    let watched = if arguments.dry_run { probation::read(session)? } else { probation::tally(session)? };
    let (way, mut warnings) = find(arguments, session, manifest, &seen)?;
    if way.is_empty() {
        let nothing = nothing(arguments.to.as_ref(), &seen).warning(held::passed_over(manifest, &seen));
        return Ok(offering(nothing, arguments, manifest, session));
    }
    if let Some(refusal) = watched.and_then(|watched| watched.refusal()) {
        return Err(refused(vec![refusal]));
    }
    let run_name = next_name(session, &way)?;
    let max_downtime_ms = arguments.max_downtime.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
    let plan = upgrade::plan(&ask(&run_name, &way, &seen, session), &seen).map_err(refused)?;
    let plan = Plan { max_downtime_ms, ..plan };
    warnings.extend(tolerated(&seen));
    let major = major::of(&way, &seen, session);
    if arguments.dry_run {
        let reply = dry_run(&plan, &way, &[resolved, observed]).warning(warnings);
        let reply = match &major {
            Some(major) => Reply { text: format!("{}\n{}", reply.text, major.words()), ..reply }.with("major", major),
            None => reply,
        };
        return Ok(offering(reply, arguments, manifest, session));
    }
    if let Some(major) = &major {
        let words = major.words();
        if arguments.yes { session.terminal.say(&words) } else { session.terminal.show(&words) }
    }
    agree(arguments.yes, &plan, &way, &warnings, session)?;
    let (reports, stopped) = climb(plan, &way, session, client);
    let before = vec![resolved, observed];
    let reply = match stopped {
        None => outcome::of(&reports, before),
        Some(why) if reports.is_empty() => return Err(why),
        Some(why) => outcome::cut_short(&reports, before, *why),
    };
    let estimate = major.as_ref().zip(reports.last()).and_then(|(major, made)| major.beside(made));
    let reply = match estimate {
        Some(words) => Reply { text: format!("{}\n  estimate  {words}\n", reply.text.trim_end()), ..reply },
        None => reply,
    };
    let reply = if let Some(major) = &major { reply.with("major", major) } else { reply };
    Ok(offering(reply.warning(warnings), arguments, manifest, session))
}

fn ask<'a>(run: &'a str, way: &'a [Incoming], seen: &Observed, session: &Session<'_>) -> Upgrade<'a> {
    Upgrade { run, way, probation_ms: probation::length_ms(session), import_room: import_room(seen) }
}

/// Says that a higher major is there, and what it takes, to who stayed inside the installed one without naming a release.
fn offering(reply: Reply, arguments: &arguments::Upgrade, manifest: &Manifest, session: &Session<'_>) -> Reply {
    if arguments.to.is_some() || !matches!(reply.outcome, Outcome::Done | Outcome::Nothing) {
        return reply;
    }
    let Ok(seen) = session.observe() else { return reply };
    let Some(major) = major::above(manifest, &seen, session) else { return reply };
    let watched = probation::read(session).ok().flatten();
    let obstacle = obstacle(&seen, None, watched.as_ref());
    let text = format!("{}\n{}", reply.text.trim_end(), major.offer(obstacle.as_deref(), None));
    Reply { text, ..reply }.with("major", major)
}

pub(super) fn unusable(error: &BundleError) -> Box<Reply> {
    let remedy = match error {
        BundleError::Newer { .. } => "use the gantry-installer that made it, or a newer one",
        _ => "name a bundle that `manifest bundle` made, and copy it again if it was cut off",
    };
    barred("bundle", error, remedy)
}

/// Makes the hops, each a run of its own, up to the first that is not wholly done; and why the next one could not begin.
fn climb(first: Plan, way: &[Incoming], session: &Session<'_>, client: &Client) -> (Vec<Report>, Option<Box<Reply>>) {
    let max_downtime_ms = first.max_downtime_ms;
    let mut reports: Vec<Report> = Vec::new();
    let mut next = Ok(first);
    for hop in 1..=way.len() {
        match next.and_then(|plan| conduct(plan, session, client)) {
            Ok(report) => reports.push(report),
            Err(why) => return (reports, Some(why)),
        }
        let left = way.get(hop..).unwrap_or_default();
        if left.is_empty() || reports.last().is_none_or(|report| report.outcome != run::Outcome::Done) {
            break;
        }
        next = session.refuse_unfinished().and_then(|()| {
            let seen = session.observe()?;
            let name = next_name(session, left)?;
            let plan = upgrade::plan(&ask(&name, left, &seen, session), &seen).map_err(refused)?;
            Ok(Plan { max_downtime_ms, ..plan })
        });
    }
    (reports, None)
}

/// The releases of the way, and what is odd about it.
fn find(
    arguments: &arguments::Upgrade,
    session: &Session<'_>,
    manifest: &Manifest,
    seen: &Observed,
) -> Answer<(Vec<Incoming>, Vec<String>)> {
    let installed = seen.installed.as_ref().ok_or_else(|| refused(vec![not_installed()]))?;
    let installer = resolve::installer().map_err(|error| barred("version", &error, "report this as a bug"))?;
    let channel = arguments.channel.as_deref().unwrap_or(&session.config.manifest.channel);
    let target = arguments.to.as_ref();
    let asked = Asked { installed: Some(&installed.version), target, channel, installer: &installer, skip: &[] };
    let skip = match target {
        _ if arguments.retry => Vec::new(),
        None => held::skipped(manifest, seen),
        // Who names a release means it though it is held; its stops are not named.
        Some(_) => {
            let meant = newest(manifest, &asked).map(|release| &release.version);
            held::skipped(manifest, seen).into_iter().filter(|version| Some(version) != meant).collect()
        }
    };
    let releases = way(manifest, &Asked { skip: &skip, ..asked }).map_err(|error| no_way(error, seen))?;
    let incoming: Result<Vec<Incoming>, ResolveError> =
        releases.into_iter().map(|release| resolve::incoming(release, &session.config)).collect();
    let incoming = incoming.map_err(unresolved)?;
    let warnings = if arguments.retry { Vec::new() } else { held::refuse(&incoming, seen, target)? };
    Ok((incoming, warnings))
}

/// A release that no manifest has any more may still be on disk, to be gone back to.
fn no_way(error: NoWay, seen: &Observed) -> Box<Reply> {
    let below = match &error {
        NoWay::Unknown { target: Target::Exact(target), installed: Some(installed), .. } if target < installed => {
            let on_disk = seen.on_disk.iter().any(|release| release.version == *target);
            on_disk.then(|| NoWay::Below { target: target.clone(), installed: installed.clone() })
        }
        _ => None,
    };
    unresolved(below.unwrap_or(error).into())
}

fn nothing(target: Option<&Target>, seen: &Observed) -> Reply {
    let at = seen.installed.as_ref().map(|release| release.version.to_string()).unwrap_or_default();
    let stands = stands(seen);
    Reply::new(Outcome::Nothing).with("from", &stands).with("to", &stands).saying(match target {
        Some(_) => format!("{at} is installed already"),
        None => format!("{at} is installed, and there is nothing newer to upgrade to"),
    })
}

fn next_name(session: &Session<'_>, way: &[Incoming]) -> Answer<String> {
    let to = way.first().map(|one| one.release.version.to_string()).unwrap_or_default();
    run_name(session, &format!("upgrade-{to}"))
}

/// Additions to the schema that do no harm, named.
fn tolerated(seen: &Observed) -> Vec<String> {
    match &seen.database.content {
        crate::plan::observed::Content::Readable(readable) if !readable.drift.is_empty() => {
            vec![format!("the schema has additions of its own: {}", crate::plan::verdict::drift_words(&readable.drift))]
        }
        _ => Vec::new(),
    }
}

fn dry_run(plan: &Plan, way: &[Incoming], before: &[StepTime]) -> Reply {
    let mut steps: Vec<_> = before.iter().map(|step| json!(step)).collect();
    steps.extend(plan.steps.iter().map(|step| json!({ "name": step.name(), "ms": null })));
    let mut at = plan.from.clone();
    let mut hops = Vec::new();
    for one in way {
        let to = Point { version: Some(one.release.version.clone()), schema: Some(one.release.schema.clone()) };
        hops.push(json!({ "from": at, "to": to, "run": null, "outcome": null, "downtime_ms": null }));
        at = to;
    }
    let names: Vec<&str> = plan.steps.iter().map(crate::plan::Step::name).collect();
    let stops: Vec<String> = way.iter().map(|one| one.release.version.to_string()).collect();
    Reply::new(Outcome::Done).with("from", &plan.from).with("to", at).with("hops", hops).with("steps", steps).saying(
        format!(
            "would upgrade from {} to {}{}: {}\nnothing was fetched or changed",
            point(&plan.from),
            stops.join(", then to "),
            if way.len() == 1 { "" } else { "; the first hop" },
            names.join(", ")
        ),
    )
}

fn agree(yes: bool, plan: &Plan, way: &[Incoming], warnings: &[String], session: &Session<'_>) -> Answer<()> {
    if yes {
        return Ok(());
    }
    let stops: Vec<String> = way.iter().map(|one| one.release.version.to_string()).collect();
    let question = format!("Upgrade from {} to {}?", point(&plan.from), stops.join(", then "));
    for warning in warnings {
        session.terminal.show(&format!("warning: {warning}"));
    }
    consent(session.terminal, &question)
}
