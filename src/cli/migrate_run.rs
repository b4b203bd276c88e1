//! `migrate` with a configuration: a run like any other, under the release that is installed.

use std::path::Path;

use super::arguments::{self, MigrateVerb};
use super::exit::Outcome;
use super::migrate;
use super::outcome;
use super::reply::Reply;
use super::runs::{Answer, conduct, consent, refused, run_name, stands, unless_interrupted};
use super::session::Session;
use crate::db::look::look;
use crate::migration::{Drift, DriftKind, LedgerState, Set};
use crate::plan::observed::{Content, Observed};
use crate::plan::upgrade::not_installed;
use crate::plan::way::{Course, way};
use crate::plan::{Plan, Refusal, Strategy};
use crate::run::survey::down_loss;
use crate::steps::sets;
use crate::sys::fs;
use crate::version::SchemaVersion;

/// Migrates, or tells where the database stands.
pub fn run(arguments: &arguments::Migrate, session: &Session<'_>) -> Answer<Reply> {
    migrate::check_dry_run(arguments)?;
    // It works on a directory of sources, and never on what was installed.
    if matches!(arguments.verb, MigrateVerb::New { .. }) {
        return Err(migrate::needs_directory());
    }
    migrate::check_format(arguments)?;
    if session.config.database.migrator.is_some() {
        return Err(refused(vec![Refusal::new(
            "own-migrator",
            format!("{} has a migrator of its own, and no files of migrations", session.config.product),
            "change the schema with the release: `gantry-installer upgrade` or `gantry-installer rollback`",
        )]));
    }
    match &arguments.verb {
        MigrateVerb::Version | MigrateVerb::Status => tell(&arguments.verb, session),
        MigrateVerb::Up { count } => change(&Course::Up(*count), arguments, session),
        MigrateVerb::Down { count } => change(&Course::Down(*count), arguments, session),
        MigrateVerb::Goto { version } => change(&Course::Goto(version.clone()), arguments, session),
        MigrateVerb::Lint(lint) => migrate::lint::of_product(lint, session),
        MigrateVerb::Force { version } => force(version, arguments, session),
        MigrateVerb::Test { .. } => test(session),
        MigrateVerb::New { .. } => Err(migrate::needs_directory()),
    }
}

/// Says, where there is no configuration at all, that none is needed for a database of no installed product.
pub fn without_configuration(mut reply: Box<Reply>, file: &Path) -> Box<Reply> {
    if fs::exists(file).is_ok_and(|exists| !exists) {
        reply.refusals.iter_mut().for_each(|refusal| refusal.remedy = BY_HAND.to_owned());
    }
    reply
}

const BY_HAND: &str = "give `--database sqlite:PATH --dir DIRECTORY --format FORMAT` for a database of no installed product; of \
                       an installed one name the configuration with `--config FILE`";

/// The words of the command.
pub fn name(verb: &MigrateVerb) -> &'static str {
    match verb {
        MigrateVerb::Up { .. } => "migrate up",
        MigrateVerb::Down { .. } => "migrate down",
        MigrateVerb::Goto { .. } => "migrate goto",
        MigrateVerb::Version => "migrate version",
        MigrateVerb::Status => "migrate status",
        MigrateVerb::Lint(_) => "migrate lint",
        MigrateVerb::Test { .. } => "migrate test",
        MigrateVerb::Force { .. } => "migrate force",
        MigrateVerb::New { .. } => "migrate new",
    }
}

fn tell(verb: &MigrateVerb, session: &Session<'_>) -> Answer<Reply> {
    let seen = session.observe()?;
    let set = newest(&seen, session)?;
    let ledger = sets::ledger(&session.config).map_err(|error| failed(&error))?;
    let state = match &seen.database.content {
        Content::Missing | Content::Empty => LedgerState::Missing,
        _ => look(&seen.database.path, &ledger).map_err(|error| failed(&error))?.ledger,
    };
    Ok(match verb {
        MigrateVerb::Status => migrate::status(&set, &state),
        _ => migrate::version(&state.stand(set.versions())),
    })
}

/// Tries the migrations of the newest release on disk, on a copy of the live database too.
fn test(session: &Session<'_>) -> Answer<Reply> {
    let seen = session.observe()?;
    let set = newest(&seen, session)?;
    let ledger = sets::ledger(&session.config).map_err(|error| failed(&error))?;
    let database = match &seen.database.content {
        Content::Missing | Content::Empty => None,
        _ => Some(seen.database.path.as_path()),
    };
    let foreign_keys = session.config.database.foreign_keys;
    let subject = migrate::Subject { set: &set, ledger: &ledger, foreign_keys, database };
    migrate::test(&subject, &session.terminal.interrupt, session.terminal)
}

fn change(course: &Course, arguments: &arguments::Migrate, session: &Session<'_>) -> Answer<Reply> {
    let _lock = if arguments.dry_run { None } else { Some(session.begin(name(&arguments.verb))?) };
    session.refuse_unfinished()?;
    let seen = session.observe()?;
    let set = newest(&seen, session)?;
    let at = stands(&seen).schema;
    // A run goes from one schema to another: what was left out is refused when it is planned.
    let state = at.clone().map_or(LedgerState::Empty, |schema| LedgerState::At { schema, dirty: false });
    let way = way(&set, &state, course).map_err(|refusal| refused(vec![refusal]))?;
    let Some(to) = way.to.clone() else {
        return Err(refused(vec![Refusal::new("schema", BELOW_THE_FIRST, SEE_STATUS)]));
    };
    if Some(&to) == at.as_ref() {
        return Ok(Reply::new(Outcome::Nothing)
            .with("to", stands(&seen))
            .saying(format!("the database is at schema {to} already")));
    }
    let name = run_name(session, &format!("migrate-{}", in_a_name(&to)))?;
    let mut plan: Plan = crate::plan::migrate::plan(&name, &to, &seen).map_err(refused)?;
    if arguments.dry_run {
        let ledger = sets::ledger(&session.config).map_err(|error| failed(&error))?;
        let foreign_keys = session.config.database.foreign_keys;
        return Ok(migrate::preview(&way, plan.from, plan.to, &ledger, foreign_keys));
    }
    let client = session.client();
    if plan.strategy == Some(Strategy::Down) {
        let loss = down_loss(&plan, &session.machine(&plan, &client));
        unless_interrupted(session.terminal)?;
        let loss = loss.map_err(|error| failed(&error))?;
        let lines = outcome::loss_lines(&loss, "  would lose ");
        if arguments.yes {
            session.terminal.say(&lines)
        } else {
            session.terminal.show(&lines)
        }
        if arguments.yes && !(loss.is_empty() && loss.notes.is_empty()) {
            let message = format!("going down to schema {to} loses rows or columns, and `--yes` agrees to no loss");
            let reply = Reply::refused(vec![Refusal::new(
                "loss",
                message,
                "run it in a terminal, without `--yes`, and look at the loss",
            )]);
            return Err(Box::new(reply.with("loss", loss)));
        }
        plan.agreed = Some(loss);
    }
    if !arguments.yes {
        consent(
            session.terminal,
            &format!("Migrate from schema {} to {to}?", crate::plan::verdict::words(at.as_ref())),
        )?;
    }
    let report = conduct(plan, session, &client)?;
    Ok(outcome::of(&[report], Vec::new()))
}

/// Makes the ledger say what the schema is, by a run: where it says something else, or that a migration was broken off.
fn force(typed: &str, arguments: &arguments::Migrate, session: &Session<'_>) -> Answer<Reply> {
    let _lock = session.begin(name(&arguments.verb))?;
    session.refuse_unfinished()?;
    let seen = session.observe()?;
    let set = newest(&seen, session)?;
    let to = migrate::forced(&set, typed)?;
    let to = to.ok_or_else(|| refused(vec![Refusal::new("schema", BELOW_THE_FIRST, SEE_STATUS)]))?;
    if let Content::Readable(readable) = &seen.database.content
        && (readable.schema.as_ref(), readable.dirty) == (Some(&to), false)
        && !readable.drift.iter().any(|drift| drift.kind == DriftKind::Unapplied)
    {
        return Ok(Reply::new(Outcome::Nothing)
            .with("to", stands(&seen))
            .saying(format!("the ledger says version {to} already")));
    }
    let name = run_name(session, &format!("force-{}", in_a_name(&to)))?;
    let differs = differs(&to, &seen, session)?;
    let plan = crate::plan::force::plan(&name, &to, differs.as_deref(), &seen).map_err(refused)?;
    if !arguments.yes {
        let from = crate::plan::verdict::words(plan.from.schema.as_ref());
        consent(
            session.terminal,
            &format!(
                "The schema itself is exactly that of version {to}; rows that a migration changed are another matter, and \
                 nobody looks at them. Make the ledger say {to} instead of {from}?"
            ),
        )?;
    }
    let client = session.client();
    let report = conduct(plan, session, &client)?;
    Ok(outcome::of(&[report], Vec::new()))
}

/// How the schema differs from `to`; nothing where no release on disk knows what that looks like.
fn differs(to: &SchemaVersion, seen: &Observed, session: &Session<'_>) -> Answer<Option<Vec<Drift>>> {
    let ledger = sets::ledger(&session.config).map_err(|error| failed(&error))?;
    let (Content::Readable(_), Some(installed)) = (&seen.database.content, &seen.installed) else { return Ok(None) };
    let print = look(&seen.database.path, &ledger).map_err(|error| failed(&error))?.print;
    let expected = sets::print_of(&session.config, installed.version.major(), to).map_err(|error| failed(&error))?;
    Ok(expected.map(|expected| print.drift_from(&expected)))
}

const BELOW_THE_FIRST: &str = "an installed product cannot go below its first schema";
const SEE_STATUS: &str = "see `gantry-installer migrate status`";

/// A schema as part of the name of a run, which is the name of a directory.
fn in_a_name(schema: &SchemaVersion) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    schema.to_string().chars().take(60).map(plain).collect()
}

/// The migrations of the newest release on disk that shares them with the installed one.
fn newest(seen: &Observed, session: &Session<'_>) -> Answer<Set> {
    let newest = seen.of_its_major().next_back().ok_or_else(|| refused(vec![not_installed()]))?;
    sets::of(&session.config, &newest.version).map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> Box<Reply> {
    Box::new(Reply::failed("migrate", error, "run `gantry-installer verify`"))
}
