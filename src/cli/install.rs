//! `install`: the first release on this machine.

use super::arguments;
use super::exit::Outcome;
use super::outcome;
use super::reply::Reply;
use super::session::Session;
use super::upgrade::{conduct, consent, refused, run_name, stands, unresolved};
use crate::manifest::graph::{Asked, way};
use crate::plan::Refusal;
use crate::plan::install::{self, Install};
use crate::run::StepTime;
use crate::run::resolve::{self, Expiry};
use crate::sys::clock::Stopwatch;

/// Installs a release, or says what is installed already.
pub fn run(arguments: &arguments::Install, session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    let _lock = session.begin("install")?;
    let seen = session.observe()?;
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
    let client = session.client()?;
    let resolving = Stopwatch::start();
    let manifest = resolve::manifest(&session.config, &client, Expiry::Enforced).map_err(unresolved)?;
    let installer = resolve::installer().map_err(|error| Box::new(Reply::failed("version", &error, "")))?;
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
    let resolved = StepTime { name: "resolve".to_owned(), ms: resolving.millis() };
    let name = run_name(session, &format!("install-{}", release.version))?;
    let ask = Install { run: &name, release: &incoming, owner: session.config.database.owner.as_deref() };
    let plan = install::plan(&ask, &seen).map_err(refused)?;
    if !arguments.yes {
        let database = seen.database.path.display();
        consent(session, &format!("Install {} with the database `{database}`?", release.version))?;
    }
    let report = conduct(&plan, session, &client)?;
    Ok(outcome::of(&[report], vec![resolved]))
}
