//! `backup`: create, list, verify and prune.

mod prune;

use std::fmt::Write as _;

use serde_json::Value;

use super::arguments;
use super::exit::Outcome;
use super::reply::Reply;
use super::rollback;
use super::runs::{barred, refused, run_name, stands};
use super::session::Session;
use super::status;
use super::terminal::moment;
use crate::causes;
use crate::db::copy::{CopyOutcome, copy};
use crate::journal::backups;
use crate::plan::Refusal;
use crate::plan::gates::{check_database, check_machine, needs, size};
use crate::plan::observed::{Backup, BackupKind, Observed};
use crate::plan::verdict::words;
use crate::steps::backup as keeping;
use crate::steps::{Machine, prepare};

/// An answer that ends a command early.
type Early = Box<Reply>;
type Answer = Result<Reply, Early>;

/// Does what is asked with backups.
pub fn run(verb: &arguments::Backup, session: &Session<'_>) -> Answer {
    match verb {
        arguments::Backup::Create => create(session),
        arguments::Backup::List => list(session),
        arguments::Backup::Verify { id } => verify(id.as_deref(), session),
        arguments::Backup::Restore { id, dry_run, yes } => rollback::restore(id, *dry_run, *yes, session),
        arguments::Backup::Prune { yes } => prune::prune(*yes, session),
    }
}

fn all(session: &Session<'_>) -> Result<Vec<Backup>, Box<Reply>> {
    backups::list(&session.config.layout.backups)
        .map_err(|error| barred("backups", &error, "check `backup.dir`, and that this user may read it"))
}

fn list(session: &Session<'_>) -> Answer {
    let all = all(session)?;
    let mut text = String::new();
    for backup in &all {
        let version = backup.version.as_ref().map_or_else(|| "no release".to_owned(), ToString::to_string);
        let _ = writeln!(
            text,
            "{:<32} {:<9} {version} (schema {}), {}, {}",
            backup.id,
            backup.kind.word(),
            words(backup.schema.as_ref()),
            size(backup.bytes),
            moment(backup.created)
        );
    }
    if all.is_empty() {
        text.push_str("there are no backups yet");
    }
    Ok(Reply::new(Outcome::Done).with("backups", status::backups(&all, session)).saying(text))
}

/// Copies the live database while the service goes on, and lists the copy once its digest is known.
fn create(session: &Session<'_>) -> Answer {
    let _lock = session.begin("backup create")?;
    let seen = session.observe()?;
    let readable = check_database(&seen).map_err(|refusal| refused(vec![refusal]))?;
    let mut refusals = check_machine(&seen, &needs(&seen, readable.bytes, &[]));
    // Nothing is exchanged, so it is nobody's business who has the database, or what kind of file it is.
    refusals.retain(|refusal| SPACE.contains(&refusal.code.as_str()));
    if !refusals.is_empty() {
        return Err(refused(refusals));
    }
    let name = run_name(session, "manual")?;
    let plan = rollback::outline(&name, &seen);
    let client = session.client();
    let machine: Machine<'_> = session.machine(&plan, &client);
    prepare(&machine).map_err(|error| failed(&error))?;
    let made = copied(&name, &seen, &machine, session);
    if made.is_err() {
        // It takes as much space as the database; what cannot be cleared now the next run clears.
        let _ = prepare(&machine);
    }
    let Some(backup) = made? else { return Ok(Reply::new(Outcome::Nothing)) };
    let removed = keeping::prune(&session.config, std::slice::from_ref(&backup.id));
    let (removed, warning) = match removed {
        Ok(removed) => (removed, None),
        Err(error) => (Vec::new(), Some(format!("older backups are not pruned: {}", causes::in_one_line(&error)))),
    };
    let mut text = format!("backed up as {}: {}", backup.id, size(backup.bytes));
    let gone = removed.iter().map(|(gone, why)| format!("\nremoved {} ({}): {why}", gone.id, size(gone.bytes)));
    text.extend(gone);
    let removed: Vec<Backup> = removed.into_iter().map(|(backup, _)| backup).collect();
    Ok(Reply::new(Outcome::Done)
        .with("backup", &backup)
        .with("backups", status::backups(&[backup], session))
        .with("removed", status::backups(&removed, session))
        .warning(warning)
        .saying(text))
}

/// The refusals that concern who only copies.
const SPACE: [&str; 3] = ["no-space", "read-only", "no-permission"];

fn copied(name: &str, seen: &Observed, machine: &Machine<'_>, session: &Session<'_>) -> Result<Option<Backup>, Early> {
    const SCRATCH: &str = "scratch-backup.db";
    let work = machine.places.open_work().map_err(|error| failed(&error))?;
    let copied = copy(&machine.places.live, &work, SCRATCH, session.terminal).map_err(|error| failed(&error))?;
    if matches!(copied, CopyOutcome::AfterStop { .. }) {
        return Err(refused(vec![Refusal::new(
            "busy",
            "the database is written too much to be copied while it is in use",
            "stop the service, then run `gantry-installer backup create` again",
        )]));
    }
    let file = work.path().join(SCRATCH);
    keeping::keep(&file, name, BackupKind::Manual, &stands(seen), &session.config, session.terminal)
        .map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> Early {
    Box::new(Reply::failed("backup", error, "check the space on the disk"))
}

fn verify(id: Option<&str>, session: &Session<'_>) -> Answer {
    let all = all(session)?;
    let chosen: Vec<&Backup> = all.iter().filter(|backup| id.is_none_or(|id| backup.id == id)).collect();
    if let (Some(id), true) = (id, chosen.is_empty()) {
        return Err(refused(vec![Refusal::new(
            "no-backup",
            format!("there is no backup `{id}`"),
            "see `gantry-installer backup list`",
        )]));
    }
    let mut findings = Vec::new();
    let mut listed = Vec::new();
    let mut text = String::new();
    for backup in chosen {
        let directory = session.config.layout.backup(&backup.id);
        let wrong = match keeping::content(&directory, session.terminal) {
            Ok(now) if (now.bytes, now.sha256) == (backup.bytes, backup.sha256) => None,
            Ok(now) => Some(format!(
                "has {} bytes with the SHA-256 {}, and not {} with {}",
                now.bytes, now.sha256, backup.bytes, backup.sha256
            )),
            Err(error) => Some(format!("cannot be read: {error}")),
        };
        let mut value = status::backups(std::slice::from_ref(backup), session).pop().unwrap_or(Value::Null);
        if let Some(object) = value.as_object_mut() {
            object.insert("verified".into(), Value::Bool(wrong.is_none()));
        }
        listed.push(value);
        match wrong {
            None => {
                let _ = writeln!(text, "{}  is as it was when it was made", backup.id);
            }
            Some(words) => findings.push(Refusal::new(
                "backup-damaged",
                format!("the backup `{}` {words}", backup.id),
                "do not restore it; choose another one, and make a new one with `gantry-installer backup create`",
            )),
        }
    }
    let outcome = if findings.is_empty() { Outcome::Done } else { Outcome::Refused };
    Ok(Reply { refusals: findings, ..Reply::new(outcome).with("backups", listed).saying(text) })
}
