//! `history`: past runs, or one of them.

use std::fmt::Write as _;

use serde_json::json;

use super::exit::Outcome;
use super::outcome::{self, point};
use super::reply::Reply;
use super::session::Session;
use super::terminal::{moment, took};
use crate::journal::{Ended, Entry, Event, Journal, record, runs};
use crate::plan::{Operation, Plan, Refusal, Undo};
use crate::run::Report;

/// Lists all runs, or shows one.
pub fn run(name: Option<&str>, session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    match name {
        None => all(session),
        Some(name) => one(name, session),
    }
}

fn all(session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    let layout = &session.config.layout;
    let mut text = String::new();
    let mut listed = Vec::new();
    for name in runs::names(layout).map_err(|error| failed(&error))? {
        let Some(plan) = record::read::<Plan>(&layout.run(&name).plan()).map_err(|error| failed(&error))? else {
            continue;
        };
        let report = record::read::<Report>(&layout.run(&name).report()).map_err(|error| failed(&error))?;
        let outcome = report.as_ref().map(|report| report.outcome);
        let down = report.as_ref().and_then(|report| report.downtime_ms);
        let word = outcome.map_or_else(|| "unfinished".to_owned(), |outcome| format!("{outcome:?}").to_lowercase());
        let down_words = down.map_or_else(String::new, |ms| format!(", down {}", took(ms)));
        let _ = writeln!(text, "{name}  {} to {}: {word}{down_words}", point(&plan.from), point(&plan.to));
        listed.push(json!({
            "run": name, "operation": plan.operation, "from": plan.from, "to": plan.to, "outcome": outcome,
            "downtime_ms": down,
        }));
    }
    if listed.is_empty() {
        text.push_str("there are no runs yet");
    }
    Ok(Reply::new(Outcome::Done).with("runs", listed).saying(text))
}

fn one(name: &str, session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    let layout = &session.config.layout;
    // A name that leads elsewhere is no run.
    let known = runs::names(layout).map_err(|error| failed(&error))?;
    if !known.iter().any(|run| run == name) {
        return Err(Box::new(Reply::refused(vec![Refusal::new(
            "no-run",
            format!("there is no run `{name}`"),
            "see `gantry-installer history`",
        )])));
    }
    let places = layout.run(name);
    let report = record::read::<Report>(&places.report()).map_err(|error| failed(&error))?;
    let entries = Journal::read(&places.journal()).map_err(|error| failed(&error))?;
    let plan = record::read::<Plan>(&places.plan()).map_err(|error| failed(&error))?;
    let mut text = plan.as_ref().map(head).unwrap_or_default();
    let summary = report.as_ref().map(|report| outcome::of(std::slice::from_ref(report), Vec::new()));
    text.push_str(&timeline(&entries, plan.as_ref()));
    match summary {
        Some(reply) => {
            text.push_str(&reply.text);
            if let Some(error) = reply.error {
                let causes = error.causes.iter().map(|cause| format!("  caused by: {cause}\n"));
                let _ =
                    write!(text, "failed: {}\n{}  hint: {}\n", error.message, causes.collect::<String>(), error.remedy);
            }
            reply.warnings.iter().for_each(|warning| text.push_str(&format!("warning: {warning}\n")));
        }
        None => text.push_str("unfinished: run `gantry-installer recover`\n"),
    }
    if let Some(imported) = report.as_ref().and_then(|report| report.import.as_ref()) {
        let _ = writeln!(text, "what became of every row\n{}", indented(&imported.account.to_string()));
    }
    Ok(Reply::new(Outcome::Done).with("report", report).with("journal", entries).saying(text))
}

/// What the run was to do.
fn head(plan: &Plan) -> String {
    let verb = match plan.operation {
        Operation::Install => "install",
        Operation::Upgrade => "upgrade",
        Operation::Rollback => "rollback",
        Operation::Migrate => "migrate",
    };
    let way = plan.strategy.map(|strategy| format!(" by {}", strategy.word())).unwrap_or_default();
    format!("{}: {verb} from {} to {}{way}\n", plan.run, point(&plan.from), point(&plan.to))
}

/// A line for everything that the journal tells of: when it began, what it was, and how long it took or how it ended.
fn timeline(entries: &[Entry], plan: Option<&Plan>) -> String {
    let name = |step: usize| {
        let known = plan.and_then(|plan| plan.steps.get(step)).map(|step| step.name().to_owned());
        known.unwrap_or_else(|| format!("step {step}"))
    };
    let mut text = String::new();
    for (at, entry) in entries.iter().enumerate() {
        let next = entries.get(at + 1).map(|entry| &entry.event);
        let words = match &entry.event {
            // Said in the line of what it leads to, or ends.
            Event::Intend { step } if matches!(next, Some(Event::Failed { step: failed, .. }) if failed == step) => {
                continue;
            }
            Event::Done { .. } | Event::Undone { .. } => continue,
            // The undo of what changed nothing.
            Event::Undo { step } if nothing_to_undo(plan, *step) => continue,
            Event::Intend { step } => match next {
                Some(Event::Done { step: done, ms }) if done == step => format!("{:<10} {}", name(*step), took(*ms)),
                _ => format!("{:<10} began, and was not done", name(*step)),
            },
            Event::Undo { step } => match next {
                Some(Event::Undone { step: undone }) if undone == step => format!("{:<10} undone", name(*step)),
                _ => format!("{:<10} its undo began, and was not done", name(*step)),
            },
            Event::Failed { step, error } => format!("{:<10} failed: {error}", name(*step)),
            Event::Recover => "a recovery began".to_owned(),
            Event::Closed { outcome: Ended::New } => "ended with all of the new".to_owned(),
            Event::Closed { outcome: Ended::Old } => "ended with all of the old".to_owned(),
        };
        let _ = writeln!(text, "  {}  {words}", moment(entry.at));
    }
    text
}

fn nothing_to_undo(plan: Option<&Plan>, step: usize) -> bool {
    plan.and_then(|plan| plan.steps.get(step)).is_some_and(|step| step.undo() == Undo::Nothing)
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("  {line}") })
        .collect::<Vec<_>>()
        .join("\n")
}

fn failed(error: &dyn std::error::Error) -> Box<Reply> {
    Box::new(Reply::failed("state", error, "run it as root, or as the user who owns the state directory"))
}
