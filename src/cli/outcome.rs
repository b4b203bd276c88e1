//! The answer to a command that ran: what the reports of its hops say together.

use std::fmt::Write as _;

use serde_json::json;

use super::exit;
use super::reply::{Problem, Reply};
use super::terminal::took;
use crate::plan::loss::Loss;
use crate::plan::verdict::words;
use crate::plan::{Operation, Point};
use crate::run::{Failure, Outcome, Report, StepTime};
use crate::steps::{Imported, Used};

/// The answer to a command whose hops ended like this. `before` are the steps that came before the first run.
pub fn of(reports: &[Report], before: Vec<StepTime>) -> Reply {
    let Some(last) = reports.last() else { return Reply::new(exit::Outcome::Nothing) };
    // A later hop that fails leaves the machine on the one before it: that is a state restored.
    let outcome = match last.outcome {
        Outcome::Done => exit::Outcome::Done,
        Outcome::Nothing => exit::Outcome::Nothing,
        Outcome::Failed if reports.len() > 1 => exit::Outcome::Restored,
        Outcome::Failed => exit::Outcome::Failed,
        Outcome::Restored => exit::Outcome::Restored,
        Outcome::Stranded => exit::Outcome::Stranded,
    };
    ended(reports, before, outcome)
}

/// The same where the hops so far are done and the next one could not begin, and why: the machine stands on the last.
pub fn cut_short(reports: &[Report], before: Vec<StepTime>, why: Reply) -> Reply {
    let Reply { error, refusals, warnings, .. } = why;
    Reply { error, refusals, ..ended(reports, before, exit::Outcome::Restored).warning(warnings) }
}

fn ended(reports: &[Report], before: Vec<StepTime>, outcome: exit::Outcome) -> Reply {
    let Some((first, last)) = reports.first().zip(reports.last()) else { return Reply::new(outcome) };
    let stands = if last.outcome == Outcome::Done { &last.to } else { &last.from };
    let downtimes: Vec<u64> = reports.iter().filter_map(|report| report.downtime_ms).collect();
    let downtime = (!downtimes.is_empty()).then(|| downtimes.iter().sum::<u64>());
    let predicted: Vec<u64> = reports.iter().filter_map(|report| report.predicted_downtime_ms).collect();
    let predicted = (!predicted.is_empty()).then(|| predicted.iter().sum::<u64>());
    let mut steps = before;
    steps.extend(reports.iter().flat_map(|report| report.steps.iter().cloned()));
    let hops: Vec<_> = reports
        .iter()
        .map(|report| {
            json!({
                "from": report.from, "to": report.to, "run": report.run, "outcome": report.outcome,
                "downtime_ms": report.downtime_ms,
            })
        })
        .collect();
    let mut reply = Reply::new(outcome)
        .with("run", &last.run)
        .with("from", &first.from)
        .with("to", stands)
        .with("strategy", last.strategy)
        .with("hops", hops)
        .with("downtime_ms", downtime)
        .with("predicted_downtime_ms", predicted)
        .with("steps", steps)
        .with("backup", &last.backup)
        .with("receipt", &last.receipt)
        .with("import", reports.iter().rev().find_map(|report| report.import.as_ref()))
        .with("loss", &last.loss)
        .warning(reports.iter().flat_map(|report| report.warnings.iter().cloned()))
        .saying(text(reports, outcome, &first.from, stands, downtime, predicted));
    reply.error = last.failure.as_ref().map(|failure| problem(failure, outcome, stands));
    reply
}

fn problem(failure: &Failure, outcome: exit::Outcome, stands: &Point) -> Problem {
    let mut message = format!("the {} step failed: {}", failure.step, failure.message);
    let state = match outcome {
        exit::Outcome::Restored if stands.version.is_none() => "everything is as it was before".to_owned(),
        exit::Outcome::Restored => format!("{} is back and runs", point(stands)),
        exit::Outcome::Failed => "nothing was changed".to_owned(),
        _ => String::new(),
    };
    let causes = failure.causes.clone();
    if let Some(stranded) = &failure.stranded {
        message = format!("{message}; and it could not be undone: {stranded}");
    }
    if !state.is_empty() {
        message = format!("{message} ({state})");
    }
    Problem { code: failure.code.clone(), message, causes, remedy: failure.remedy.clone() }
}

fn text(
    reports: &[Report],
    outcome: exit::Outcome,
    from: &Point,
    to: &Point,
    downtime: Option<u64>,
    predicted: Option<u64>,
) -> String {
    let mut text = String::new();
    let Some(last) = reports.last() else { return text };
    let verb = match last.operation {
        Operation::Install => "installed",
        Operation::Upgrade => "upgraded",
        Operation::Rollback => "rolled back",
        Operation::Migrate => "migrated",
    };
    let _ = match (outcome, from.version.is_some()) {
        (exit::Outcome::Done, true) => {
            let way = last.strategy.map(|strategy| format!(" by {}", strategy.word())).unwrap_or_default();
            writeln!(text, "{verb} from {} to {}{way}", point(from), point(to))
        }
        (exit::Outcome::Done, false) => writeln!(text, "{verb} {}", point(to)),
        _ => writeln!(text, "stands at {}", point(to)),
    };
    if let Some(downtime) = downtime {
        let predicted = predicted.map(|ms| format!(" (predicted {})", took(ms)));
        let _ = writeln!(text, "  downtime  {}{}", took(downtime), predicted.unwrap_or_default());
    }
    if reports.len() > 1 {
        for report in reports {
            let ms = report.downtime_ms.map_or_else(|| "none".to_owned(), took);
            let _ = writeln!(text, "  hop       {} to {}, down {ms}", point(&report.from), point(&report.to));
        }
    }
    if let Some(receipt) = last.receipt.as_ref().filter(|_| outcome == exit::Outcome::Done) {
        let counts = receipt.tables.iter().map(|table| {
            let count = |rows: Option<u64>| rows.map_or_else(|| "none".to_owned(), |rows| rows.to_string());
            format!("{} {} to {}", table.name, count(table.before), count(table.after))
        });
        let _ = writeln!(text, "  rows      {}", counts.collect::<Vec<_>>().join(", "));
    }
    for report in reports {
        if let Some(imported) = &report.import {
            let _ = writeln!(text, "  import    {}", import_line(imported, &report.run));
        }
    }
    if let Some(backup) = &last.backup {
        let _ = writeln!(text, "  backup    {backup}");
    }
    if let Some(loss) = last.loss.as_ref().filter(|loss| !loss.is_empty()) {
        let _ = write!(text, "  lost\n{}", loss_lines(loss, "    "));
    }
    text
}

/// What an import did in one line, and where all of it is said.
fn import_line(imported: &Imported, run: &str) -> String {
    let account = &imported.account;
    let into: u64 = account.new.iter().map(|table| table.rows).sum();
    let used = match imported.used {
        Used::Rehearsed => "nothing was written since the rehearsal, so its file is used",
        Used::Rebuilt => "made once more after the stop",
    };
    let rows = counted(account.rows(), "row");
    format!("{rows} became {into}, {used}; `gantry-installer history {run}` accounts for each table")
}

/// A release and its schema in words.
pub fn point(point: &Point) -> String {
    if *point == Point::default() {
        return "nothing".to_owned();
    }
    let version = point.version.as_ref().map_or_else(|| "no release".to_owned(), ToString::to_string);
    format!("{version} (schema {})", words(point.schema.as_ref()))
}

/// A number of things in words.
pub fn counted(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// What is lost, a line a table.
pub fn loss_lines(loss: &Loss, indent: &str) -> String {
    let mut lines = String::new();
    for table in &loss.tables {
        let kinds = [("inserted", table.inserted), ("changed", table.changed), ("deleted", table.deleted)];
        let kinds: Vec<_> =
            kinds.iter().filter(|(_, rows)| *rows > 0).map(|(kind, rows)| format!("{rows} {kind}")).collect();
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| format!("column {} with {}", column.name, counted(column.values, "value")))
            .collect();
        let all: Vec<_> = kinds.into_iter().chain(columns).collect();
        let _ = writeln!(lines, "{indent}{}: {}", table.name, all.join(", "));
    }
    for note in &loss.notes {
        let _ = writeln!(lines, "{indent}note: {note}");
    }
    lines
}
