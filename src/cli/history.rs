//! `history`: past runs, or one of them.

use std::fmt::Write as _;

use serde_json::json;

use super::exit::Outcome;
use super::outcome::{self, point};
use super::reply::Reply;
use super::session::Session;
use super::terminal::took;
use crate::journal::{Journal, record, runs};
use crate::plan::{Plan, Refusal};
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
    let summary = report.as_ref().map(|report| outcome::of(std::slice::from_ref(report), Vec::new()));
    let mut text = summary.as_ref().map(|reply| reply.text.clone()).unwrap_or_default();
    if let Some(error) = summary.and_then(|reply| reply.error) {
        let _ = writeln!(text, "failed: {}", error.message);
    }
    if let Some(imported) = report.as_ref().and_then(|report| report.import.as_ref()) {
        let _ = writeln!(text, "what became of every row\n{}\n", indented(&imported.account.to_string()));
    }
    for entry in &entries {
        let words = serde_json::to_string(&entry.event).unwrap_or_default();
        let _ = writeln!(text, "  {}  {words}", entry.at);
    }
    Ok(Reply::new(Outcome::Done).with("report", report).with("journal", entries).saying(text))
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
