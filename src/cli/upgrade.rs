//! `upgrade`: to a higher release, through all the stops on the way.

use serde_json::json;

use super::arguments;
use super::exit::Outcome;
use super::major::{self, import_room};
use super::outcome::{self, point};
use super::reply::Reply;
use super::runs::{
    Answer, barred, conduct, consent, refused, run_name, stands, timed, unresolved, unresolved_waivable,
};
use super::session::Session;
use super::{packaged, probation};
use crate::manifest::Manifest;
use crate::manifest::graph::{Asked, way};
use crate::plan::observed::{Cause, Held, Observed};
use crate::plan::step::Incoming;
use crate::plan::upgrade::{self, Upgrade, not_installed};
use crate::plan::{Plan, Point, Refusal};
use crate::run::resolve::{self, Expiry, ResolveError};
use crate::run::{self, Report, StepTime};
use crate::sys::http::{Bundle, BundleError, Client};
use crate::version::{Target, Version};

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
    let way = find(arguments, session, manifest, &seen)?;
    if way.is_empty() {
        let nothing = nothing(arguments.to.as_ref(), &seen).warning(passed_over(manifest, &seen));
        return Ok(offering(nothing, arguments, manifest, session));
    }
    if let Some(refusal) = watched.and_then(|watched| watched.refusal()) {
        return Err(refused(vec![refusal]));
    }
    let run_name = next_name(session, &way)?;
    let max_downtime_ms = arguments.max_downtime.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
    let plan = upgrade::plan(&ask(&run_name, &way, &seen, session), &seen).map_err(refused)?;
    let plan = Plan { max_downtime_ms, ..plan };
    let warnings = tolerated(&seen);
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
        session.terminal.say(&major.words());
    }
    agree(arguments.yes, &plan, &way, &seen, session)?;
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
    let Some(major) = session.observe().ok().and_then(|seen| major::above(manifest, &seen, session)) else {
        return reply;
    };
    let text = format!("{}\n{}", reply.text.trim_end(), major.offer(None));
    Reply { text, ..reply }.with("major", major)
}

pub(super) fn unusable(error: &BundleError) -> Box<Reply> {
    let remedy = match error {
        BundleError::Newer { .. } => "use the gantry-installer that made it, or a newer one",
        _ => "name a bundle that `gantry-installer manifest bundle` made, and copy it again if it was cut off",
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

fn find(
    arguments: &arguments::Upgrade,
    session: &Session<'_>,
    manifest: &Manifest,
    seen: &Observed,
) -> Answer<Vec<Incoming>> {
    let installed = seen.installed.as_ref().ok_or_else(|| refused(vec![not_installed()]))?;
    let named = arguments.to.is_some();
    let skip = if arguments.retry || named { Vec::new() } else { held(manifest, seen) };
    let installer = resolve::installer().map_err(|error| barred("version", &error, "report this as a bug"))?;
    let channel = arguments.channel.as_deref().unwrap_or(&session.config.manifest.channel);
    let asked = Asked {
        installed: Some(&installed.version),
        target: arguments.to.as_ref(),
        channel,
        installer: &installer,
        skip: &skip,
    };
    let releases = way(manifest, &asked).map_err(|error| unresolved(error.into()))?;
    let incoming: Result<Vec<Incoming>, ResolveError> =
        releases.into_iter().map(|release| resolve::incoming(release, &session.config)).collect();
    let incoming = incoming.map_err(unresolved)?;
    if !arguments.retry {
        refuse_held(&incoming, seen)?;
    }
    Ok(incoming)
}

/// What is not taken without being named. Another artifact of a version that failed here is another attempt.
pub fn held(manifest: &Manifest, seen: &Observed) -> Vec<Version> {
    let offered = |held: &&Held| {
        let release = manifest.release(&held.version);
        held.cause == Cause::RolledBack || held.sha256.is_none() || release.is_some_and(|release| held.holds(release))
    };
    seen.held.iter().filter(offered).map(|held| held.version.clone()).collect()
}

/// A release that failed here is not taken again by itself, unless its artifact is another one now.
fn refuse_held(way: &[Incoming], seen: &Observed) -> Answer<()> {
    let failed = |one: &Incoming| {
        seen.held.iter().find(|held| {
            held.cause == Cause::Failed
                && held.version == one.release.version
                && held.sha256.is_none_or(|sha256| sha256 == one.sha256)
        })
    };
    let refusals: Vec<Refusal> = way
        .iter()
        .filter_map(failed)
        .map(|held| {
            Refusal::new(
                "held",
                format!("release {} failed here in run {}: {}", held.version, held.run, held.reason),
                "choose another release, or try it again with `--retry`",
            )
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(refused(refusals)) }
}

/// Higher releases that are held, and how each is taken all the same.
fn passed_over(manifest: &Manifest, seen: &Observed) -> Vec<String> {
    let skip = held(manifest, seen);
    let higher = |version: &Version| seen.installed.as_ref().is_some_and(|installed| *version > installed.version);
    let passed = seen.held.iter().filter(|held| skip.contains(&held.version) && higher(&held.version));
    let words = passed.map(|Held { version, run, cause, .. }| match cause {
        Cause::Failed => {
            format!("release {version} failed here in run {run}: `upgrade --to {version} --retry` takes it again")
        }
        Cause::RolledBack => {
            format!("release {version} was gone back from in run {run}: `--to {version}` takes it again")
        }
    });
    words.collect()
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

fn agree(yes: bool, plan: &Plan, way: &[Incoming], seen: &Observed, session: &Session<'_>) -> Answer<()> {
    if yes {
        return Ok(());
    }
    let stops: Vec<String> = way.iter().map(|one| one.release.version.to_string()).collect();
    let question = format!("Upgrade from {} to {}?", point(&plan.from), stops.join(", then "));
    for warning in tolerated(seen) {
        session.terminal.say(&format!("warning: {warning}"));
    }
    consent(session.terminal, &question)
}
