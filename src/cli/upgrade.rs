//! `upgrade`: to a higher release, through all the stops on the way.

use serde_json::json;

use super::arguments;
use super::exit::Outcome;
use super::outcome::{self, point};
use super::reply::{Problem, Reply};
use super::session::Session;
use crate::manifest::Manifest;
use crate::manifest::graph::{Asked, way};
use crate::plan::observed::{Cause, Observed};
use crate::plan::step::Incoming;
use crate::plan::upgrade::{self, Upgrade, not_installed};
use crate::plan::{Plan, Refusal};
use crate::run::resolve::{self, Expiry, ResolveError};
use crate::run::{self, Report, RunError, StepTime};
use crate::sys::clock::Stopwatch;
use crate::version::Version;

type Answer<T> = Result<T, Box<Reply>>;

/// Upgrades, hop by hop.
pub fn run(arguments: &arguments::Upgrade, session: &Session<'_>) -> Answer<Reply> {
    let _lock = if arguments.dry_run { None } else { Some(session.begin("upgrade")?) };
    let client = session.client()?;
    let resolving = Stopwatch::start();
    let expiry = if arguments.allow_expired { Expiry::Waived } else { Expiry::Enforced };
    let manifest = resolve::manifest(&session.config, &client, expiry).map_err(unresolved)?;
    let resolved = StepTime { name: "resolve".to_owned(), ms: resolving.millis() };
    let observing = Stopwatch::start();
    let seen = session.observe()?;
    let observed = StepTime { name: "observe".to_owned(), ms: observing.millis() };
    let way = find(arguments, session, &manifest, &seen)?;
    if way.is_empty() {
        return Ok(nothing(&seen));
    }
    let run_name = next_name(session, &way)?;
    let plan = upgrade::plan(&Upgrade { run: &run_name, way: &way }, &seen).map_err(refused)?;
    let warnings = tolerated(&seen);
    if arguments.dry_run {
        return Ok(dry_run(&plan, &way).warning(warnings));
    }
    agree(arguments.yes, &plan, &way, &seen, session)?;
    let mut reports: Vec<Report> = Vec::new();
    let mut plan = plan;
    for hop in 0..way.len() {
        let report = conduct(&plan, session, &client)?;
        let done = report.outcome == run::Outcome::Done;
        reports.push(report);
        let left = way.get(hop + 1..).unwrap_or_default();
        if !done || left.is_empty() {
            break;
        }
        let seen = session.observe()?;
        let name = next_name(session, left)?;
        plan = match upgrade::plan(&Upgrade { run: &name, way: left }, &seen) {
            Ok(plan) => plan,
            Err(refusals) => {
                let reply = outcome::of(&reports, vec![resolved, observed]);
                return Ok(Reply { refusals, outcome: Outcome::Restored, ..reply });
            }
        };
    }
    Ok(outcome::of(&reports, vec![resolved, observed]).warning(warnings))
}

/// Carries a plan out.
pub fn conduct(plan: &Plan, session: &Session<'_>, client: &crate::sys::http::Client) -> Answer<Report> {
    let mut machine = session.machine(plan, client);
    run::apply(&mut machine, session.terminal).map_err(unrecorded)
}

/// Why a run could not even begin to be recorded.
pub fn unrecorded(error: RunError) -> Box<Reply> {
    let remedy = match &error {
        RunError::GivenUp { .. } => {
            "look at `gantry-installer history`, and ask for help before anything is changed by hand"
        }
        _ => "check the state directory: its permissions, and the space that is free",
    };
    let outcome = if matches!(error, RunError::GivenUp { .. }) { Outcome::Stranded } else { Outcome::Failed };
    Box::new(Reply { outcome, ..Reply::failed("state", &error, remedy) })
}

/// Why there is no release to go to.
pub fn unresolved(error: ResolveError) -> Box<Reply> {
    if error.is_out_of_reach() {
        return Box::new(Reply::failed(error.code(), &error, error.remedy()));
    }
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Box::new(Reply::refused(vec![Refusal::new(error.code(), message, error.remedy())]))
}

/// All reasons against a plan.
pub fn refused(refusals: Vec<Refusal>) -> Box<Reply> {
    Box::new(Reply::refused(refusals))
}

fn find(
    arguments: &arguments::Upgrade,
    session: &Session<'_>,
    manifest: &Manifest,
    seen: &Observed,
) -> Answer<Vec<Incoming>> {
    let installed = seen.installed.as_ref().ok_or_else(|| refused(vec![not_installed()]))?;
    let named = arguments.to.is_some();
    let skip: Vec<Version> =
        if arguments.retry || named { Vec::new() } else { seen.held.iter().map(|held| held.version.clone()).collect() };
    let installer = resolve::installer().map_err(|error| Box::new(Reply::failed("version", &error, "")))?;
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

fn nothing(seen: &Observed) -> Reply {
    let at = seen.installed.as_ref().map(|release| release.version.to_string()).unwrap_or_default();
    let stands = stands(seen);
    Reply::new(Outcome::Nothing)
        .with("from", &stands)
        .with("to", &stands)
        .with("hops", Vec::<u8>::new())
        .warning(left_out(seen))
        .saying(format!("{at} is installed, and there is nothing newer to upgrade to"))
}

/// Higher releases that are not taken by themselves any more.
fn left_out(seen: &Observed) -> Vec<String> {
    let installed = seen.installed.as_ref().map(|release| &release.version);
    let above = seen.held.iter().map(|held| &held.version).filter(|version| Some(*version) > installed);
    let told = above.map(|version| {
        format!("{version} was given up here before, and is left out: try it again with `gantry-installer upgrade --to {version} --retry`")
    });
    told.collect()
}

/// Where the machine stands.
pub fn stands(seen: &Observed) -> crate::plan::Point {
    let schema = match &seen.database.content {
        crate::plan::observed::Content::Readable(readable) => readable.schema.clone(),
        _ => None,
    };
    crate::plan::Point { version: seen.installed.as_ref().map(|release| release.version.clone()), schema }
}

fn next_name(session: &Session<'_>, way: &[Incoming]) -> Answer<String> {
    let to = way.first().map(|one| one.release.version.to_string()).unwrap_or_default();
    run_name(session, &format!("upgrade-{to}"))
}

/// A name for the next run.
pub fn run_name(session: &Session<'_>, what: &str) -> Answer<String> {
    crate::journal::runs::next_name(&session.config.layout, what)
        .map_err(|error| Box::new(Reply::failed("state", &error, "check the state directory")))
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

fn dry_run(plan: &Plan, way: &[Incoming]) -> Reply {
    let steps: Vec<_> = plan.steps.iter().map(|step| json!({ "name": step.name(), "ms": null })).collect();
    let hops: Vec<_> = way
        .iter()
        .map(|one| json!({ "to": { "version": one.release.version, "schema": one.release.schema } }))
        .collect();
    let names: Vec<&str> = plan.steps.iter().map(crate::plan::Step::name).collect();
    let end = way.last().map(|one| one.release.version.to_string()).unwrap_or_default();
    Reply::new(Outcome::Done)
        .with("run", serde_json::Value::Null)
        .with("from", &plan.from)
        .with("to", &plan.to)
        .with("hops", hops)
        .with("steps", steps)
        .with("predicted_downtime_ms", serde_json::Value::Null)
        .saying(format!(
            "would upgrade from {} to {end} in {} run{}: {}\nnothing was fetched or changed",
            point(&plan.from),
            way.len(),
            if way.len() == 1 { "" } else { "s, the first" },
            names.join(", ")
        ))
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
    consent(session, &question)
}

/// Asks, and refuses where nobody can be asked.
pub fn consent(session: &Session<'_>, question: &str) -> Answer<()> {
    if !session.terminal.interactive {
        return Err(refused(vec![Refusal::new(
            "no-terminal",
            "nobody can be asked: standard input or standard error is not a terminal",
            "run it in a terminal, or agree with `--yes`",
        )]));
    }
    if session.terminal.confirm(question) {
        return Ok(());
    }
    Err(declined(session, "not agreed: nothing was changed"))
}

/// The answer where a question was answered with a no, or with a signal.
pub fn declined(session: &Session<'_>, words: &str) -> Box<Reply> {
    let Some(signal) = session.terminal.interrupt.requested() else {
        return Box::new(Reply::new(Outcome::Nothing).saying(words));
    };
    let problem = Problem {
        code: "signal".to_owned(),
        message: format!("{signal} asked for the end, and nothing was changed"),
        causes: Vec::new(),
        remedy: "run the same command again".to_owned(),
    };
    Box::new(Reply { error: Some(problem), ..Reply::new(Outcome::Failed) })
}
