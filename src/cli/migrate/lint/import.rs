//! `migrate lint --import`: whether a mapping accounts for everything, and runs.

use std::path::Path;

use serde_json::json;

use super::super::Early;
use super::super::site::{failed, files};
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::migration::Set;
use crate::observe::import::try_import;
use crate::observe::lint::Subject;
use crate::plan::Refusal;
use crate::sys::signal::Interrupt;
use crate::sys::watch::Watch;
use crate::transfer::mapping::Mapping;

/// The answer, with what is wrong with the mapping added to it.
pub(super) fn judged(
    reply: Reply,
    import: &Path,
    old: &Path,
    subject: &Subject<'_>,
    interrupt: &Interrupt,
) -> Result<Reply, Early> {
    let found = findings(import, old, subject, interrupt)?;
    let remedy = "put the mapping right: docs/import.md says how it is written";
    let place = |finding: &String| Refusal::new("import", format!("`{}`: {finding}", import.display()), remedy);
    let text =
        if found.is_empty() { format!("{}\n`{}` fits", reply.text, import.display()) } else { reply.text.clone() };
    let mut reply = reply.with("import", json!({ "directory": import, "findings": found })).saying(text);
    reply.refusals.extend(found.iter().map(place));
    if !found.is_empty() {
        reply.outcome = Outcome::Refused;
    }
    Ok(reply)
}

fn findings(import: &Path, old: &Path, subject: &Subject<'_>, interrupt: &Interrupt) -> Result<Vec<String>, Early> {
    let unreadable = |error: &dyn std::error::Error, option| {
        failed("import", error, &format!("check the directory after `{option}`"))
    };
    let own = files(import).map_err(|error| unreadable(&error, "--import"))?;
    let mapping = match Mapping::read(&own.into_iter().collect()) {
        Ok(mapping) => mapping,
        Err(error) => return Ok(vec![error.to_string()]),
    };
    let read = |files: Vec<_>, option| {
        Set::read(subject.format, files.into_iter()).map_err(|error| unreadable(&error, option))
    };
    let old = read(files(old).map_err(|error| unreadable(&error, "--old-migrations"))?, "--old-migrations")?;
    let new = read(subject.files.iter().map(|(name, bytes)| (name.clone(), bytes.clone())).collect(), "--dir")?;
    try_import(subject.format, &old, &new, &mapping, &Interruptible(interrupt))
        .map_err(|error| failed("import", &error, "check the space in `TMPDIR`, then run the same command again"))
}

/// Nobody watches, and a signal calls it off.
struct Interruptible<'a>(&'a Interrupt);

impl Watch for Interruptible<'_> {
    fn progress(&self, _: u64, _: u64) {}

    fn cancelled(&self) -> bool {
        self.0.requested().is_some()
    }
}
