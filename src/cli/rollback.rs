//! `rollback`, and `backup restore`: to an older release or an older database, with the loss shown before.

mod target;

use super::arguments::{self, StrategyName};
use super::exit::Outcome;
use super::outcome;
use super::reply::{Problem, Reply};
use super::runs::{Answer, barred, conduct, consent, declined, refused, run_name, stands, timed, unless_interrupted};
use super::session::Session;
use super::ways::{closed, line, listing, loses, question, shown};
use crate::db::build;
use crate::manifest::Release;
use crate::plan::gates::{check_machine, needs};
use crate::plan::observed::{Content, Holds, Observed};
use crate::plan::rollback::{self, Rollback, Way};
use crate::plan::room::Need;
use crate::plan::upgrade::{missing, not_installed};
use crate::plan::{Comparable, Leg, Operation, Plan, Refusal, Strategy};
use crate::run::survey::{Choice, survey};
use crate::version::Target;
use target::target;

/// What is asked for, whichever command asks.
pub struct Wish<'a> {
    /// The release.
    pub to: Option<&'a Target>,
    /// The strategy, named by who asks: that agrees to its loss.
    pub strategy: Option<Strategy>,
    /// The backup: a wish to restore it.
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
    if let (Some(strategy @ (Strategy::Binary | Strategy::Down)), Some(_)) = (strategy, &arguments.backup) {
        return Err(contradiction(strategy));
    }
    let wish = Wish {
        to: arguments.to.as_ref(),
        strategy,
        backup: arguments.backup.as_deref(),
        dry_run: arguments.dry_run,
        yes: arguments.yes,
    };
    grant("rollback", &wish, session)
}

/// Only `restore` takes a backup.
fn contradiction(strategy: Strategy) -> Box<Reply> {
    let problem = Problem {
        code: "usage".to_owned(),
        message: format!("`--backup` says what to restore, and `--strategy {}` restores nothing", strategy.word()),
        causes: Vec::new(),
        remedy: "leave one of them out, or give `--strategy restore`".to_owned(),
    };
    Box::new(Reply { error: Some(problem), ..Reply::new(Outcome::Usage) })
}

/// Restores a backup: the binary stays if it reads the backup's schema, else the backup's release comes with it.
pub fn restore(id: &str, dry_run: bool, yes: bool, session: &Session<'_>) -> Answer<Reply> {
    let backups = crate::journal::backups::list(&session.config.layout.backups)
        .map_err(|error| barred("backups", &error, "check `backup.dir`, and that this user may read it"))?;
    let Some(backup) = backups.iter().find(|backup| backup.id == id) else {
        return Err(refused(vec![Refusal::new(
            "no-backup",
            format!("there is no backup `{id}`"),
            "see `gantry-installer backup list`",
        )]));
    };
    let installed = crate::observe::installed(&session.config.layout)
        .map_err(|error| barred("observe", &error, "run `gantry-installer verify`"))?;
    // Schemas of another major have the same numbers and are others.
    let alike = |release: &Release| backup.version.as_ref().is_none_or(|made| made.major() == release.version.major());
    let reads =
        |release: &Release| alike(release) && backup.schema.as_ref().is_some_and(|schema| release.runs_on(schema));
    let version = match installed.map(|record| record.release).filter(reads) {
        Some(release) => Some(release.version),
        None => backup.version.clone(),
    };
    let to = version.map(Target::Exact);
    grant("backup restore", &Wish { to: to.as_ref(), strategy: None, backup: Some(id), dry_run, yes }, session)
}

impl Wish<'_> {
    /// The only strategy that is tried, if there is one.
    fn only(&self) -> Option<Strategy> {
        self.strategy.or(self.backup.is_some().then_some(Strategy::Restore))
    }
}

fn grant(command: &str, wish: &Wish<'_>, session: &Session<'_>) -> Answer<Reply> {
    if !session.has_state()? {
        // Where nothing was ever done nothing is left behind either.
        session.observe()?;
        return Err(refused(vec![not_installed()]));
    }
    let _lock = session.begin(command)?;
    go(wish, session)
}

/// Rolls back under the lock.
pub fn go(wish: &Wish<'_>, session: &Session<'_>) -> Answer<Reply> {
    let (seen, observed) = timed("observe", session, || session.observe())?;
    if seen.installed.is_none() {
        return Err(refused(vec![not_installed()]));
    }
    let client = session.client();
    let ((target, incoming), resolved) = timed("resolve", session, || target(wish, &seen, session, &client))?;
    let name = run_name(session, &format!("rollback-{}", target.version))?;
    let ask = Rollback {
        run: &name,
        target: &target,
        incoming: incoming.as_ref(),
        backup: wish.backup,
        backups: &session.config.layout.backups,
    };
    bar(wish, &ask, &seen)?;
    let probe = outline(&name, &seen);
    let machine = session.machine(&probe, &client);
    let withdrawn = target.yanked.as_ref().map(|reason| format!("release {} was withdrawn: {reason}", target.version));
    let choices = survey(&ask, wish.only().filter(|_| !wish.dry_run), &seen, &machine);
    // A way that was only broken off is not an impossible one.
    unless_interrupted(session.terminal)?;
    let choices = choices
        .map_err(|error| Box::new(Reply::failed("survey", &error, "check the work directory beside the database")))?;
    if wish.dry_run {
        // What would be done without naming anything is the first way that is open.
        let only = wish.only();
        let asked = choices.iter().filter(|choice| only.is_none_or(|only| choice.name == only));
        let way = asked.filter_map(|choice| choice.way.as_ref()).next();
        let to = way.map(|way| rollback::arrival(&target, way, &seen));
        let reply = Reply::new(Outcome::Done).with("from", stands(&seen)).with("to", to);
        let reply = reply.with("strategy", only.or(way.map(Way::strategy)));
        return Ok(shown(&choices, &target, reply).warning(withdrawn));
    }
    if let (false, Some(warning)) = (wish.yes, &withdrawn) {
        session.terminal.show(&format!("warning: {warning}"));
    }
    let choice = choose(wish, &choices, &target, session)?;
    let Some(way) = &choice.way else { return Err(refused(vec![closed(choice)])) };
    let mut plan = rollback::plan(&ask, way, &seen).map_err(refused)?;
    plan.agreed = choice.loss.clone();
    let report = conduct(plan, session, &client)?;
    Ok(outcome::of(&[report], vec![resolved, observed]).with("strategies", &choices).warning(withdrawn))
}

/// Refuses what no strategy can be tried on, before anything is copied. Who holds the database is in nobody's way as
/// long as only copies are made.
fn bar(wish: &Wish<'_>, ask: &Rollback<'_>, seen: &Observed) -> Answer<()> {
    let missing = missing(seen, ask.incoming.map(std::slice::from_ref).unwrap_or_default());
    let only = wish.only().filter(|_| !wish.dry_run);
    let open: Vec<Way> = rollback::ways(ask, seen)
        .into_iter()
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .filter_map(|(_, way)| way.ok())
        .collect();
    let live = if let Content::Readable(readable) = &seen.database.content { readable.bytes } else { 0 };
    let copied = open.iter().map(|way| copied(way, live)).max().unwrap_or(0);
    let mut needed = needs(seen, copied, &missing);
    let imported = open.iter().map(|way| imported(way, live)).max().unwrap_or(0);
    needed.push(Need { holds: Holds::Database, bytes: imported });
    let mut refusals = check_machine(seen, &needed);
    refusals.retain(|refusal| !wish.dry_run || refusal.code != "database-held");
    if copied > 0 && !wish.dry_run && open.contains(&Way::Binary) {
        for full in refusals.iter_mut().filter(|refusal| refusal.code == "no-space") {
            full.remedy = format!("{}, or add `--strategy binary`, which copies nothing", full.remedy);
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(refused(refusals)) }
}

/// The bytes of the larger of the two databases that are copied to try a way.
fn copied(way: &Way, live: u64) -> u64 {
    match way {
        Way::Binary => 0,
        Way::Down(_) => live,
        Way::Restore(backup, _) => live.max(backup.bytes),
    }
}

/// The bytes beside those two, where an import makes them comparable: of the backup's copy, or of a second one of the live
/// database, which the other ways need as it is.
fn imported(way: &Way, live: u64) -> u64 {
    let Way::Restore(backup, Comparable::By(bridge)) = way else { return 0 };
    let imports = |legs: &[Leg]| legs.iter().any(Leg::is_import);
    if imports(&bridge.live) {
        live.saturating_add(build::room(live))
    } else if imports(&bridge.backup) {
        build::room(backup.bytes)
    } else {
        0
    }
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
        max_downtime_ms: None,
        probation_ms: None,
        agreed: None,
        steps: Vec::new(),
    }
}

fn choose<'c>(wish: &Wish<'_>, choices: &'c [Choice], target: &Release, session: &Session<'_>) -> Answer<&'c Choice> {
    if let Some(strategy) = wish.only() {
        let named = choices.iter().find(|choice| choice.name == strategy);
        let choice =
            named.filter(|choice| choice.possible).ok_or_else(|| refused(named.into_iter().map(closed).collect()))?;
        if wish.yes && wish.strategy.is_none() && loses(choice) {
            return Err(unagreed(wish, choice, choices, target));
        }
        if !wish.yes {
            session.terminal.show(&listing(choices, target));
            consent(session.terminal, &question(choice, target))?;
        }
        return Ok(choice);
    }
    let open: Vec<&Choice> = choices.iter().filter(|choice| choice.possible).collect();
    let Some(least) = open.first() else { return Err(refused(choices.iter().map(closed).collect())) };
    if wish.yes {
        return if loses(least) { Err(unagreed(wish, least, choices, target)) } else { Ok(least) };
    }
    if !session.terminal.interactive {
        consent(session.terminal, "")?;
    }
    session.terminal.show(&listing(choices, target));
    let items: Vec<String> = open.iter().map(|choice| line(choice)).collect();
    let picked = session.terminal.choose(&format!("How to go back to {}", target.version), &items);
    let Some(choice) = picked.and_then(|picked| open.get(picked)) else {
        return Err(declined(session.terminal, "nothing was chosen, and nothing was changed"));
    };
    consent(session.terminal, &question(choice, target))?;
    Ok(choice)
}

/// The refusal where `--yes` alone would agree to a loss, with the numbers.
fn unagreed(wish: &Wish<'_>, least: &Choice, choices: &[Choice], target: &Release) -> Box<Reply> {
    let version = &target.version;
    let (message, remedy) = match wish.backup {
        Some(id) => (
            format!("to restore the backup `{id}` loses rows or columns, and `--yes` agrees to no loss"),
            format!(
                "look at `gantry-installer backup restore {id} --dry-run`, then run \
                 `gantry-installer rollback --to {version} --strategy restore --backup {id} --yes`"
            ),
        ),
        None => (
            format!("every way back to {version} loses rows or columns, and `--yes` agrees to no loss"),
            format!(
                "look at `gantry-installer rollback --to {version} --dry-run`, then run \
                 `gantry-installer rollback --to {version} --strategy {} --yes`",
                least.name.word()
            ),
        ),
    };
    let reply = Reply::refused(vec![Refusal::new("loss", message, remedy)]);
    Box::new(reply.with("strategies", choices))
}
