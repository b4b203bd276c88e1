//! `install`: the first release on this machine.

use super::exit::Outcome;
use super::outcome;
use super::reply::Reply;
use super::runs::{Answer, barred, conduct, consent, refused, run_name, stands, timed, unresolved};
use super::session::Session;
use super::{arguments, packaged};
use crate::manifest::Manifest;
use crate::manifest::graph::{Asked, way};
use crate::plan::install::{self, Install};
use crate::plan::observed::Observed;
use crate::plan::{Plan, Refusal};
use crate::run::StepTime;
use crate::run::resolve::{self, Expiry};
use crate::sys::http::Client;
use crate::version::Target;

/// Installs a release, or says what is installed already.
pub fn run(arguments: &arguments::Install, session: &Session<'_>) -> Answer<Reply> {
    packaged::refuse(arguments.to.as_ref(), session)?;
    if !session.has_state()? {
        // What is refused leaves nothing behind: the state directory comes with the lock, for what can be done.
        decide(arguments, session, &session.client())?;
    }
    let _lock = session.begin("install")?;
    let client = session.client();
    let (plan, before) = decide(arguments, session, &client)?;
    if !arguments.yes {
        let to = plan.to.version.as_ref().map(ToString::to_string).unwrap_or_default();
        consent(session.terminal, &format!("Install {to} with the database `{}`?", plan.database.display()))?;
    }
    let report = conduct(plan, session, &client)?;
    Ok(outcome::of(&[report], before))
}

/// The plan, and how long it took to come to it.
fn decide(arguments: &arguments::Install, session: &Session<'_>, client: &Client) -> Answer<(Plan, Vec<StepTime>)> {
    let (seen, observed) = timed("observe", session, || session.observe())?;
    if let Some(installed) = &seen.installed {
        let version = &installed.version;
        if arguments.to.as_ref().is_none_or(|target| target.admits(version)) {
            let stands = stands(&seen);
            let words = format!("{version} is installed already");
            return Err(Box::new(Reply::new(Outcome::Nothing).with("from", &stands).with("to", &stands).saying(words)));
        }
        let to = arguments.to.as_ref();
        let verb = if to.is_some_and(|target| target.is_above(version)) { "upgrade" } else { "rollback" };
        let to = to.map(|target| format!(" --to {target}")).unwrap_or_default();
        return Err(refused(vec![Refusal::new(
            "installed",
            format!("{version} is installed already"),
            format!("run `gantry-installer {verb}{to}`"),
        )]));
    }
    let (manifest, resolved) = timed("resolve", session, || {
        resolve::manifest(&session.config, client, Expiry::Enforced, session.terminal).map_err(unresolved)
    })?;
    let plan = plan(arguments.to.as_ref(), &manifest, &seen, session)?;
    Ok((plan, vec![resolved, observed]))
}

/// Installs the release `to` of a manifest that is believed, under the lock.
pub fn go(
    to: &Target,
    manifest: &Manifest,
    resolved: StepTime,
    session: &Session<'_>,
    client: &Client,
) -> Answer<Reply> {
    let (seen, observed) = timed("observe", session, || session.observe())?;
    let plan = plan(Some(to), manifest, &seen, session)?;
    let report = conduct(plan, session, client)?;
    Ok(outcome::of(&[report], vec![resolved, observed]))
}

fn plan(to: Option<&Target>, manifest: &Manifest, seen: &Observed, session: &Session<'_>) -> Answer<Plan> {
    let installer = resolve::installer().map_err(|error| barred("version", &error, "report this as a bug"))?;
    let asked = Asked {
        installed: None,
        target: to,
        channel: &session.config.manifest.channel,
        installer: &installer,
        skip: &[],
    };
    let releases = way(manifest, &asked).map_err(|error| unresolved(error.into()))?;
    let Some(release) = releases.first() else { return Err(Box::new(Reply::new(Outcome::Nothing))) };
    let incoming = resolve::incoming(release, &session.config).map_err(unresolved)?;
    let name = run_name(session, &format!("install-{}", release.version))?;
    let ask = Install { run: &name, release: &incoming, owner: session.config.database.owner.as_deref() };
    install::plan(&ask, seen).map_err(refused)
}
