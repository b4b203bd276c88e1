//! `gate`: may the installed release run on the database? With a command: becomes that command if so.

use std::ffi::OsString;

use super::exit::Outcome;
use super::reply::{Problem, Reply};
use super::session::Session;
use crate::gate::{self, Answer, Verdict};
use crate::layout::Layout;
use crate::plan::Refusal;
use crate::sys::{fs, process};
use crate::version::Version;

/// Answers, or becomes `command`; comes back from that only if it could not be started.
pub fn run(command: &[OsString], session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    let config = &session.config;
    let (state, database) = (&config.layout.state, &config.database.path);
    let version = current(&config.layout).map_err(|reason| Verdict::Unknown { reason });
    if command.is_empty() {
        let answer = version.map(|version| gate::ask(state, database, &version));
        let Answer { verdict, warning } = answer.unwrap_or_else(|verdict| Answer { verdict, warning: None });
        return if verdict.is_ready() {
            Ok(of(&verdict).saying(verdict.to_string()).warning(warning))
        } else {
            Err(Box::new(refused(&verdict, command).warning(warning)))
        };
    }
    let passage = version.and_then(|version| gate::enter(state, database, &version));
    let passage = passage.map_err(|verdict| refused(&verdict, command))?;
    let error = passage.keep().err().unwrap_or_else(|| process::become_program(command));
    let message = format!("cannot start `{}`", command.first().map(|name| name.to_string_lossy()).unwrap_or_default());
    let problem = Problem { message, ..Problem::of("exec", &error, "check the command after `--`") };
    Ok(Reply { error: Some(problem), ..Reply::new(Outcome::Failed) })
}

fn refused(verdict: &Verdict, command: &[OsString]) -> Box<Reply> {
    let refusal = Refusal::new(verdict.word(), verdict.to_string(), remedy(verdict));
    let outcome = if command.is_empty() { Outcome::Refused } else { Outcome::Gated };
    Box::new(Reply { outcome, refusals: vec![refusal], ..of(verdict) })
}

fn of(verdict: &Verdict) -> Reply {
    let drift = match verdict {
        Verdict::Ready { drift, .. } | Verdict::Drifted { objects: drift } => drift.as_slice(),
        _ => &[],
    };
    Reply::new(Outcome::Done).with("verdict", verdict.word()).with("drift", drift)
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
        Verdict::Behind { major: Some(_), .. } => "run `gantry-installer status`: an older major wrote this database",
        Verdict::Behind { .. } => "run `gantry-installer migrate up`, or put the right database back",
        Verdict::Unknown { .. } | Verdict::Ready { .. } => "run `gantry-installer status`",
    }
}
