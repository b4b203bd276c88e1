//! `install`: the first release on this machine.

use super::arguments;
use super::exit::Outcome;
use super::outcome;
use super::reply::Reply;
use super::runs::{Answer, barred, conduct, consent, refused, run_name, stands, timed, unresolved};
use super::session::Session;
use crate::manifest::graph::{Asked, way};
use crate::plan::Refusal;
use crate::plan::install::{self, Install};
use crate::run::resolve::{self, Expiry};

/// Installs a release, or says what is installed already.
pub fn run(arguments: &arguments::Install, session: &Session<'_>) -> Answer<Reply> {
    let _lock = session.begin("install")?;
    let (seen, observed) = timed("observe", || session.observe())?;
    if let Some(installed) = &seen.installed {
        let version = &installed.version;
        if arguments.to.as_ref().is_none_or(|target| target.admits(version)) {
            let stands = stands(&seen);
            return Ok(Reply::new(Outcome::Nothing)
                .with("from", &stands)
                .with("to", &stands)
                .saying(format!("{version} is installed already")));
        }
        return Err(refused(vec![Refusal::new(
            "installed",
            format!("{version} is installed already"),
            "run `gantry-installer upgrade` or `gantry-installer rollback`",
        )]));
    }
    let client = session.client();
    let (manifest, resolved) =
        timed("resolve", || resolve::manifest(&session.config, &client, Expiry::Enforced).map_err(unresolved))?;
    let installer = resolve::installer().map_err(|error| barred("version", &error, "report this as a bug"))?;
    let asked = Asked {
        installed: None,
        target: arguments.to.as_ref(),
        channel: &session.config.manifest.channel,
        installer: &installer,
        skip: &[],
    };
    let releases = way(&manifest, &asked).map_err(|error| unresolved(error.into()))?;
    let Some(release) = releases.first() else { return Ok(Reply::new(Outcome::Nothing)) };
    let incoming = resolve::incoming(release, &session.config).map_err(unresolved)?;
    let name = run_name(session, &format!("install-{}", release.version))?;
    let ask = Install { run: &name, release: &incoming, owner: session.config.database.owner.as_deref() };
    let plan = install::plan(&ask, &seen).map_err(refused)?;
    if !arguments.yes {
        let database = seen.database.path.display();
        consent(session, &format!("Install {} with the database `{database}`?", release.version))?;
    }
    let report = conduct(plan, session, &client)?;
    Ok(outcome::of(&[report], vec![resolved, observed]))
}
