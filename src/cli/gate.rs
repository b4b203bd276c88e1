//! `gate`: may the installed release run on the database? With a command: becomes that command if so.

use std::ffi::OsString;

use super::exit::Outcome;
use super::reply::{Problem, Reply};
use super::session::Session;
use crate::gate::{self, Verdict};
use crate::layout::Layout;
use crate::plan::Refusal;
use crate::sys::{fs, process};
use crate::version::Version;

/// Answers, or becomes `command`; comes back from that only if it could not be started.
pub fn run(command: &[OsString], session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    let config = &session.config;
    let verdict = match current(&config.layout) {
        Ok(version) => gate::check(&config.layout.state, &config.database.path, &version),
        Err(reason) => Verdict::Unknown { reason },
    };
    let reply = Reply::new(Outcome::Done).with("verdict", verdict.word()).saying(verdict.to_string());
    if !verdict.is_ready() {
        let refusal = Refusal::new(verdict.word(), verdict.to_string(), remedy(&verdict));
        let outcome = if command.is_empty() { Outcome::Refused } else { Outcome::Gated };
        return Ok(Reply { outcome, refusals: vec![refusal], text: String::new(), ..reply });
    }
    if command.is_empty() {
        return Ok(reply);
    }
    let error = process::become_program(command);
    let message = format!("cannot start `{}`", command.first().map(|name| name.to_string_lossy()).unwrap_or_default());
    let problem = Problem { message, ..Problem::of("exec", &error, "check the command after `--`") };
    Ok(Reply { error: Some(problem), ..Reply::new(Outcome::Failed) })
}

/// The same answer where the gate could not even be asked: a command is not started then either.
pub fn closed(reply: Reply, command: &[OsString]) -> Box<Reply> {
    let outcome = if command.is_empty() { reply.outcome } else { Outcome::Gated };
    let unknown = Verdict::Unknown { reason: String::new() };
    Box::new(Reply { outcome, ..reply }.with("verdict", unknown.word()))
}

/// The release that `current` points to, by its name alone.
fn current(layout: &Layout) -> Result<Version, String> {
    let link = layout.current();
    let target = fs::read_link(&link).map_err(|error| error.to_string())?;
    let target = target.ok_or_else(|| format!("there is no `{}`: nothing is installed", link.display()))?;
    let name = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.parse().map_err(|_| format!("`{}` points to `{}`, which is no version", link.display(), target.display()))
}

fn remedy(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::InFlight { .. } => "wait for the run, or run `gantry-installer recover` if it was interrupted",
        Verdict::Dirty { .. } | Verdict::Drifted { .. } => "run `gantry-installer verify`, then put a backup back",
        Verdict::Ahead { .. } => "run `gantry-installer status`: a newer release wrote this database",
        Verdict::Behind { .. } => "run `gantry-installer migrate up`, or put the right database back",
        Verdict::Unknown { .. } | Verdict::Ready { .. } => "run `gantry-installer status`",
    }
}
