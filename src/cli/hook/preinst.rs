//! `hook preinst`: may the package come? Nothing is changed: what is refused here leaves everything as it is, dpkg's own
//! records among it.

use std::time::Duration;

use super::payload::{self, Brought};
use super::{Call, PATIENCE, nothing, settled};
use crate::cli::exit::Outcome;
use crate::cli::major::import_room;
use crate::cli::probation;
use crate::cli::reply::{Problem, Reply};
use crate::cli::runs::{Answer, barred, refused, run_name, unresolved_waivable};
use crate::manifest::Manifest;
use crate::manifest::graph::{Asked, NoWay, way};
use crate::plan::Refusal;
use crate::plan::observed::Observed;
use crate::plan::package::{Deed, version_of};
use crate::plan::step::Incoming;
use crate::plan::upgrade::{self, Upgrade, missing};
use crate::run::resolve::{self, ResolveError};
use crate::sys::events::Deadline;
use crate::sys::lock::RunLock;
use crate::sys::{clock, seam};
use crate::version::Target;

/// Answers, and changes nothing.
pub(super) fn run(call: &Call<'_>) -> Answer<Reply> {
    let session = call.session;
    if !session.has_state()? {
        return Ok(nothing());
    }
    refuse_busy(call)?;
    session.refuse_unfinished()?;
    let brought = payload::from_stdin(session)?;
    match brought {
        Brought::Manifest(manifest) => match call.deed(Some(&manifest))? {
            Deed::Check => check(call, &manifest),
            deed => settled(deed),
        },
        Brought::Nothing(why) => match call.deed(None)? {
            Deed::Check => Ok(nothing().saying(format!("not checked before it is unpacked: {why}"))),
            deed => settled(deed),
        },
    }
}

/// Refuses while a run is under way that does not end soon: how it ends may be anything.
fn refuse_busy(call: &Call<'_>) -> Answer<()> {
    let lock = call.session.config.layout.lock();
    let deadline = Deadline::after(seam::patience(PATIENCE));
    let owner = loop {
        let owner = RunLock::owner(&lock).map_err(|error| barred("state", &error, "run it as root"))?;
        match owner {
            None => return Ok(()),
            Some(owner) if deadline.has_passed() => break owner,
            Some(_) => clock::pause(Duration::from_millis(5)),
        }
    };
    let problem = Problem {
        code: "locked".to_owned(),
        message: format!("another run holds the lock: {owner}"),
        causes: Vec::new(),
        remedy: "wait until it has ended, then run the same apt command again".to_owned(),
    };
    Err(Box::new(Reply { error: Some(problem), ..Reply::new(Outcome::Locked) }))
}

/// The plan of the upgrade, of which nothing is carried out: all that would be refused later is refused now.
fn check(call: &Call<'_>, manifest: &Manifest) -> Answer<Reply> {
    let session = call.session;
    let seen = session.observe()?;
    let watched = probation::read(session)?;
    let mut refusals: Vec<Refusal> = watched.and_then(|watched| watched.refusal()).into_iter().collect();
    let Some(way) = find(call, manifest, &seen)? else { return Ok(nothing()) };
    refusals.extend(not_carried(call, &way, &seen));
    let name = run_name(session, "check")?;
    let ask = Upgrade { run: &name, way: &way, probation_ms: None, import_room: import_room(&seen) };
    refusals.extend(upgrade::plan(&ask, &seen).err().unwrap_or_default());
    if refusals.is_empty() { Ok(nothing()) } else { Err(refused(refusals)) }
}

/// The way to the release of the package; nothing where only the installer in the package can tell.
fn find(call: &Call<'_>, manifest: &Manifest, seen: &Observed) -> Answer<Option<Vec<Incoming>>> {
    let config = &call.session.config;
    let installer = resolve::installer().map_err(|error| barred("version", &error, "report this as a bug"))?;
    let target = Target::Exact(call.arguments.release.clone());
    let asked = Asked {
        installed: seen.installed.as_ref().map(|release| &release.version),
        target: Some(&target),
        channel: &config.manifest.channel,
        installer: &installer,
        skip: &[],
    };
    match way(manifest, &asked) {
        Err(NoWay::NeedsInstaller { .. }) => Ok(None),
        Err(no_way) => Err(unresolved_waivable(no_way.into())),
        Ok(releases) => {
            let incoming: Result<Vec<Incoming>, ResolveError> =
                releases.into_iter().map(|release| resolve::incoming(release, config)).collect();
            incoming.map(Some).map_err(unresolved_waivable)
        }
    }
}

/// Stops on the way that are neither in the package nor on disk.
fn not_carried(call: &Call<'_>, way: &[Incoming], seen: &Observed) -> Option<Refusal> {
    let arguments = call.arguments;
    let carried =
        |one: &&Incoming| one.release.version == arguments.release || arguments.carries.contains(&one.release.version);
    let first = missing(seen, way).into_iter().find(|one| !carried(&one))?;
    let (release, stop, package) = (&arguments.release, first.release.version, &arguments.package);
    Some(Refusal::new(
        "not-carried",
        format!("the way to {release} leads through {stop}, which this package does not bring"),
        format!("run `apt install {package}={}` first, then the same apt command again", version_of(&stop)),
    ))
}
