//! Where a rollback goes: a release on disk, or one that is brought in again.

use super::Wish;
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::cli::runs::{Answer, barred, refused, stands, unresolved};
use crate::cli::session::Session;
use crate::journal::{record, runs};
use crate::manifest::Release;
use crate::manifest::graph::NoWay;
use crate::plan::observed::Observed;
use crate::plan::step::Incoming;
use crate::plan::{Operation, Refusal};
use crate::run::resolve::{self, Expiry};
use crate::run::{Outcome as Ran, Report};
use crate::sys::http::Client;
use crate::version::{Target, Version};

/// The release to go back to, from disk or from the manifest.
pub(super) fn target(
    wish: &Wish<'_>,
    seen: &Observed,
    session: &Session<'_>,
    client: &Client,
) -> Answer<(Release, Option<Incoming>)> {
    let wanted = match wish.to {
        Some(target) => target.clone(),
        None => Target::Exact(came_from(&name_one(wish, seen), session)?),
    };
    let installed = seen.installed.as_ref().map(|release| &release.version);
    // With a backup the installed release may stay, and a database that was given up may be of a higher one.
    if let (Some(installed), None) = (installed, wish.backup) {
        if wanted.admits(installed) {
            return Err(nothing(&wanted, seen));
        }
        if wanted.is_above(installed) {
            return Err(upwards(&wanted));
        }
    }
    let fits = |release: &&Release| is_meant(&wanted, release, &session.config.manifest.channel);
    let below = |release: &&Release| wish.backup.is_some() || installed.is_none_or(|at| release.version < *at);
    if let Some(release) = seen.on_disk.iter().rev().find(|release| fits(release) && below(release)) {
        return Ok((release.clone(), None));
    }
    if let Some(higher) = seen.on_disk.iter().rev().find(fits) {
        return Err(upwards(&Target::Exact(higher.version.clone())));
    }
    // It was pruned, or never was here: it comes in like an upgrade's release, with all that binds one.
    let manifest =
        resolve::manifest(&session.config, client, Expiry::Enforced, session.terminal).map_err(unresolved)?;
    let Some(release) = manifest.releases.iter().rev().find(|release| fits(release) && below(release)) else {
        return Err(refused(vec![Refusal::new(
            "no-release",
            format!("{wanted} is neither on disk nor in the manifest as a release below the installed one"),
            "see `gantry-installer status` for what is on disk, and `gantry-installer upgrade` for higher releases",
        )]));
    };
    runs_with_this(release)?;
    let incoming = resolve::incoming(release, &session.config).map_err(unresolved)?;
    Ok((release.clone(), Some(incoming)))
}

/// Whether a release is one that `wanted` stands for. Only who names it exactly gets one that was withdrawn, or one of a
/// channel that is not followed.
fn is_meant(wanted: &Target, release: &Release, channel: &str) -> bool {
    let exactly = matches!(wanted, Target::Exact(_));
    wanted.admits(&release.version) && (exactly || release.yanked.is_none() && release.is_offered_on(channel))
}

/// Refuses a release that only another installer can bring in.
fn runs_with_this(release: &Release) -> Answer<()> {
    let installer = resolve::installer().map_err(|error| barred("version", &error, "report this as a bug"))?;
    match &release.installer {
        Some(range) if !range.contains(&installer) => {
            let (version, range) = (release.version.clone(), range.clone());
            Err(unresolved(NoWay::NeedsInstaller { version, range, installer }.into()))
        }
        _ => Ok(()),
    }
}

fn nothing(wanted: &Target, seen: &Observed) -> Box<Reply> {
    let stands = stands(seen);
    let words = format!("{wanted} is what is installed: there is nothing to go back to");
    Box::new(Reply::new(Outcome::Nothing).with("from", &stands).with("to", &stands).saying(words))
}

fn upwards(wanted: &Target) -> Box<Reply> {
    refused(vec![Refusal::new(
        "above",
        format!("{wanted} is above the installed release"),
        format!("run `gantry-installer upgrade --to {wanted}`"),
    )])
}

/// What to do where nothing says which release is meant.
fn name_one(wish: &Wish<'_>, seen: &Observed) -> String {
    let below =
        |release: &&Release| seen.installed.as_ref().is_some_and(|installed| release.version < installed.version);
    match seen.on_disk.iter().rev().find(below) {
        Some(Release { version, .. }) => {
            let dry_run = if wish.dry_run { " --dry-run" } else { "" };
            format!("name the release: `gantry-installer rollback --to {version}{dry_run}` goes to the next lower one")
        }
        None => "nothing older is on disk: name the release with `--to` if the manifest has one".to_owned(),
    }
}

/// Where the last committed run came from.
fn came_from(otherwise: &str, session: &Session<'_>) -> Answer<Version> {
    let layout = &session.config.layout;
    let refuse = |code: &str, message: &str| Err(refused(vec![Refusal::new(code, message, otherwise)]));
    let names = runs::names(layout).map_err(|error| barred("state", &error, otherwise))?;
    for name in names.iter().rev() {
        let report = record::read::<Report>(&layout.run(name).report());
        let report = report.map_err(|error| barred("state", &error, otherwise))?;
        let Some(report) = report.filter(|report| report.outcome == Ran::Done) else { continue };
        return match (report.operation, report.from.version) {
            (Operation::Upgrade | Operation::Migrate, Some(version)) => Ok(version),
            (Operation::Rollback, _) => {
                refuse("rolled-back", "the last run was a rollback itself: which release is meant is not certain")
            }
            _ => refuse("no-past", "there is no earlier release to go back to"),
        };
    }
    refuse("no-past", "there is no run that could be taken back")
}
