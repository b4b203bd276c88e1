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
use crate::plan::gates::check_database;
use crate::plan::observed::{Content, Observed};
use crate::verify::digests;

/// Checks everything that is on disk; what it finds is refused, each with its remedy.
pub fn run(session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    let seen = session.observe()?;
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
    let outcome = if findings.is_empty() { Outcome::Done } else { Outcome::Refused };
    let reply = Reply::new(outcome).with("versions", checked).with("database", json!(stands(&seen)));
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
    let mut findings: Vec<Refusal> = check_database(seen).err().into_iter().map(here).collect();
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
            "put a backup back: see `gantry-installer backup list`",
        )),
        Some(_) => {}
    }
    findings
}

/// Who reads this has run `verify` already.
fn here(finding: Refusal) -> Refusal {
    if finding.code == "drifted" {
        let remedy = "put right by hand what is listed above, or put a backup back".to_owned();
        return Refusal { remedy, ..finding };
    }
    finding
}
