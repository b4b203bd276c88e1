//! `migrate` with a configuration: a run like any other, under the release that is installed.

use super::arguments::{self, MigrateVerb};
use super::exit::Outcome;
use super::migrate;
use super::outcome;
use super::reply::Reply;
use super::runs::{Answer, conduct, consent, refused, run_name, stands};
use super::session::Session;
use crate::db::look::look;
use crate::migration::{LedgerState, Set};
use crate::plan::observed::{Content, Observed};
use crate::plan::upgrade::not_installed;
use crate::plan::{Plan, Refusal, Strategy};
use crate::run::survey::down_loss;
use crate::steps::sets;
use crate::version::SchemaVersion;

/// Migrates, or tells where the database stands.
pub fn run(arguments: &arguments::Migrate, session: &Session<'_>) -> Answer<Reply> {
    match arguments.verb {
        MigrateVerb::Version | MigrateVerb::Status => tell(&arguments.verb, session),
        MigrateVerb::Up { .. } | MigrateVerb::Down { .. } | MigrateVerb::Goto { .. } => change(arguments, session),
    }
}

/// The words of the command.
pub fn name(verb: &MigrateVerb) -> &'static str {
    match verb {
        MigrateVerb::Up { .. } => "migrate up",
        MigrateVerb::Down { .. } => "migrate down",
        MigrateVerb::Goto { .. } => "migrate goto",
        MigrateVerb::Version => "migrate version",
        MigrateVerb::Status => "migrate status",
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

fn change(arguments: &arguments::Migrate, session: &Session<'_>) -> Answer<Reply> {
    let _lock = session.begin(name(&arguments.verb))?;
    let seen = session.observe()?;
    let set = newest(&seen, session)?;
    let at = stands(&seen).schema;
    // A run goes from one schema to another: what was left out is refused when it is planned.
    let state = at.clone().map_or(LedgerState::Empty, |schema| LedgerState::At { schema, dirty: false });
    let way = migrate::way(&set, &state, &arguments.verb).map_err(|refusal| refused(vec![refusal]))?;
    let Some(to) = way.to else {
        return Err(refused(vec![Refusal::new(
            "schema",
            "an installed product cannot go below its first schema",
            "see `gantry-installer migrate status`",
        )]));
    };
    if Some(&to) == at.as_ref() {
        return Ok(Reply::new(Outcome::Nothing)
            .with("to", stands(&seen))
            .saying(format!("the database is at schema {to} already")));
    }
    let name = run_name(session, &format!("migrate-{}", in_a_name(&to)))?;
    let mut plan: Plan = crate::plan::migrate::plan(&name, &to, &seen).map_err(refused)?;
    let client = session.client();
    if plan.strategy == Some(Strategy::Down) {
        let loss = down_loss(&plan, &session.machine(&plan, &client)).map_err(|error| failed(&error))?;
        session.terminal.say(&outcome::loss_lines(&loss, "  would lose "));
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

/// A schema as part of the name of a run, which is the name of a directory.
fn in_a_name(schema: &SchemaVersion) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    schema.to_string().chars().take(60).map(plain).collect()
}

/// The migrations of the newest release on disk.
fn newest(seen: &Observed, session: &Session<'_>) -> Answer<Set> {
    let newest = seen.on_disk.last().ok_or_else(|| refused(vec![not_installed()]))?;
    sets::of(&session.config, &newest.version).map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> Box<Reply> {
    Box::new(Reply::failed("migrate", error, "run `gantry-installer verify`"))
}
