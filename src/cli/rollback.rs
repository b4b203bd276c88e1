//! `rollback`, and `backup restore`: to an older release or an older database, with the loss shown before.

use super::arguments::{self, StrategyName};
use super::exit::Outcome;
use super::outcome;
use super::reply::Reply;
use super::runs::{Answer, conduct, consent, declined, refused, run_name, stands, timed, unresolved};
use super::session::Session;
use super::ways::{closed, line, listing, question, shown};
use crate::journal::record;
use crate::journal::runs;
use crate::manifest::Release;
use crate::plan::gates::{check_machine, needs};
use crate::plan::observed::Observed;
use crate::plan::rollback::{self, Rollback};
use crate::plan::step::Incoming;
use crate::plan::upgrade::{missing, not_installed};
use crate::plan::{Operation, Plan, Refusal, Strategy};
use crate::run::resolve::{self, Expiry};
use crate::run::survey::{Choice, survey};
use crate::run::{Outcome as Ran, Report};
use crate::version::Target;

/// What is asked for, whichever command asks.
pub struct Wish<'a> {
    /// The release.
    pub to: Option<&'a Target>,
    /// The strategy.
    pub strategy: Option<Strategy>,
    /// The backup.
    pub backup: Option<&'a str>,
    /// Only count.
    pub dry_run: bool,
    /// Agree to it.
    pub yes: bool,
}

/// Rolls back.
pub fn run(arguments: &arguments::Rollback, session: &Session<'_>) -> Answer<Reply> {
    let strategy = arguments.strategy.map(|name| match name {
        StrategyName::Binary => Strategy::Binary,
        StrategyName::Down => Strategy::Down,
        StrategyName::Restore => Strategy::Restore,
    });
    let wish = Wish {
        to: arguments.to.as_ref(),
        // A backup by name is a wish to restore it.
        strategy: strategy.or(arguments.backup.is_some().then_some(Strategy::Restore)),
        backup: arguments.backup.as_deref(),
        dry_run: arguments.dry_run,
        yes: arguments.yes,
    };
    grant(&wish, session)
}

/// Restores a backup: the binary stays if it reads the backup's schema, else the backup's release comes with it.
pub fn restore(id: &str, dry_run: bool, yes: bool, session: &Session<'_>) -> Answer<Reply> {
    let backups = crate::journal::backups::list(&session.config.layout.backups)
        .map_err(|error| Box::new(Reply::failed("backups", &error, "check `backup.dir`")))?;
    let Some(backup) = backups.iter().find(|backup| backup.id == id) else {
        return Err(refused(vec![Refusal::new(
            "no-backup",
            format!("there is no backup `{id}`"),
            "see `gantry-installer backup list`",
        )]));
    };
    let installed = crate::observe::installed(&session.config.layout)
        .map_err(|error| Box::new(Reply::failed("observe", &error, "run `gantry-installer verify`")))?;
    let reads = |release: &Release| backup.schema.as_ref().is_some_and(|schema| release.runs_on(schema));
    let version = match installed.map(|record| record.release).filter(reads) {
        Some(release) => Some(release.version),
        None => backup.version.clone(),
    };
    let to = version.map(Target::Exact);
    grant(&Wish { to: to.as_ref(), strategy: Some(Strategy::Restore), backup: Some(id), dry_run, yes }, session)
}

fn grant(wish: &Wish<'_>, session: &Session<'_>) -> Answer<Reply> {
    let _lock = session.begin("rollback")?;
    let (seen, observed) = timed("observe", || session.observe())?;
    if seen.installed.is_none() {
        return Err(refused(vec![not_installed()]));
    }
    let client = session.client();
    let ((target, incoming), resolved) = timed("resolve", || target(wish, &seen, session, &client))?;
    let name = run_name(session, &format!("rollback-{}", target.version))?;
    let ask = Rollback {
        run: &name,
        target: &target,
        incoming: incoming.as_ref(),
        backup: wish.backup,
        backups: &session.config.layout.backups,
    };
    bar(wish, incoming.as_ref(), &seen)?;
    let probe = outline(&name, &seen);
    let machine = session.machine(&probe, &client);
    let choices = survey(&ask, wish.strategy.filter(|_| !wish.dry_run), &seen, &machine)
        .map_err(|error| Box::new(Reply::failed("survey", &error, "check the work directory beside the database")))?;
    if wish.dry_run {
        return Ok(shown(&choices, &target, Reply::new(Outcome::Done)));
    }
    let choice = choose(wish, &choices, &target, session)?;
    let Some(way) = &choice.way else { return Err(refused(vec![closed(choice)])) };
    let mut plan = rollback::plan(&ask, way, &seen).map_err(refused)?;
    plan.agreed = choice.loss.clone();
    let report = conduct(plan, session, &client)?;
    let warnings = target.yanked.iter().map(|reason| format!("release {} was withdrawn: {reason}", target.version));
    Ok(outcome::of(&[report], vec![resolved, observed])
        .with("strategies", &choices)
        .warning(warnings.collect::<Vec<_>>()))
}

/// Refuses what no strategy can be tried on, before anything is copied. Who holds the database is in nobody's way as
/// long as only copies are made.
fn bar(wish: &Wish<'_>, incoming: Option<&Incoming>, seen: &Observed) -> Answer<()> {
    let missing = missing(seen, incoming.map(std::slice::from_ref).unwrap_or_default());
    let mut refusals = check_machine(seen, &needs(seen, 0, &missing));
    refusals.retain(|refusal| !wish.dry_run || refusal.code != "database-held");
    if refusals.is_empty() { Ok(()) } else { Err(refused(refusals)) }
}

/// A plan without steps: where a survey works.
pub fn outline(name: &str, seen: &Observed) -> Plan {
    let stands = stands(seen);
    Plan {
        run: name.to_owned(),
        operation: Operation::Rollback,
        from: stands.clone(),
        to: stands,
        strategy: None,
        database: seen.database.path.clone(),
        triggers: Vec::new(),
        was_running: false,
        restart_ms: None,
        agreed: None,
        steps: Vec::new(),
    }
}

/// The release to go back to, from disk or from the manifest.
fn target(
    wish: &Wish<'_>,
    seen: &Observed,
    session: &Session<'_>,
    client: &crate::sys::http::Client,
) -> Answer<(Release, Option<Incoming>)> {
    let wanted = match wish.to {
        Some(target) => target.clone(),
        None => Target::Exact(came_from(session)?),
    };
    let installed = seen.installed.as_ref().map(|release| &release.version);
    if installed.is_some_and(|installed| wanted.is_above(installed)) && wish.backup.is_none() {
        return Err(upwards(&wanted));
    }
    // A database that was given up may be of a higher release, which then comes along.
    let above =
        |release: &Release| wish.backup.is_none() && installed.is_some_and(|installed| release.version > *installed);
    let on_disk: Vec<&Release> = seen.on_disk.iter().filter(|release| wanted.admits(&release.version)).collect();
    let below = on_disk.iter().rev().find(|release| wish.backup.is_some() || Some(&release.version) != installed);
    match below {
        Some(release) if above(release) => return Err(upwards(&Target::Exact(release.version.clone()))),
        Some(release) => return Ok(((*release).clone(), None)),
        None => {}
    }
    if on_disk.iter().any(|release| Some(&release.version) == installed) && wish.backup.is_none() {
        return Err(Box::new(
            Reply::new(Outcome::Nothing)
                .with("from", stands(seen))
                .with("to", stands(seen))
                .saying(format!("{wanted} is what is installed: there is nothing to go back to")),
        ));
    }
    // It was pruned, or never was here: it comes in like an upgrade's release, with all that binds one.
    let manifest = resolve::manifest(&session.config, client, Expiry::Enforced).map_err(unresolved)?;
    let offered = manifest.releases.iter().rev().find(|release| wanted.admits(&release.version) && !above(release));
    let Some(release) = offered else {
        return Err(refused(vec![Refusal::new(
            "no-release",
            format!("{wanted} is neither on disk nor in the manifest as a release below the installed one"),
            "see `gantry-installer status` for what is on disk, and `gantry-installer upgrade` for higher releases",
        )]));
    };
    let incoming = resolve::incoming(release, &session.config).map_err(unresolved)?;
    Ok((release.clone(), Some(incoming)))
}

fn upwards(wanted: &Target) -> Box<Reply> {
    refused(vec![Refusal::new(
        "above",
        format!("{wanted} is above the installed release"),
        format!("run `gantry-installer upgrade --to {wanted}`"),
    )])
}

/// Where the last committed run came from.
fn came_from(session: &Session<'_>) -> Answer<crate::version::Version> {
    let layout = &session.config.layout;
    let failed = |error: &dyn std::error::Error| Box::new(Reply::failed("state", error, "name a release with `--to`"));
    let names = runs::names(layout).map_err(|error| failed(&error))?;
    for name in names.iter().rev() {
        let report = record::read::<Report>(&layout.run(name).report()).map_err(|error| failed(&error))?;
        let Some(report) = report.filter(|report| report.outcome == Ran::Done) else { continue };
        let refuse = |code: &str, message: &str| {
            Err(refused(vec![Refusal::new(
                code,
                message,
                "name the release with `gantry-installer rollback --to VERSION`",
            )]))
        };
        return match (report.operation, report.from.version) {
            (Operation::Upgrade, Some(version)) => Ok(version),
            (Operation::Rollback, _) => refuse("rolled-back", "the last run was a rollback itself"),
            (Operation::Migrate, Some(version)) => Ok(version),
            _ => refuse("no-past", "there is no earlier release to go back to"),
        };
    }
    Err(refused(vec![Refusal::new(
        "no-past",
        "there is no run that could be taken back",
        "name the release with `gantry-installer rollback --to VERSION`",
    )]))
}

fn choose<'c>(wish: &Wish<'_>, choices: &'c [Choice], target: &Release, session: &Session<'_>) -> Answer<&'c Choice> {
    if let Some(strategy) = wish.strategy {
        let named = choices.iter().find(|choice| choice.name == strategy);
        let choice =
            named.filter(|choice| choice.possible).ok_or_else(|| refused(named.into_iter().map(closed).collect()))?;
        if !wish.yes {
            session.terminal.say(&listing(choices, target));
            consent(session, &question(choice, target))?;
        }
        return Ok(choice);
    }
    let open: Vec<&Choice> = choices.iter().filter(|choice| choice.possible).collect();
    let Some(least) = open.first() else { return Err(refused(choices.iter().map(closed).collect())) };
    let loses = least.loss.as_ref().is_none_or(|loss| !loss.is_empty());
    if wish.yes {
        if loses {
            let message =
                format!("every way back to {} loses rows or columns, and `--yes` agrees to no loss", target.version);
            let remedy =
                format!("look at `gantry-installer rollback --dry-run`, then add `--strategy {}`", least.name.word());
            let mut reply = Reply::refused(vec![Refusal::new("loss", message, remedy)]);
            reply = reply.with("strategies", choices);
            return Err(Box::new(reply));
        }
        return Ok(least);
    }
    if !session.terminal.interactive {
        consent(session, "")?;
    }
    session.terminal.say(&listing(choices, target));
    let items: Vec<String> = open.iter().map(|choice| line(choice)).collect();
    let picked = session.terminal.choose(&format!("How to go back to {}", target.version), &items);
    let Some(choice) = picked.and_then(|picked| open.get(picked)) else {
        return Err(declined(session, "nothing was chosen, and nothing was changed"));
    };
    consent(session, &question(choice, target))?;
    Ok(choice)
}
