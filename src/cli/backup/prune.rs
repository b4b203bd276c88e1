//! `backup prune`: removes what is one too many, and says of each backup why it goes or stays.

use serde_json::Value;

use super::{Answer, Early};
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::cli::runs::consent;
use crate::cli::session::Session;
use crate::cli::status;
use crate::plan::bridge::{of_backup, runs_on};
use crate::plan::gates::size;
use crate::plan::observed::{Backup, BackupKind, Observed};
use crate::plan::retention::Fate;
use crate::steps::backup as keeping;

/// Removes what is one too many, once that was agreed to.
pub(super) fn prune(yes: bool, session: &Session<'_>) -> Answer {
    if !session.has_state()? && !fates(session)?.iter().any(is_surplus) {
        return Ok(nothing(&fates(session)?, session));
    }
    let _lock = session.begin("backup prune")?;
    let fates = fates(session)?;
    if !fates.iter().any(is_surplus) {
        return Ok(nothing(&fates, session));
    }
    let warning = without_a_way_back(&fates, &session.observe()?);
    if !yes {
        session.terminal.show(&listing(&fates, "would remove"));
        warning.iter().for_each(|warning| session.terminal.show(&format!("warning: {warning}")));
        consent(session.terminal, "Remove them?")?;
    }
    let removed = keeping::prune(&session.config, &[])
        .map_err(|error| Box::new(Reply::failed("backups", &error, "check `backup.dir`")))?;
    let kept: Vec<_> = fates.iter().filter(|one| !is_surplus(one)).cloned().collect();
    Ok(Reply::new(Outcome::Done)
        .with("removed", shown(&removed, session))
        .with("kept", shown(&kept, session))
        .warning(warning.filter(|_| yes))
        .saying(listing(&fates, "removed")))
}

type Judged = (Backup, Fate);

fn fates(session: &Session<'_>) -> Result<Vec<Judged>, Early> {
    keeping::fates(&session.config, &[]).map_err(|error| {
        Box::new(Reply::barred("backups", &error, "check `backup.dir`, and that this user may read it"))
    })
}

fn is_surplus((_, fate): &Judged) -> bool {
    fate.is_surplus()
}

fn nothing(fates: &[Judged], session: &Session<'_>) -> Reply {
    let words = if fates.is_empty() { "there are no backups" } else { "there is nothing to prune" };
    Reply::new(Outcome::Nothing)
        .with("removed", Vec::<Value>::new())
        .with("kept", shown(fates, session))
        .saying(format!("{words}\n{}", listing(fates, "")))
}

/// A line for each, with why; oldest first, as backups are listed everywhere.
fn listing(fates: &[Judged], removed: &str) -> String {
    let width = removed.len().max("kept".len());
    let line = |(backup, fate): &Judged| {
        let word = if fate.is_surplus() { removed } else { "kept" };
        format!("{word:<width$}  {} ({}): {fate}", backup.id, size(backup.bytes))
    };
    fates.iter().rev().map(line).collect::<Vec<_>>().join("\n")
}

/// The backups as in `backup list`, each with why it goes or stays.
fn shown(fates: &[Judged], session: &Session<'_>) -> Vec<Value> {
    let listed = fates.iter().map(|(backup, fate)| {
        let mut value = status::backups(std::slice::from_ref(backup), session).pop().unwrap_or(Value::Null);
        if let Some(object) = value.as_object_mut() {
            object.insert("why".into(), fate.to_string().into());
        }
        value
    });
    listed.collect()
}

/// Said where an older release on disk has a backup to be restored with, and would have none afterwards.
fn without_a_way_back(fates: &[Judged], seen: &Observed) -> Option<String> {
    let installed = &seen.installed.as_ref()?.version;
    let older = || seen.on_disk.iter().filter(|release| release.version < *installed);
    let leads_back = |backup: &Backup| {
        let stand = of_backup(backup, seen).filter(|_| backup.kind != BackupKind::Abandoned);
        stand.is_some_and(|stand| older().any(|release| runs_on(release, &stand)))
    };
    let before = fates.iter().any(|(backup, _)| leads_back(backup));
    let after = fates.iter().any(|(backup, fate)| !fate.is_surplus() && leads_back(backup));
    (before && !after).then(|| {
        format!(
            "no backup is left to go back from {installed} with: what remains is of schemas that no older release reads"
        )
    })
}
