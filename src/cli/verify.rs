//! `verify`: files against the digests that were trusted, the ledger against the files, the schema against its version.

use std::collections::BTreeMap;

use serde_json::json;

use super::drift::Explained;
use super::exit::Outcome;
use super::reply::Reply;
use super::runs::stands;
use super::session::Session;
use crate::journal::releases::{self, ReleaseRecord};
use crate::plan::Refusal;
use crate::plan::gates::{check_database, put_back};
use crate::plan::observed::{Content, Observed};
use crate::sys::lock::Owner;
use crate::verify::digests;

/// Checks everything that is on disk; what it finds is refused, each with its remedy.
pub fn run(session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    let seen = session.observe()?;
    let unfinished = session.unfinished()?;
    let layout = &session.config.layout;
    let records = releases::list(layout)
        .map_err(|error| Box::new(Reply::failed("state", &error, "check the state directory")))?;
    let mut findings = Vec::new();
    let mut checked = Vec::new();
    for record in &records {
        session.terminal.say(&format!("checking the files of {}", record.release.version));
        findings.extend(files(record, session)?);
        checked.push(&record.release.version);
    }
    findings.extend(database(&seen));
    if let Some((run, owner)) = &unfinished {
        findings = with_unfinished(run, owner.as_ref(), findings);
    }
    let outcome = if findings.is_empty() { Outcome::Done } else { Outcome::Refused };
    let reply = Reply::new(outcome).with("versions", checked).with("database", json!(stands(&seen)));
    let reply = reply.with("unfinished", unfinished.map(|(run, _)| run));
    let drift = Explained::of(&seen, session);
    let reply = reply.with("drift", drift.json()).warning(drift.warning.clone());
    let text = "every file is as it was when it was trusted, and the database is as its ledger says";
    let lines = drift.lines("");
    Ok(if findings.is_empty() {
        reply.saying(format!("{lines}{text}"))
    } else {
        Reply { refusals: findings, ..reply.saying(lines) }
    })
}

/// The run comes first: what it leaves half-way may be all that the others found.
fn with_unfinished(run: &str, owner: Option<&Owner>, findings: Vec<Refusal>) -> Vec<Refusal> {
    let (message, remedy) = match owner {
        Some(owner) => (format!("the run {run} is under way: {owner}"), "wait until it has ended"),
        None => (format!("the run {run} was interrupted and is unfinished"), "run `gantry-installer recover`"),
    };
    let later = format!("{remedy}, then look again with `gantry-installer verify`");
    let found = findings.into_iter().map(|finding| Refusal { remedy: later.clone(), ..finding });
    std::iter::once(Refusal::new("unfinished", message, remedy)).chain(found).collect()
}

/// The files of a release on disk that are not what they were when their digests were trusted.
pub fn files(record: &ReleaseRecord, session: &Session<'_>) -> Result<Vec<Refusal>, Box<Reply>> {
    let version = &record.release.version;
    let directory = session.config.layout.version(version);
    let found: BTreeMap<_, _> = digests(&directory)
        .map_err(|error| Box::new(Reply::failed("files", &error, "run it as the user who may read them")))?;
    let mut findings = Vec::new();
    let mut add = |name: &String, what: &str| {
        findings.push(Refusal::new(
            "file",
            format!("`{}` {what}", directory.join(name).display()),
            format!(
                "go to another release if {version} is the installed one; then remove `{}`, and it is brought in again \
                 when it is needed",
                directory.display()
            ),
        ));
    };
    for (name, digest) in &record.files {
        match found.get(name) {
            None => add(name, "is missing"),
            Some(now) if now != digest => add(name, "is not what it was when it was unpacked"),
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !record.files.contains_key(*name)) {
        add(name, "was not in the release");
    }
    Ok(findings)
}

fn database(seen: &Observed) -> Vec<Refusal> {
    let mut findings: Vec<Refusal> =
        check_database(seen).err().into_iter().map(|finding| here(finding, seen)).collect();
    let Content::Readable(readable) = &seen.database.content else { return findings };
    let Some(installed) = &seen.installed else { return findings };
    match &readable.schema {
        Some(schema) if !installed.runs_on(schema) => findings.push(Refusal::new(
            "schema-unread",
            format!("{} does not run on schema {schema}", installed.version),
            "run `gantry-installer status`, then upgrade, roll back or put a backup back",
        )),
        Some(schema) if !readable.compared => findings.push(Refusal::new(
            "schema-unknown",
            format!("nothing is known of how schema {schema} must look"),
            "find out which release wrote this database",
        )),
        None => findings.push(Refusal::new(
            "no-ledger",
            "the database has no ledger: nothing says which schema it has",
            put_back(seen),
        )),
        Some(_) => {}
    }
    findings
}

/// Who reads this has run `verify` already.
fn here(finding: Refusal, seen: &Observed) -> Refusal {
    if finding.code == "drifted" {
        let remedy = format!("put right by hand what is listed above, or {}", put_back(seen));
        return Refusal { remedy, ..finding };
    }
    finding
}
