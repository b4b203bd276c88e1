//! `migrate lint`: whether migrations can be trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::Early;
use super::site::{failed, files, format, no_migrations, usage};
use crate::cli::arguments::{Lint, Migrate};
use crate::cli::exit::Outcome;
use crate::cli::reply::Reply;
use crate::cli::session::Session;
use crate::db::Stop;
use crate::db::migrate::MigrateError;
use crate::journal::releases::{self, ReleaseRecord};
use crate::migration::Ledger;
use crate::migration::lint::lock;
use crate::migration::lint::{Finding, Level, Policy};
use crate::observe;
use crate::observe::lint::{LintError, Report, Subject, lint};
use crate::plan::Refusal;
use crate::steps::sets;
use crate::sys::fs;
use crate::sys::signal::Interrupt;

mod import;

/// Judges the directory that the command line names, and locks what is new where that was asked for.
pub fn of_directory(asked: &Lint, arguments: &Migrate, interrupt: &Interrupt) -> Result<Reply, Early> {
    let Some(directory) = arguments.dir.as_ref().filter(|_| arguments.database.is_none()) else {
        return Err(usage(
            "`migrate lint` looks at migrations, and at no database",
            "give `--dir`, and no `--database`",
        ));
    };
    let format = format(arguments.format())?;
    let unreadable = |error| failed("migrations", &error, "check the directory after `--dir`");
    let files: BTreeMap<_, _> = files(directory).map_err(unreadable)?.into_iter().collect();
    let ledger = Ledger::of(format, None).map_err(|error| failed("ledger", &error, ""))?;
    let subject = Subject::plain(&files, format, &ledger);
    let report = judged(asked, &subject, interrupt)?;
    if report.migrations == 0 && report.findings.is_empty() {
        return Err(no_migrations(directory));
    }
    let reply = answer(asked, directory, &subject, &report);
    let reply = match (&asked.import, &asked.old_migrations) {
        (Some(import), Some(old)) => import::judged(reply, import, old, &subject, interrupt)?,
        _ => reply,
    };
    if asked.lock && reply.outcome == Outcome::Done { locked(reply, directory, &report) } else { Ok(reply) }
}

/// Judges the migrations of the newest release on disk that shares them with the installed one, as its product uses them.
pub fn of_product(asked: &Lint, session: &Session<'_>) -> Result<Reply, Early> {
    if asked.lock {
        return Err(usage("what is installed is not locked", "lock the directory that it comes from, with `--dir`"));
    }
    if asked.import.is_some() {
        return Err(usage("the import of what is installed was tried when it came", "give `--dir` with `--import`"));
    }
    let config = &session.config;
    let unreadable = |error: &dyn std::error::Error| failed("migrations", error, "run `gantry-installer verify`");
    let records = releases::list(&config.layout).map_err(|error| unreadable(&error))?;
    let installed = observe::installed(&config.layout).map_err(|error| unreadable(&error))?;
    let major = installed.map(|record| record.release.version.major());
    let shares = |record: &&ReleaseRecord| major.is_none_or(|major| record.release.version.major() == major);
    let newest = records.iter().rfind(shares);
    let newest = newest.ok_or_else(|| Box::new(Reply::refused(vec![crate::plan::upgrade::not_installed()])))?;
    let directory = config.layout.migrations(&newest.release.version);
    let files: BTreeMap<_, _> = files(&directory).map_err(|error| unreadable(&error))?.into_iter().collect();
    let ledger = sets::ledger(config).map_err(|error| unreadable(&error))?;
    let database = &config.database;
    let (format, wrap, foreign_keys) = (database.format, database.wrap, database.foreign_keys);
    let subject = Subject { files: &files, format, ledger: &ledger, wrap, foreign_keys };
    let mut report = judged(asked, &subject, &session.terminal.interrupt)?;
    // What is installed is not locked there.
    report.findings.retain(is_not_about_locking);
    Ok(answer(asked, &directory, &subject, &report))
}

fn judged(asked: &Lint, subject: &Subject<'_>, interrupt: &Interrupt) -> Result<Report, Early> {
    let interrupt = interrupt.clone();
    let stop: Stop = Arc::new(move || interrupt.requested().is_some());
    let mut report = lint(subject, &policies(asked), &stop).map_err(|error| match &error {
        LintError::Try(MigrateError::Stopped) => failed("interrupted", &error, "run the same command again"),
        LintError::Try(_) => failed("scratch", &error, "this is a fault of the machine or of the installer: try again"),
        LintError::Lock => failed("lock", &error, "put the lock file back as it was"),
    })?;
    if asked.lock {
        // They say that something is not locked, which now it is.
        report.findings.retain(is_not_about_locking);
    }
    Ok(report)
}

fn is_not_about_locking(finding: &Finding) -> bool {
    (finding.policy, finding.level) != (Policy::Immutable, Level::Note)
}

/// Nothing is locked while something that was locked has changed.
fn policies(asked: &Lint) -> BTreeSet<Policy> {
    let chosen = asked.policy.iter().copied().chain(asked.lock.then_some(Policy::Immutable));
    if asked.policy.is_empty() { Policy::CHOICE.into() } else { chosen.collect() }
}

fn answer(asked: &Lint, directory: &Path, subject: &Subject<'_>, report: &Report) -> Reply {
    let counts = |finding: &&Finding| finding.suppressed.is_none() && finding.level >= asked.level;
    let grave = report.findings.iter().filter(counts).count();
    let refusal = || {
        let above = if asked.level == Level::Error { "" } else { " or above" };
        let (level, path) = (asked.level.name(), directory.display());
        let plural = if grave == 1 { "" } else { "s" };
        Refusal::new(
            "findings",
            format!("{grave} finding{plural} of level {level}{above} in `{path}`"),
            "mend them, or say in the file why one is well: `-- lint: allow POLICY: REASON` before the statement, \
             `-- lint: allow-file POLICY: REASON` for the file",
        )
    };
    let outcome = if grave == 0 { Outcome::Done } else { Outcome::Refused };
    Reply { refusals: (grave > 0).then(refusal).into_iter().collect(), ..Reply::new(outcome) }
        .with("directory", directory)
        .with("format", subject.format.name())
        .with("level", asked.level)
        .with("policies", policies(asked))
        .with("migrations", report.migrations)
        .with("findings", &report.findings)
        .saying(text(report))
}

fn text(report: &Report) -> String {
    let open = || report.findings.iter().filter(|finding| finding.suppressed.is_none());
    let mut text: String = open().map(shown).collect();
    let count = |level: Level| open().filter(|finding| finding.level == level).count();
    let suppressed = report.findings.len() - open().count();
    let counts = [(count(Level::Error), "error"), (count(Level::Warning), "warning"), (count(Level::Note), "note")];
    let mut words = vec![many(report.migrations, "migration")];
    words.extend(counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| many(count, what)));
    if words.len() == 1 {
        words.push("nothing found".to_owned());
    }
    if suppressed > 0 {
        words.push(format!("{suppressed} suppressed"));
    }
    text.push_str(&words.join(", "));
    text
}

fn many(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A finding for people: where, how grave, what; the statement; how to write it instead.
fn shown(finding: &Finding) -> String {
    let line = finding.line.map_or_else(String::new, |line| format!(":{line}"));
    let (level, policy) = (finding.level.name(), finding.policy.name());
    let mut shown = format!("{}{line}: {level}: {policy}: {}\n", finding.file, finding.message);
    if let Some(statement) = &finding.statement {
        let mut lines = statement.lines();
        let first = lines.next().unwrap_or_default().trim_end();
        let more = if lines.next().is_some() { " …" } else { "" };
        shown.push_str(&format!("    {first}{more}\n"));
    }
    shown.push_str(&format!("    instead: {}\n\n", finding.instead));
    shown
}

/// Locks what is not locked yet.
fn locked(reply: Reply, directory: &Path, report: &Report) -> Result<Reply, Early> {
    let path = directory.join(lock::FILE);
    let new: Vec<_> = report.unlocked.iter().map(|(file, digest)| (&**file, *digest)).collect();
    let names: Vec<_> = new.iter().map(|(file, _)| *file).collect();
    let words = if new.is_empty() {
        format!("`{}` has all of them already", path.display())
    } else {
        const READABLE: u32 = 0o644;
        let text = report.lock.with(&new);
        fs::write_durable(&path, text.as_bytes(), READABLE)
            .map_err(|error| failed("unwritable", &error, "check that this user may write to the directory"))?;
        format!("locked {} in `{}`: {}", many(names.len(), "file"), path.display(), names.join(", "))
    };
    let text = format!("{}\n{words}", reply.text);
    Ok(reply.with("lock", json!({ "file": path, "added": names })).saying(text))
}
