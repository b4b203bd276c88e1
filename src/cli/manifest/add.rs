//! `manifest add`: enters an archive, with everything that can be computed from it.

use std::path::Path;

use serde_json::json;

use super::reads::{Unproven, unproven};
use super::{Answer, failed, load, now, save, understood};
use crate::cli::exit::Outcome;
use crate::cli::reply::{Problem, Reply};
use crate::cli::terminal::Terminal;
use crate::config::Format;
use crate::manifest::anyway::{Claim, note};
use crate::manifest::write::{self, Entry, WriteError};
use crate::manifest::{Artifact, Manifest, STABLE};
use crate::observe::archive::{self, Archive, ArchiveError};
use crate::plan::Refusal;
use crate::plan::gates::size;
use crate::version::{SchemaVersion, Version};

mod import;
mod own;

/// What was asked for.
pub(super) struct Asked<'a> {
    pub(super) archive: &'a Path,
    pub(super) manifest: &'a Path,
    pub(super) target: &'a str,
    pub(super) url: Option<&'a str>,
    pub(super) release: Option<&'a Version>,
    pub(super) reads: &'a [String],
    pub(super) format: Format,
    pub(super) config: &'a Path,
    pub(super) reads_anyway: Option<&'a str>,
    pub(super) old_migrations: Option<&'a Path>,
}

pub(super) fn run(asked: &Asked<'_>, terminal: &Terminal) -> Answer {
    let text = load(asked.manifest)?;
    let manifest = understood(asked.manifest, &text)?;
    let found = if asked.format == Format::Command {
        own::look(asked, &manifest, terminal)?
    } else {
        archive::look(asked.archive, asked.format, terminal)
            .map_err(|error| failed("archive", &error, remedy_for_archive(&error)))?
    };
    let entry = entry(asked, &manifest, &found)?;
    match found.set() {
        Some(set) => import::check(asked, &manifest, &entry.version, (&found, set), terminal)?,
        None => own::without_import(manifest.release(&entry.version), &found)?,
    }
    let written = write::add(&text, &entry, now())
        .map_err(|error| failed("not-added", &error, &remedy_for_entry(&error, asked.manifest)))?;
    let manifest = understood(asked.manifest, &written)?;
    let (written, warning) = claimed(asked, &manifest, &found, written)?;
    save(asked.manifest, &written)?;
    let odd = found.warnings.iter().map(ToString::to_string);
    Ok(answer(asked, &entry, manifest.sequence).warning(odd.chain(warning).chain(unseen(&entry, &found))))
}

/// What nobody could look at.
fn unseen(entry: &Entry, found: &Archive) -> Vec<String> {
    let mut unseen = Vec::new();
    let Entry { version, schema, .. } = entry;
    if found.makes.is_none() {
        let target = &entry.artifact.target;
        unseen.push(format!(
            "the program for {target} cannot run here: schema {schema} and its fingerprint are those that {version} has already"
        ));
    }
    if found.set().is_none() && entry.reads.iter().any(|read| read != schema) {
        unseen.push(format!(
            "whether {version} runs on the other schemas that it reads is not known: there are no migrations to hold that against"
        ));
    }
    unseen
}

/// The text with the reasons why releases read what they say, where the archive's migrations do not bear it out.
fn claimed(
    asked: &Asked<'_>,
    manifest: &Manifest,
    found: &Archive,
    text: String,
) -> Result<(String, Option<String>), Box<Reply>> {
    let unproven = unproven(&text, manifest, &|own, read| found.obstacles(own, read));
    let Some(reason) = asked.reads_anyway else {
        let refused = |unproven: &Unproven| Refusal::new("reads", unproven.message(), unproven.remedy());
        return match unproven.as_slice() {
            [] => Ok((text, None)),
            unproven => Err(Box::new(Reply::refused(unproven.iter().map(refused).collect()))),
        };
    };
    if reason.trim().is_empty() {
        let message = "`--reads-anyway` has no reason".to_owned();
        let remedy = "say why those releases run on those schemas".to_owned();
        let problem = Problem { code: "usage".to_owned(), message, causes: Vec::new(), remedy };
        return Err(Box::new(Reply { error: Some(problem), ..Reply::new(Outcome::Usage) }));
    }
    let claim = |unproven: Unproven| {
        let Unproven { version, schema, .. } = unproven;
        Claim { version, schema, reason: reason.to_owned() }
    };
    let idle = unproven.is_empty().then(|| {
        "nothing stands against what the releases read: the reason of `--reads-anyway` was not noted".to_owned()
    });
    let claims: Vec<_> = unproven.into_iter().map(claim).collect();
    Ok((note(&text, &claims), idle))
}

fn entry(asked: &Asked<'_>, manifest: &Manifest, found: &Archive) -> Result<Entry, Box<Reply>> {
    let version = asked.release.cloned().or_else(|| found.version(&manifest.product)).ok_or_else(|| {
        let expected = format!("{}-VERSION", manifest.product);
        let message = format!("the directory at the archive's top is `{}`, which is not `{expected}`", found.top);
        Reply::refused(vec![Refusal::new(
            "version-unknown",
            message,
            "say which release it is with `--release VERSION`",
        )])
    })?;
    let known = manifest.release(&version);
    let published = known.and_then(|release| Some((release.schema.clone(), release.fingerprint?)));
    let Some((own, fingerprint)) = found.makes.clone().or(published) else {
        let message =
            format!("the program for {} cannot run here, and only it makes the database of {version}", asked.target);
        let remedy = "enter an archive of the same release first that runs here, or run this command on such a machine";
        return Err(Box::new(Reply::refused(vec![Refusal::new("foreign", message, remedy)])));
    };
    let reads = match (asked.reads, known) {
        ([], Some(release)) => release.reads.clone(),
        ([], None) => vec![own.clone()],
        (reads, _) => reads.iter().map(|read| schema(read, asked.format)).collect::<Result<_, _>>()?,
    };
    let name = || asked.archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Entry {
        version,
        channel: known.map_or_else(|| STABLE.to_owned(), |release| release.channel.clone()),
        schema: own,
        reads,
        fingerprint: Some(fingerprint),
        artifact: Artifact {
            target: asked.target.to_owned(),
            url: asked.url.map_or_else(name, str::to_owned),
            size: found.size,
            sha256: found.sha256,
        },
    })
}

fn schema(typed: &str, format: Format) -> Result<SchemaVersion, Box<Reply>> {
    format.schema(typed).ok_or_else(|| {
        let message = format!("`{typed}` is no schema of {format}, which counts them");
        let remedy = "give numbers to `--reads`, or another `--format`".to_owned();
        let problem = Problem { code: "reads".to_owned(), message, causes: Vec::new(), remedy };
        Box::new(Reply { error: Some(problem), ..Reply::new(Outcome::Usage) })
    })
}

fn answer(asked: &Asked<'_>, entry: &Entry, sequence: u64) -> Reply {
    let Entry { version, schema, reads, fingerprint, artifact, .. } = entry;
    let listed = reads.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let words = format!(
        "added {version} for {} to `{}`: schema {schema}, reads {listed}, {}",
        artifact.target,
        asked.manifest.display(),
        size(artifact.size)
    );
    Reply::new(Outcome::Done)
        .with("manifest", asked.manifest)
        .with("sequence", sequence)
        .with("release", json!({ "version": version, "schema": schema, "reads": reads, "fingerprint": fingerprint }))
        .with("artifact", artifact)
        .saying(words)
}

fn remedy_for_archive(error: &ArchiveError) -> &'static str {
    match error {
        ArchiveError::File(_) => "name the right file, and check that this user may read it and write to `TMPDIR`",
        ArchiveError::Changed(_) => "wait until nobody writes to it any more",
        ArchiveError::Unpack(_) => "make it again: a `tar.gz` with one directory, and in that `bin/` and `migrations/`",
        ArchiveError::Lacks(_) => "make it again, with what is missing in its one directory",
        ArchiveError::Migrations(_) | ArchiveError::Fails(_) | ArchiveError::Ledger(_) => {
            "put the migrations right, and make the archive again"
        }
        ArchiveError::Program(_) => "check `database.up` and `database.version` of the configuration",
        ArchiveError::Migrator { .. } | ArchiveError::Made(_) => {
            "try the same commands by hand on an empty file, put the program or the configuration right, and run this \
             command again"
        }
    }
}

fn remedy_for_entry(error: &WriteError, manifest: &Path) -> String {
    let path = manifest.display();
    match error {
        WriteError::Before(_) | WriteError::After { .. } => {
            format!("compare what was given with `{path}`; nothing was written to it")
        }
        WriteError::Differs { key: "fingerprint", .. } => {
            "what was published is not changed: give the other migrations a schema and a release of their own"
                .to_owned()
        }
        WriteError::Differs { key: "reads", .. } => {
            format!("leave `--reads` out, or change the release in `{path}` first")
        }
        WriteError::Differs { key, .. } => {
            format!("the archive decides: put `{key}` right in `{path}`, or make the archive again")
        }
        WriteError::Clock { .. } => "set the clock".to_owned(),
        WriteError::Sequence(_) => format!("set a lower `sequence` in `{path}`, if it was never published"),
    }
}
