//! `hook postinst`: brings the machine to the release of the package, by a run like any other; or sets right what a broken
//! off change of packages left. `hook activate` is the same for what could not be done then.

use super::payload::{self, Payload};
use super::prerm::recovered;
use super::{Call, instead, nothing, settled};
use crate::cli::arguments::{self, ScriptName};
use crate::cli::exit::Outcome;
use crate::cli::reply::{Problem, Reply};
use crate::cli::runs::Answer;
use crate::cli::session::unreadable;
use crate::cli::{install, rollback, upgrade};
use crate::config::OnFailure;
use crate::journal::package::{self, Package, Pending};
use crate::plan::observed::Cause;
use crate::plan::package::{Asked, Deed, activation, version_of};
use crate::steps::{self, Starts};
use crate::sys::clock;
use crate::version::Target;

/// Does what the machine needs, and notes the package.
pub(super) fn run(call: &Call<'_>) -> Answer<Reply> {
    let session = call.session;
    if call.asked != Asked::Configure && !session.has_state()? {
        return Ok(nothing());
    }
    let _lock = match call.lock() {
        Err(held) if held.outcome == Outcome::Locked && call.asked != Asked::Configure => return Ok(left(&held, call)),
        lock => lock?,
    };
    let denied = call.denied()?.is_some();
    if !denied {
        recovered(call, Starts::Service)?;
    }
    match call.asked {
        Asked::Configure => {
            let reply = configure(call).unwrap_or_else(|reply| *reply);
            ended(reply, call)
        }
        Asked::Return if !denied => come_back(call),
        _ => Ok(nothing()),
    }
}

/// The answer to a change that is broken off beside a run: that run ends by itself, or at the next call. A failure here would only
/// make dpkg call the package broken.
fn left(held: &Reply, call: &Call<'_>) -> Reply {
    let who = held.error.as_ref().map_or("another run is under way", |error| &error.message);
    let start = if call.asked == Asked::Return { "; if the service is stopped after it, start it by hand" } else { "" };
    nothing().saying(format!("nothing is done here: {who}, and ends by itself{start}"))
}

fn configure(call: &Call<'_>) -> Answer<Reply> {
    // What holds a release is its artifact, and the payload says which that is.
    let payload = if call.held(None)?.is_some() { Some(payload::open(call)?) } else { None };
    match call.deed(payload.as_ref().map(|payload| &payload.manifest))? {
        Deed::Install => {
            let Payload { client, manifest, resolved } = payload.map_or_else(|| payload::open(call), Ok)?;
            let to = Target::Exact(call.arguments.release.clone());
            let older = format!(
                "install the version of the package that wrote this database: `apt install {}=VERSION`, then upgrade",
                call.arguments.package
            );
            install::go(&to, &manifest, resolved, call.session, &client)
                .map_err(|reply| instead(*reply, "database-unfit", &older))
        }
        Deed::Upgrade => {
            let Payload { client, manifest, resolved } = payload.map_or_else(|| payload::open(call), Ok)?;
            upgrade::go(&wish(call), &manifest, resolved, call.session, &client)
        }
        Deed::PutOff(why) => {
            put_off(&why, call)?;
            let words = format!("{} is not activated yet: {why}; {}", call.arguments.release, at_boot(call));
            Ok(nothing().saying(words))
        }
        deed => settled(deed),
    }
}

fn wish(call: &Call<'_>) -> arguments::Upgrade {
    arguments::Upgrade {
        to: Some(Target::Exact(call.arguments.release.clone())),
        channel: None,
        bundle: None,
        allow_expired: true,
        max_downtime: None,
        dry_run: false,
        retry: call.arguments.retry,
        yes: true,
    }
}

/// What the package manager is told.
fn ended(reply: Reply, call: &Call<'_>) -> Answer<Reply> {
    let defers = call.session.config.on_failure == OnFailure::Defer && call.arguments.script == ScriptName::Postinst;
    match reply.outcome {
        Outcome::Done => {
            configured(call)?;
            Ok(reply)
        }
        Outcome::Nothing => {
            let waits = pending(call)?.is_some_and(|pending| pending.release == call.arguments.release)
                && call.installed()?.as_ref() != Some(&call.arguments.release);
            if !waits {
                configured(call)?;
            }
            Ok(reply)
        }
        Outcome::Failed | Outcome::Refused | Outcome::Restored => {
            let (release, package) = (&call.arguments.release, &call.arguments.package);
            if !defers {
                // dpkg configures only what it does not call installed.
                let again = match call.arguments.script {
                    ScriptName::Activate => activation(package, release),
                    _ => format!("GANTRY_INSTALLER_RETRY=1 dpkg --configure {package}"),
                };
                return Ok(reworded(reply, &format!("`{again}`"), call));
            }
            let why = reason(&reply);
            put_off(&why, call)?;
            let next = next(call)?;
            let words = format!("{release} is not activated: {why}; {next}");
            // As it was said by the step that failed; dpkg goes on.
            Ok(Reply { outcome: Outcome::Nothing, error: None, refusals: Vec::new(), ..reply }.saying(words))
        }
        _ => Ok(reply),
    }
}

/// What went wrong, in one line.
fn reason(reply: &Reply) -> String {
    let error = reply.error.iter().map(|error| error.message.clone());
    let refusals = reply.refusals.iter().map(|refusal| refusal.message.clone());
    error.chain(refusals).collect::<Vec<_>>().join("; ")
}

/// The same failure, with the way out that a package has.
fn reworded(reply: Reply, retry: &str, call: &Call<'_>) -> Reply {
    let Some(error) = reply.error.clone() else { return reply };
    let stays = reply.body.get("to").and_then(|to| to.get("version")).and_then(|version| version.as_str());
    let stays = stays.and_then(|version| version.parse().ok());
    let stay = stays
        .map(|version| format!(", or stay with `apt install {}={}`", call.arguments.package, version_of(&version)));
    let look = reply.body.get("run").and_then(|run| run.as_str());
    let look = look.map(|run| format!("look at `gantry-installer history {run}` and at the log of the service, "));
    let (look, stay) = (look.unwrap_or_default(), stay.unwrap_or_default());
    let remedy = format!("{look}put it right, then run {retry}{stay}");
    Reply { error: Some(Problem { remedy, ..error }), ..reply }
}

/// What leads out of a failure that was put off. A release that failed here is held, and no boot tries it again.
fn next(call: &Call<'_>) -> Answer<String> {
    let held = call.held(None)?.is_some_and(|held| held.cause == Cause::Failed);
    if !held {
        return Ok(at_boot(call));
    }
    let again = activation(&call.arguments.package, &call.arguments.release);
    Ok(format!("it is not tried again by itself: put right what it failed of, then run `{again}`"))
}

fn at_boot(call: &Call<'_>) -> String {
    let (package, release) = (&call.arguments.package, &call.arguments.release);
    format!("it is at the next boot, or by `gantry-installer hook --package {package} --release {release} activate`")
}

fn pending(call: &Call<'_>) -> Answer<Option<Pending>> {
    package::pending(&call.session.config.layout).map_err(|error| Box::new(unreadable(&error)))
}

fn put_off(why: &str, call: &Call<'_>) -> Answer<()> {
    let layout = &call.session.config.layout;
    let (name, release) = (call.arguments.package.clone(), call.arguments.release.clone());
    let pending = Pending {
        package: name.clone(),
        release: release.clone(),
        reason: why.to_owned(),
        major: call.major,
        since: clock::now(),
    };
    package::put_off(layout, &pending)
        .and_then(|()| package::write(layout, &Package { name, release }))
        .map_err(|error| Box::new(unreadable(&error)))
}

/// The record of the package comes first: a kill between the two leaves something that is looked at once more for nothing.
fn configured(call: &Call<'_>) -> Answer<()> {
    let layout = &call.session.config.layout;
    let package = Package { name: call.arguments.package.clone(), release: call.arguments.release.clone() };
    package::write(layout, &package)
        .and_then(|()| package::settle(layout))
        .map_err(|error| Box::new(unreadable(&error)))
}

/// The removal that stopped the service is broken off.
fn come_back(call: &Call<'_>) -> Answer<Reply> {
    let session = call.session;
    configured(call)?;
    let seen = session.observe()?;
    let (plan, client) = (rollback::outline("come-back", &seen), session.client());
    steps::keep_running(&mut session.machine(&plan, &client))
        .map_err(|error| Box::new(Reply::failed(error.code, &error, "start it by hand")))?;
    Ok(Reply::new(Outcome::Done).saying("the service runs again"))
}
