//! `recover --crashed`: the service failed for good, says its manager. While an upgrade is on probation it is gone back
//! from, as long as that loses nothing; later a crash is only told of.

use super::exit::Outcome;
use super::probation;
use super::reply::Reply;
use super::rollback::{self, Wish};
use super::runs::{Answer, refused};
use super::session::{Session, unreadable};
use crate::config::OnCrash;
use crate::journal::{held, releases};
use crate::plan::observed::{Cause, Held, Observed, Service};
use crate::plan::probation::Probation;
use crate::plan::{Refusal, Strategy};
use crate::steps::life;
use crate::sys::clock;
use crate::version::Target;

/// The exit status of a gate that refused: nothing was started, so no release crashed.
const GATED: &str = "exit status 78";

/// Goes back, or tells why not.
pub fn run(session: &Session<'_>) -> Answer<Reply> {
    if !session.has_state()? {
        return Ok(nothing("nothing was ever installed here"));
    }
    let _lock = match session.lock("recover --crashed") {
        // A run that starts the service itself sees for itself what becomes of it.
        Err(held) if held.outcome == Outcome::Locked => return Ok(nothing("a run is under way, which looks after it")),
        lock => lock?,
    };
    session.refuse_unfinished()?;
    let ending = session.service(&[]).ending();
    let ending = ending.map_err(|error| super::runs::barred("service", &error, "check the section [service]"))?;
    if ending.as_deref() == Some(GATED) {
        return Ok(nothing("the gate refused the start: `gantry-installer gate` says why"));
    }
    let seen = session.observe()?;
    if matches!(seen.service, Service::Running { .. }) {
        return Ok(nothing("the service runs"));
    }
    let Some(watched) = probation::tally(session)? else {
        return Ok(nothing("no upgrade is on probation, so nothing is gone back from"));
    };
    let now = life::now().map_err(|error| super::runs::barred("clock", &error, "look at `/proc/uptime`"))?;
    if !watched.certainly_lasts(&now) {
        return Ok(uncertain(&watched));
    }
    let words = ending.unwrap_or_else(|| "it does not run any more".to_owned());
    // First of all: whatever comes of the way back, this release is not taken again by itself.
    hold(&watched, &words, session)?;
    go_back(&watched, &seen, session)
}

/// The answer where the probation may have ended, which nobody saw: a probation that is over must not cost what was written
/// since.
fn uncertain(watched: &Probation) -> Reply {
    let version = watched.to.version.as_ref().map_or_else(String::new, ToString::to_string);
    nothing(&format!(
        "{version} was on probation, and whether it still is cannot be told after so long, or after a boot; if it is at fault \
         look at `gantry-installer rollback --dry-run`, else run `gantry-installer confirm` and start the service"
    ))
}

fn hold(watched: &Probation, ending: &str, session: &Session<'_>) -> Answer<()> {
    let layout = &session.config.layout;
    let Some(version) = watched.to.version.clone() else { return Ok(()) };
    let known = releases::read(layout, &version).map_err(|error| Box::new(unreadable(&error)))?;
    let new = Held {
        version,
        sha256: known.map(|known| known.artifact),
        cause: Cause::Failed,
        reason: format!("on probation: the service crashed ({})", ending.lines().next().unwrap_or_default()),
        at: clock::now(),
        run: watched.run.clone(),
    };
    held::hold(&layout.held(), new).map_err(|error| Box::new(unreadable(&error)))
}

fn go_back(watched: &Probation, seen: &Observed, session: &Session<'_>) -> Answer<Reply> {
    let Some(version) = watched.from.version.clone() else { return Ok(nothing("there is nothing to go back to")) };
    if !seen.on_disk.iter().any(|release| release.version == version) {
        let remedy = format!("see `gantry-installer rollback --to {version} --dry-run`");
        let message = format!("{version}, which the upgrade came from, is not on disk any more");
        return Err(refused(vec![Refusal::new("not-on-disk", message, remedy)]));
    }
    let to = Target::Exact(version);
    let wish = Wish { to: Some(&to), strategy: None, backup: None, dry_run: false, yes: true };
    let answer = rollback::go(&wish, session);
    let loses = |reply: &Reply| reply.refusals.iter().any(|refusal| refusal.code == "loss");
    match answer {
        Err(reply) if loses(&reply) && session.config.health.on_crash == OnCrash::Restore => {
            let strategy = Some(Strategy::Restore);
            rollback::go(&Wish { strategy, backup: Some(&watched.run), ..wish }, session)
        }
        answer => answer,
    }
}

fn nothing(words: &str) -> Reply {
    Reply::new(Outcome::Nothing).saying(format!("nothing was changed: {words}"))
}
