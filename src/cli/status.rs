//! `status`: what is installed, how it is, and what is available. It changes nothing but what was seen of manifests.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::drift::Explained;
use super::exit::Outcome;
use super::held::{self, again, again_to};
use super::major::{self, Major};
use super::offer::{held_stop, obstacle};
use super::outcome::point;
use super::packaged;
use super::probation;
use super::reply::Reply;
use super::runs::stands;
use super::session::{Session, unreadable};
use crate::causes;
use crate::db::look;
use crate::journal::package::{self, Package, Pending};
use crate::journal::runs;
use crate::manifest::graph::{Asked, newest, way};
use crate::plan::observed::{Backup, Cause, Content, Held, Observed, Service};
use crate::plan::verdict::{drift_words, words};
use crate::run::resolve::{self, Expiry};
use crate::sys::lock::{Owner, RunLock};
use crate::version::Version;

/// Shows everything.
pub fn run(session: &Session<'_>) -> Result<Reply, Box<Reply>> {
    let seen = session.observe()?;
    let unfinished = runs::unfinished(&session.config.layout)
        .map_err(|error| Box::new(Reply::failed("journal", &error, "see `gantry-installer history`")))?;
    let owner = RunLock::owner(&session.config.layout.lock()).unwrap_or(None);
    let watched = probation::read(session)?;
    let pending = package::pending(&session.config.layout).map_err(|error| Box::new(unreadable(&error)))?;
    let (offered, warning) = match offered(&seen, session) {
        Ok(offered) => (Some(offered), None),
        Err(words) => (None, Some(words)),
    };
    let obstacle = obstacle(&seen, unfinished.as_deref(), watched.as_ref());
    let stands = stands(&seen);
    let installed = seen.installed.as_ref().map(|_| json!({ "version": stands.version, "schema": stands.schema }));
    let service = service(&seen);
    let drift = Explained::of(&seen, session);
    let package = packaged::by(session)?;
    let mut text = text(&seen, session, (unfinished.as_deref(), owner.as_ref()), &drift);
    text.push_str(&offers(&seen, offered.as_ref(), obstacle.as_deref(), package.as_ref()));
    if let Some(watched) = &watched {
        let _ = writeln!(text, "{}", probation::line(watched, &seen));
    }
    if let Some(pending) = &pending {
        let _ = writeln!(text, "{}", waiting(pending, &seen));
    }
    Ok(Reply::new(Outcome::Done)
        .with("installed", installed)
        .with("database", database(&seen, session, &drift))
        .with("service", service)
        .with("unfinished", unfinished)
        .with("probation", probation::shown(watched.as_ref()))
        .with("pending", &pending)
        .with("held", &seen.held)
        .with("available", offered.map(|offered| offered.json(obstacle.as_deref())))
        .with("versions", seen.on_disk.iter().map(|release| &release.version).collect::<Vec<_>>())
        .with("backups", backups(&seen.backups, session))
        .warning(warning.into_iter().chain(drift.warning).chain(unlocked(&seen)))
        .saying(text))
}

/// Backups as they are listed in `--json`.
pub fn backups(all: &[Backup], session: &Session<'_>) -> Vec<Value> {
    let listed = all.iter().map(|backup| {
        let path = crate::journal::backups::file(&session.config.layout.backup(&backup.id));
        let mut value = serde_json::to_value(backup).unwrap_or(Value::Null);
        if let Some(object) = value.as_object_mut() {
            object.insert("path".into(), json!(path));
            object.insert("verified".into(), Value::Null);
        }
        value
    });
    listed.collect()
}

/// What the manifest offers to this machine.
struct Offered {
    /// The newest that it has, held or not.
    newest: Option<Version>,
    /// Where an upgrade without a name leads.
    upgrade: Option<Version>,
    /// A stop on that way that is only taken by who asks for it.
    held: Option<Held>,
    /// What is there of a higher major.
    major: Option<Major>,
}

impl Offered {
    fn json(&self, obstacle: Option<&str>) -> Value {
        let Self { newest, upgrade, major, .. } = self;
        json!({ "newest": newest, "upgrade": upgrade, "major": major, "obstacle": obstacle })
    }
}

fn offered(seen: &Observed, session: &Session<'_>) -> Result<Offered, String> {
    let client = session.client();
    let in_words =
        |error: resolve::ResolveError| format!("what is available is not known: {}", causes::in_one_line(&error));
    let manifest = resolve::manifest(&session.config, &client, Expiry::Enforced, session.terminal).map_err(in_words)?;
    let installer = resolve::installer().map_err(|error| error.to_string())?;
    let skip = held::skipped(&manifest, seen);
    let installed = seen.installed.as_ref().map(|release| &release.version);
    let channel = session.config.manifest.channel.as_str();
    let asked = Asked { installed, target: None, channel, installer: &installer, skip: &skip };
    let way = way(&manifest, &asked).unwrap_or_default();
    Ok(Offered {
        newest: newest(&manifest, &asked).map(|release| release.version.clone()),
        upgrade: way.last().map(|release| release.version.clone()),
        held: held_stop(&way, seen).cloned(),
        major: major::above(&manifest, seen, session),
    })
}

fn database(seen: &Observed, session: &Session<'_>, drift: &Explained) -> Value {
    let url = format!("sqlite:{}", session.config.database.path.display());
    let mut value = json!({
        "url": url, "format": session.config.database.format, "schema": null, "dirty": null, "fingerprint": null, "drift": [],
    });
    let found = match &seen.database.content {
        Content::Readable(readable) => json!({
            "schema": readable.schema, "dirty": readable.dirty, "fingerprint": readable.fingerprint,
            "drift": drift.json(), "bytes": readable.bytes,
        }),
        Content::Missing => json!({ "error": "there is no such file" }),
        Content::Empty => json!({ "error": "the file has no bytes" }),
        Content::Unusable(reason) => json!({ "error": reason }),
        Content::OtherFormat(format) => json!({ "error": format!("its ledger is that of {format}") }),
    };
    if let (Some(value), Value::Object(found)) = (value.as_object_mut(), found) {
        value.extend(found);
    }
    value
}

fn service(seen: &Observed) -> Value {
    match &seen.service {
        Service::Running { pid } => json!({ "state": "running", "pid": pid }),
        Service::Stopped => json!({ "state": "stopped", "pid": null }),
        Service::Unmanaged => json!({ "state": "unmanaged", "pid": null }),
    }
}

fn unlocked(seen: &Observed) -> Option<String> {
    let is = matches!(&seen.database.content, Content::Readable(readable) if readable.unlocked);
    is.then(|| look::unlocked(&seen.database.path))
}

/// What a package left for later, and whether a boot does it by itself.
fn waiting(pending: &Pending, seen: &Observed) -> String {
    let Pending { package, release, reason, .. } = pending;
    let is_held = seen.held.iter().any(|held| held.version == *release && held.cause == Cause::Failed);
    let (when, retry) = if is_held { ("", "--retry ") } else { ("at the next boot, or by ", "") };
    format!(
        "pending    {release} of the package `{package}`: {reason}; \
         {when}`gantry-installer hook --package {package} --release {release} {retry}activate`"
    )
}

fn text(
    seen: &Observed,
    session: &Session<'_>,
    (unfinished, owner): (Option<&str>, Option<&Owner>),
    drift: &Explained,
) -> String {
    let mut text = String::new();
    let product = &session.config.product;
    let installed = seen.installed.as_ref().map_or_else(|| "nothing".to_owned(), |_| point(&stands(seen)));
    let _ = writeln!(text, "installed  {product} {installed}");
    let path = seen.database.path.display();
    let _ = match &seen.database.content {
        Content::Missing => writeln!(text, "database   `{path}` does not exist"),
        Content::Empty => writeln!(text, "database   `{path}` is empty"),
        Content::Unusable(reason) => writeln!(text, "database   `{path}` cannot be used: {reason}"),
        Content::OtherFormat(format) => writeln!(text, "database   `{path}` has the ledger of {format}"),
        Content::Readable(readable) => {
            let dirty = if readable.dirty { ", dirty" } else { "" };
            let lines = drift.lines("             ");
            let differs = match (readable.drift.as_slice(), lines.as_str()) {
                ([], _) => String::new(),
                (drift, "") => format!(", differs: {}", drift_words(drift)),
                _ => ", differs:".to_owned(),
            };
            let schema = words(readable.schema.as_ref());
            writeln!(text, "database   `{path}` at schema {schema}{dirty}{differs}")
                .and_then(|()| text.write_str(&lines))
        }
    };
    let _ = match &seen.service {
        Service::Running { pid: Some(pid) } => writeln!(text, "service    runs as process {pid}"),
        Service::Running { pid: None } => writeln!(text, "service    runs"),
        Service::Stopped => writeln!(text, "service    is stopped"),
        Service::Unmanaged => writeln!(text, "service    is managed by nobody"),
    };
    let _ = match (unfinished, owner) {
        (Some(run), Some(owner)) => writeln!(text, "under way  {run}: {owner}"),
        (Some(run), None) => writeln!(text, "unfinished {run}: run `gantry-installer recover`"),
        (None, Some(owner)) => writeln!(text, "under way  {owner}"),
        (None, None) => Ok(()),
    };
    text
}

/// What can be gone to, each with its command if that would be done now, and with what it needs first if not.
fn offers(seen: &Observed, offered: Option<&Offered>, obstacle: Option<&str>, package: Option<&Package>) -> String {
    let mut text = String::new();
    for held in &seen.held {
        let why = match held.cause {
            Cause::Failed => format!("failed in run {} ({})", held.run, held.reason),
            Cause::RolledBack => format!("{} in run {}", held.reason, held.run),
        };
        let higher = seen.installed.as_ref().is_some_and(|installed| held.version > installed.version);
        let command =
            || package.map_or_else(|| again(held), |package| format!("`{}`", packaged::again(package, &held.version)));
        let again =
            if higher && obstacle.is_none() { format!("; {} takes it again", command()) } else { String::new() };
        let _ = writeln!(text, "held       {} {why}{again}", held.version);
    }
    let _ = writeln!(
        text,
        "available  {}",
        offered.map_or_else(|| "not known".to_owned(), |offered| { available(seen, offered, obstacle, package) })
    );
    if let Some(major) = offered.and_then(|offered| offered.major.as_ref()) {
        let _ = writeln!(text, "major      {}", major.offer(obstacle, package));
    }
    let versions: Vec<String> = seen.on_disk.iter().map(|release| release.version.to_string()).collect();
    let _ = writeln!(text, "versions   {}", if versions.is_empty() { "none".to_owned() } else { versions.join(", ") });
    let _ = writeln!(text, "backups    {}", seen.backups.len());
    text
}

fn available(seen: &Observed, offered: &Offered, obstacle: Option<&str>, package: Option<&Package>) -> String {
    let Some(version) = &offered.upgrade else {
        return match &offered.newest {
            Some(newest) if seen.held.iter().any(|held| held.version == *newest) => format!("{newest}, which is held"),
            _ => "nothing newer".to_owned(),
        };
    };
    if let (None, Some(package)) = (obstacle, package) {
        return format!("{version}: run `apt update`, then `{}`", packaged::command(package, None));
    }
    match (obstacle, &offered.held) {
        (Some(obstacle), _) => format!("{version}, {obstacle}"),
        (None, Some(held)) => {
            format!("{version} by way of {}, which is held: run {}", held.version, again_to(held, version))
        }
        (None, None) if seen.installed.is_some() => format!("{version}: run `gantry-installer upgrade`"),
        (None, None) => format!("{version}: run `gantry-installer install`"),
    }
}
