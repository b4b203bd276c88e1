//! What the commands that make a run share: names, refusals, agreement, and the run itself.

use super::exit::Outcome;
use super::reply::{self, Reply};
use super::session::{Session, unreadable};
use super::terminal::Terminal;
use super::verify;
use crate::journal::record::RecordError;
use crate::journal::{releases, runs};
use crate::plan::observed::{Content, Observed};
use crate::plan::{Plan, Point, Refusal, Step};
use crate::run::resolve::ResolveError;
use crate::run::{self, Report, RunError, StepTime};
use crate::sys::clock::Stopwatch;
use crate::sys::http::{Client, HttpError, Problem};
use crate::version::Version;

/// What a command goes on with, or the answer that it ends with.
pub type Answer<T> = Result<T, Box<Reply>>;

/// Carries a plan out.
pub fn conduct(mut plan: Plan, session: &Session<'_>, client: &Client) -> Answer<Report> {
    plan.restart_ms = run::usual_restart(&session.config.layout)
        .map_err(|error| Box::new(Reply::failed("state", &error, "check the state directory")))?;
    refuse_altered(&plan, session)?;
    let mut machine = session.machine(&plan, client);
    run::apply(&mut machine, session.terminal).map_err(unrecorded)
}

/// Refuses a release on disk that is not what it was when its digest was trusted: nothing else of it is ever run.
fn refuse_altered(plan: &Plan, session: &Session<'_>) -> Answer<()> {
    let legs = plan.steps.iter().filter_map(|step| match step {
        Step::Rehearse { legs, .. } => Some(legs.iter().map(|leg| &leg.migrations)),
        _ => None,
    });
    let mut versions: Vec<&Version> = legs.flatten().chain(&plan.to.version).collect();
    versions.sort();
    versions.dedup();
    let mut findings = Vec::new();
    for version in versions {
        let known = releases::read(&session.config.layout, version);
        let known = known.map_err(|error| Box::new(unreadable(&error)))?;
        if let Some(record) = known {
            findings.extend(verify::files(&record, session)?);
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(refused(findings)) }
}

/// Does something that comes before a run, and notes how long it took.
pub fn timed<T>(step: &'static str, session: &Session<'_>, work: impl FnOnce() -> Answer<T>) -> Answer<(T, StepTime)> {
    let stopwatch = Stopwatch::start();
    session.terminal.announce(step);
    let done = work()?;
    let ms = stopwatch.millis();
    session.terminal.announced(step, ms);
    Ok((done, StepTime { name: step.to_owned(), ms }))
}

/// Why a run could not even begin to be recorded.
pub fn unrecorded(error: RunError) -> Box<Reply> {
    if let RunError::Record(newer @ RecordError::Newer { .. }) = &error {
        return Box::new(unreadable(newer));
    }
    if let RunError::Reserve(why) = &error
        && !why.remedy.is_empty()
    {
        return Box::new(Reply::failed(why.code, &error, why.remedy.clone()));
    }
    let remedy = match &error {
        RunError::GivenUp { .. } => {
            "look at `gantry-installer history`, and ask for help before anything is changed by hand"
        }
        _ => "check the state directory: its permissions, and the space that is free",
    };
    let outcome = if matches!(error, RunError::GivenUp { .. }) { Outcome::Stranded } else { Outcome::Failed };
    Box::new(Reply { outcome, ..Reply::failed("state", &error, remedy) })
}

/// Why there is no release to go to, for a command that believes no manifest that has expired.
pub fn unresolved(error: ResolveError) -> Box<Reply> {
    if error.code() == "expired" {
        return Box::new(Reply::barred(error.code(), &error, "ask the publisher for a fresh manifest"));
    }
    unresolved_waivable(error)
}

/// Why there is no release to go to, for a command with `--allow-expired`.
pub fn unresolved_waivable(error: ResolveError) -> Box<Reply> {
    if let ResolveError::Record(error) = &error {
        return Box::new(unreadable(error));
    }
    // A wrong configuration is not a network out of reach.
    if let ResolveError::Fetch(HttpError { problem: Problem::Authorities(_), .. }) = &error {
        return Box::new(Reply::barred("ca-file", &error, error.remedy()));
    }
    if error.is_out_of_reach() {
        return Box::new(Reply::failed(error.code(), &error, error.remedy()));
    }
    Box::new(Reply::barred(error.code(), &error, error.remedy()))
}

/// All reasons against a plan.
pub fn refused(refusals: Vec<Refusal>) -> Box<Reply> {
    Box::new(Reply::refused(refusals))
}

/// An error that was met before anything was done.
pub fn barred(code: &str, error: &dyn std::error::Error, remedy: impl Into<String>) -> Box<Reply> {
    Box::new(Reply::barred(code, error, remedy))
}

/// A name for the next run.
pub fn run_name(session: &Session<'_>, what: &str) -> Answer<String> {
    runs::next_name(&session.config.layout, what)
        .map_err(|error| barred("state", &error, "check the state directory, and that this user may read it"))
}

/// Where the machine stands.
pub fn stands(seen: &Observed) -> Point {
    let schema = match &seen.database.content {
        Content::Readable(readable) => readable.schema.clone(),
        _ => None,
    };
    Point { version: seen.installed.as_ref().map(|release| release.version.clone()), schema }
}

/// Asks, and refuses where nobody can be asked.
pub fn consent(terminal: &Terminal, question: &str) -> Answer<()> {
    if !terminal.interactive {
        return Err(refused(vec![Refusal::new(
            "no-terminal",
            "nobody can be asked: standard input or standard error is not a terminal",
            "run it in a terminal, or agree with `--yes`",
        )]));
    }
    if terminal.confirm(question) {
        return Ok(());
    }
    Err(declined(terminal, "not agreed: nothing was changed"))
}

/// Goes on, unless a signal asked for the end of what comes before a run.
pub fn unless_interrupted(terminal: &Terminal) -> Answer<()> {
    terminal.interrupt.requested().map_or(Ok(()), |_| Err(declined(terminal, "")))
}

/// The answer where a question was answered with a no, or with a signal.
pub fn declined(terminal: &Terminal, words: &str) -> Box<Reply> {
    let Some(signal) = terminal.interrupt.requested() else {
        return Box::new(Reply::new(Outcome::Nothing).saying(words));
    };
    let problem = reply::Problem {
        code: "signal".to_owned(),
        message: format!("{signal} asked for the end, and nothing was changed"),
        causes: Vec::new(),
        remedy: "run the same command again".to_owned(),
    };
    Box::new(Reply { error: Some(problem), ..Reply::new(Outcome::Failed) })
}
