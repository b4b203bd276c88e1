//! `migrate test`: every migration up, down and up again, on an empty database and on a copy of a given one.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Early, site};
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::config::ForeignKeys;
use crate::db::trial::{Answer, Migrations, Trial, TrialError, Verdict, on_copy, on_empty};
use crate::migration::{Ledger, Set};
use crate::plan::Refusal;
use crate::sys::dir::Dir;
use crate::sys::fs::{self, PathError};
use crate::sys::signal::Interrupt;
use crate::sys::temporary::Temporary;
use crate::sys::watch::Watch;

/// What is tried, and on what.
pub struct Subject<'a> {
    /// All migrations.
    pub set: &'a Set,
    /// The ledger of their engine.
    pub ledger: &'a Ledger,
    /// How the product opens its database.
    pub foreign_keys: ForeignKeys,
    /// The database that copies are made of; nothing where there is none.
    pub database: Option<&'a Path>,
}

/// Answers `migrate test`.
pub fn test(subject: &Subject<'_>, interrupt: &Interrupt, watch: &dyn Watch) -> Result<Reply, Early> {
    let stop = interrupt.clone();
    let stop = Arc::new(move || stop.requested().is_some());
    let Subject { set, ledger, foreign_keys, database } = *subject;
    let migrations = Migrations { set, ledger, foreign_keys, stop };
    let empty = on_empty(&migrations).map_err(|error| unable(&error))?;
    let copied = database.map(|database| copied(&migrations, database, watch)).transpose()?.unwrap_or_default();

    let grounds = [("an empty database", "empty", &empty), ("a copy of the database", "database", &copied)];
    let (mut text, mut lines, mut findings) = (String::new(), Vec::new(), Vec::new());
    for (words, ground, trials) in grounds.into_iter().filter(|(.., trials)| !trials.is_empty()) {
        text.push_str(&format!("on {words}\n{}\n", table(trials)));
        lines.extend(trials.iter().map(|trial| line(trial, ground)));
        findings.extend(trials.iter().filter_map(|trial| finding(trial, words)));
    }
    let outcome = if findings.is_empty() { Outcome::Done } else { Outcome::Refused };
    let reply = Reply::new(outcome).with("migrations", lines).saying(text);
    Ok(Reply { refusals: findings, ..reply })
}

fn copied(migrations: &Migrations<'_>, database: &Path, watch: &dyn Watch) -> Result<Vec<Trial>, Early> {
    let barred = |error: PathError| site::failed("copy", &error, "see that `TMPDIR` leads to a directory with room");
    let place = Temporary::create().map_err(barred)?;
    let directory = fs::real_path(place.path()).and_then(|path| Dir::open(&path)).map_err(barred)?;
    on_copy(migrations, database, &directory, watch).map_err(|error| unable(&error))
}

fn unable(error: &TrialError) -> Early {
    let (code, remedy) = match error {
        TrialError::Stopped => ("interrupted", "run the same command again: nothing was changed"),
        TrialError::Busy { .. } => ("copy", "run it while the program writes less, or is stopped"),
        TrialError::Copy(_) => ("copy", "see that the database can be read, and that `TMPDIR` has room for two copies"),
        TrialError::Look(_) => ("database", "see which engine's database it is, and give its name with `--format`"),
        TrialError::Database(_) | TrialError::Migration(_) => {
            ("database", "give the migrations of this database, and a database whose last migration ended well")
        }
    };
    site::failed(code, error, remedy)
}

fn finding(trial: &Trial, on: &str) -> Option<Refusal> {
    if trial.verdict() != Verdict::Bad {
        return None;
    }
    let halves = [&trial.migration.up, &trial.migration.down];
    let mut files: Vec<_> = halves.into_iter().flatten().map(|half| format!("`{}`", half.file())).collect();
    files.dedup();
    let message = format!("{} on {on}: {}", files.join(" and "), trial.findings().join("; "));
    Some(Refusal::new("migration", message, "mend these files; see the difference in the schema above"))
}

fn line(trial: &Trial, on: &str) -> Value {
    let migration = &trial.migration;
    json!({
        "on": on, "version": migration.version, "name": migration.name,
        "up": word(&trial.up), "down": word(&trial.down), "again": word(&trial.again),
        "rows": found(&trial.rows), "foreign_keys": found(&trial.foreign_keys), "integrity": found(&trial.integrity),
        "verdict": verdict(trial), "findings": trial.findings(), "difference": trial.difference,
    })
}

fn word(answer: &Answer) -> &'static str {
    match answer {
        Answer::Done => "ok",
        Answer::Applied => "applied",
        Answer::Missing => "none",
        Answer::Failed(_) => "failed",
        Answer::Skipped => "skipped",
    }
}

fn found(problems: &[String]) -> &'static str {
    if problems.is_empty() { "ok" } else { "bad" }
}

fn verdict(trial: &Trial) -> &'static str {
    match trial.verdict() {
        Verdict::Good => "good",
        Verdict::OneWay => "one-way",
        Verdict::Bad => "bad",
        Verdict::Untried => "untried",
    }
}

const HEAD: [&str; 8] = ["VERSION", "NAME", "UP", "DOWN", "AGAIN", "ROWS", "KEYS", "VERDICT"];

/// Below a migration that is bad stands what is wrong with it.
fn table(trials: &[Trial]) -> String {
    let cells = |trial: &Trial| {
        let ways = [&trial.up, &trial.down, &trial.again].map(|answer| word(answer).to_owned());
        let [up, down, again] = ways;
        let (version, name) = (trial.migration.version.to_string(), trial.migration.name.clone());
        let (rows, keys) = (found(&trial.rows).to_owned(), found(&trial.foreign_keys).to_owned());
        [version, name, up, down, again, rows, keys, verdict(trial).to_owned()]
    };
    let rows: Vec<_> = trials.iter().map(cells).collect();
    let mut widths = HEAD.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String; 8]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut table = line(&HEAD.map(str::to_owned));
    for (row, trial) in rows.iter().zip(trials) {
        table.push_str(&line(row));
        trial.findings().iter().for_each(|finding| table.push_str(&format!("    {finding}\n")));
        trial.difference.iter().for_each(|difference| table.push_str(&format!("      {difference}\n")));
    }
    table
}
