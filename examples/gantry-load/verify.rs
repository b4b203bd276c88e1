//! Which acknowledged writes a database does not have, and which of them a loss ledger names.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use serde_json::Value;

use crate::expected::{Expected, Promise, Subject};
use crate::log::{maybe_path, read};

const SHOWN: usize = 20;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// Acknowledged buckets and objects that were looked for.
    pub looked_for: u64,
    /// Acknowledged buckets without a row.
    pub missing_buckets: u64,
    /// Acknowledged objects without a row.
    pub missing_objects: u64,
    /// Keys whose last acknowledged object has a row and is not the committed one.
    pub reverted_objects: u64,
    /// Rows of keys whose deletion was acknowledged.
    pub undeleted_objects: u64,
    /// How many rows the loss ledger names, where one was given.
    pub named: Option<Named>,
    /// The first of them, in words.
    pub examples: Vec<String>,
}

/// Rows that a loss ledger names as lost.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Named {
    /// Of `buckets`: inserted ones, which are gone.
    pub buckets: u64,
    /// Of `objects`: inserted ones, which are gone.
    pub inserted: u64,
    /// Of `objects`: changed ones, which are as before.
    pub changed: u64,
    /// Of `objects`: deleted ones, which are back.
    pub deleted: u64,
}

impl Findings {
    /// Whether everything acknowledged is there, or named as lost.
    pub fn nothing_unexplained(&self) -> bool {
        let named = self.named.unwrap_or_default();
        self.missing_buckets <= named.buckets
            && self.missing_objects <= named.inserted
            && self.reverted_objects <= named.changed
            && self.undeleted_objects <= named.deleted
    }

    fn example(&mut self, words: String) {
        if self.examples.len() < SHOWN {
            self.examples.push(words);
        }
    }
}

/// Compares a database with the logs of a load.
pub fn verify(database: &Path, log: &Path, loss: Option<&Path>) -> Result<Findings, Box<dyn Error>> {
    let expected = Expected::from_logs(read(log)?, read(&maybe_path(log))?);
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // One transaction: a node that writes meanwhile does not move what is compared.
    database.execute_batch("BEGIN")?;
    let mut findings = Findings { named: loss.map(named).transpose()?, ..Findings::default() };
    for id in &expected.buckets {
        findings.looked_for += 1;
        if database.query_row("SELECT count(*) FROM buckets WHERE id = ?1", [id], |row| row.get::<_, i64>(0))? == 0 {
            findings.missing_buckets += 1;
            findings.example(format!("bucket {id} is missing"));
        }
    }
    let objects = objects(&database)?;
    for (subject, promise) in &expected.keys {
        compare(&mut findings, subject, promise, objects.get(subject));
    }
    Ok(findings)
}

type Objects = HashMap<Subject, HashMap<String, String>>;

/// The state of every object by id, by key.
fn objects(database: &Connection) -> rusqlite::Result<Objects> {
    let mut statement = database.prepare(
        "SELECT buckets.name, key, objects.id, state FROM objects JOIN buckets ON buckets.id = objects.bucket_id",
    )?;
    let mut objects = Objects::new();
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?, row.get(3)?)))?;
    for row in rows {
        let (subject, id, state) = row?;
        objects.entry(subject).or_default().insert(id, state);
    }
    Ok(objects)
}

fn compare(findings: &mut Findings, subject: &Subject, promise: &Promise, found: Option<&HashMap<String, String>>) {
    let (bucket, key) = subject;
    let nothing = HashMap::new();
    let found = found.unwrap_or(&nothing);
    if promise.is_deleted {
        findings.looked_for += 1;
        for id in found.keys() {
            findings.undeleted_objects += 1;
            findings.example(format!("{bucket}/{key}: object {id} is back, its deletion was acknowledged"));
        }
    }
    if promise.may_be_deleted {
        return;
    }
    for id in &promise.objects {
        findings.looked_for += 1;
        if !found.contains_key(id) {
            findings.missing_objects += 1;
            findings.example(format!("{bucket}/{key}: object {id} is missing"));
        }
    }
    let Some(state) = promise.objects.last().and_then(|newest| found.get(newest)) else { return };
    if state != "committed" && !(promise.may_be_replaced && state == "replaced") {
        findings.reverted_objects += 1;
        findings.example(format!("{bucket}/{key}: the object that was written last is {state}"));
    }
}

/// The rows that the `loss` of a report names, or a loss ledger by itself.
fn named(path: &Path) -> Result<Named, Box<dyn Error>> {
    let report: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let loss = report.get("loss").unwrap_or(&report);
    let mut named = Named::default();
    for table in loss.get("tables").and_then(Value::as_array).into_iter().flatten() {
        let count = |kind: &str| table.get(kind).and_then(Value::as_u64).unwrap_or(0);
        match table.get("name").and_then(Value::as_str) {
            Some("buckets") => named.buckets = count("inserted"),
            Some("objects") => {
                (named.inserted, named.changed, named.deleted) =
                    (count("inserted"), count("changed"), count("deleted"));
            }
            _ => {}
        }
    }
    Ok(named)
}
