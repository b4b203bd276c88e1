//! `hook prerm`: before the package goes, or makes way for an older version of itself. Only the newer side knows how to go
//! back: the older one has neither the migrations nor the knowledge.

use super::{Call, instead, nothing, settled};
use crate::cli::exit::Outcome;
use crate::cli::recover;
use crate::cli::reply::Reply;
use crate::cli::rollback::{self, Wish};
use crate::cli::runs::{Answer, refused};
use crate::cli::session::unreadable;
use crate::journal::package;
use crate::plan::Refusal;
use crate::plan::package::Deed;
use crate::steps::Starts;
use crate::sys::service::ServiceError;
use crate::version::{Target, Version};

/// Goes back, stops, or does nothing.
pub(super) fn run(call: &Call<'_>) -> Answer<Reply> {
    let session = call.session;
    if !session.has_state()? {
        return Ok(nothing());
    }
    let deed = call.deed(None)?;
    let denied = call.denied()?.is_some();
    let interrupted = call.interrupted()?.is_some();
    match deed {
        Deed::Stop => {
            let _lock = call.lock()?;
            recovered(call, Starts::Nothing)?;
            stop(call)
        }
        // Where the machine stands is not certain before what was interrupted has ended.
        Deed::GoBack(_) | Deed::Nothing if interrupted && !denied => {
            let _lock = call.lock()?;
            recovered(call, Starts::Service)?;
            make_way(call)
        }
        Deed::GoBack(_) => {
            let _lock = call.lock()?;
            make_way(call)
        }
        deed => settled(deed),
    }
}

fn make_way(call: &Call<'_>) -> Answer<Reply> {
    match call.deed(None)? {
        Deed::GoBack(to) => go_back(to, call),
        deed => settled(deed),
    }
}

/// Ends what is unfinished; what cannot be ended is the answer.
pub(super) fn recovered(call: &Call<'_>, starts: Starts) -> Answer<()> {
    let session = call.session;
    if let Some(reply) = recover::unfinished(starts, session)? {
        session.terminal.say(reply.text.trim_end());
        if !matches!(reply.outcome, Outcome::Done | Outcome::Recovered | Outcome::Nothing) {
            return Err(Box::new(reply));
        }
    }
    session.refuse_unfinished()
}

/// The whole rollback, to a release that is on disk, and only if nothing is lost by it.
fn go_back(to: Version, call: &Call<'_>) -> Answer<Reply> {
    let session = call.session;
    let by_hand =
        |more: &str| format!("run `gantry-installer rollback --to {to}{more}` first, then the same apt command again");
    let seen = session.observe()?;
    if !seen.on_disk.iter().any(|release| release.version == to) {
        let message = format!("{to} is not on disk any more, and this script fetches nothing");
        return Err(refused(vec![Refusal::new("not-on-disk", message, by_hand(""))]));
    }
    let target = Target::Exact(to.clone());
    let wish = Wish { to: Some(&target), strategy: None, backup: None, dry_run: false, yes: true };
    let remedy =
        format!("look at `gantry-installer rollback --to {to} --dry-run`, then {}", by_hand(" --strategy NAME"));
    rollback::go(&wish, session).map_err(|reply| instead(*reply, "loss", &remedy))
}

fn stop(call: &Call<'_>) -> Answer<Reply> {
    let session = call.session;
    let failed = |error: &ServiceError| Box::new(Reply::failed("service", error, "stop it by hand, then try again"));
    match session.service(&[]).triggers() {
        Ok(triggers) => match session.service(&triggers).stop() {
            Ok(()) | Err(ServiceError::Unmanaged) => {}
            Err(error) => return Err(failed(&error)),
        },
        // Without its unit nobody can have started it.
        Err(ServiceError::UnknownUnit(_)) => {}
        Err(error) => return Err(failed(&error)),
    }
    let layout = &session.config.layout;
    package::remove(layout).and_then(|()| package::settle(layout)).map_err(|error| Box::new(unreadable(&error)))?;
    let kept = format!(
        "stopped; the database `{}` stays, and so do the backups in `{}`",
        session.config.database.path.display(),
        layout.backups.display()
    );
    Ok(Reply::new(Outcome::Done).saying(kept))
}
