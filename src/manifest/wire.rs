//! The wire form, version 1: TOML into typed values. An unknown key is refused, for what is not understood is not obeyed.

use std::thread;

use thiserror::Error;
use toml::de::DeTable;

use super::pieces;
use super::plain::Table;
use super::reader::{Finding, Findings, Placed, Section};
use super::target::is_known;
use super::{Artifact, Manifest, Release, STABLE};
use crate::digest::Fingerprint;
use crate::version::{SchemaVersion, Version};

mod together;

use together::Together;

/// A manifest that is not one.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{}", .findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct WireError {
    /// Everything that is wrong, in the order of the text; never empty.
    pub findings: Vec<Finding>,
}

const FORMAT: u64 = 1;
const NAMED: &str = "a manifest";
const MANIFEST: [&str; 6] = ["format", "product", "sequence", "created", "expires", "release"];
const RELEASE: [&str; 13] = [
    "version",
    "channel",
    "schema",
    "reads",
    "fingerprint",
    "from",
    "barrier",
    "deadend",
    "yanked",
    "notes",
    "installer",
    "import",
    "artifact",
];
const ARTIFACT: [&str; 4] = ["target", "url", "size", "sha256"];

pub(super) fn parse(text: &str) -> Result<Manifest, WireError> {
    by_pieces(text, pieces::ENOUGH).map_or_else(|| whole(text), Ok)
}

/// None where anything is wrong, or written in another way: the whole is then read, and tells.
fn by_pieces(text: &str, enough: usize) -> Option<Manifest> {
    let split = pieces::split(text, enough);
    let head = pieces::head(split.head, |table| {
        let (top, mut findings) = (top(table), Findings::of(""));
        let head = understood(&top, &mut findings).and_then(|()| read_head(&top, &mut findings));
        if findings.sorted().is_empty() { head } else { None }
    })?;
    let (first, second) = thread::scope(|scope| {
        let part = |text| move || read_part(text, enough);
        let beside = if split.second.is_empty() {
            None
        } else {
            // Where there can be no thread, one after the other will do.
            thread::Builder::new().spawn_scoped(scope, part(split.second)).ok()
        };
        let first = part(split.first)();
        (first, beside.map_or_else(part(split.second), |thread| thread.join().ok().flatten()))
    });
    first?.with(second?)?.complete(head)
}

/// Some of the releases, by themselves.
fn read_part(text: &str, enough: usize) -> Option<Together> {
    // Only whether there are any is asked, so they need no lines.
    let (mut together, mut findings) = (Together::default(), Findings::of(""));
    for (_, piece) in pieces::of(text, enough) {
        match Table::read(piece) {
            Some(plain) => read_releases(&Section::plain(NAMED, &plain), &mut together, &mut findings),
            None => pieces::releases(piece, |table| read_releases(&top(table), &mut together, &mut findings))?,
        }
    }
    findings.sorted().is_empty().then_some(together)
}

fn whole(text: &str) -> Result<Manifest, WireError> {
    let mut findings = Findings::of(text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            findings.add(error.span().map_or(0, |span| span.start), error.message().replace('\n', ", "));
            return Err(WireError { findings: findings.sorted() });
        }
    };
    let top = top(document.get_ref());
    let manifest = understood(&top, &mut findings).and_then(|()| {
        let (head, mut together) = (read_head(&top, &mut findings), Together::with_lines());
        read_releases(&top, &mut together, &mut findings);
        together.complete(head?)
    });
    match (manifest, findings.sorted()) {
        (Some(manifest), findings) if findings.is_empty() => Ok(manifest),
        (_, findings) => Err(WireError { findings }),
    }
}

fn top<'t>(table: &'t DeTable<'t>) -> Section<'t> {
    Section::top(NAMED, table)
}

/// Nothing else is said about a format that is not known: its keys mean something else.
fn understood(top: &Section<'_>, findings: &mut Findings) -> Option<()> {
    let format = top.required::<u64>("format", findings)?;
    if format.value != FORMAT {
        let message = format!("format {} is not known, only {FORMAT}: a newer installer reads it", format.value);
        findings.add(format.at(), message);
        return None;
    }
    Some(())
}

/// All but the releases.
fn read_head(top: &Section<'_>, findings: &mut Findings) -> Option<Manifest> {
    top.refuse_unknown(&MANIFEST, findings);
    let product = top.required::<String>("product", findings);
    if let Some(product) = &product
        && !is_name(&product.value)
    {
        findings.add(product.at(), format!("`product` must be {NAME}, not `{}`", product.value));
    }
    let sequence = top.required("sequence", findings);
    let created = top.required::<jiff::Timestamp>("created", findings);
    let expires = top.required::<jiff::Timestamp>("expires", findings);
    if let (Some(created), Some(expires)) = (&created, &expires)
        && expires.value <= created.value
    {
        findings.add(expires.at(), format!("`expires` must be after `created`, {}", created.value));
    }
    Some(Manifest {
        product: product?.value,
        sequence: sequence?.value,
        created: created?.value,
        expires: expires?.value,
        releases: Vec::new(),
    })
}

fn read_release(section: &Section<'_>, together: &mut Together, findings: &mut Findings) -> Option<Release> {
    section.refuse_unknown(&RELEASE, findings);
    let version = section.required::<Version>("version", findings);
    let channel = section.optional::<String>("channel", findings);
    if let Some(channel) = &channel
        && !is_name(&channel.value)
    {
        findings.add(channel.at(), format!("`channel` must be {NAME}, not `{}`", channel.value));
    }
    let schema = section.required::<SchemaVersion>("schema", findings);
    let reads = section.required::<Vec<SchemaVersion>>("reads", findings);
    if let (Some(schema), Some(reads)) = (&schema, &reads)
        && !reads.value.contains(&schema.value)
    {
        findings.add(reads.at(), format!("`reads` must hold the release's own schema, {}", schema.value));
    }
    let fingerprint = section.optional::<Fingerprint>("fingerprint", findings);
    let import = read_import(section, findings);
    if let Some(version) = &version {
        together.version_once(version, findings);
    }
    if let (Some(version), Some(schema), Some(fingerprint)) = (&version, &schema, &fingerprint) {
        together.one_fingerprint(version.value.major(), &schema.value, fingerprint, findings);
    }
    let release = Release {
        from: section.optional("from", findings).map(value),
        barrier: section.optional("barrier", findings).is_some_and(value),
        deadend: section.optional("deadend", findings).map(value),
        yanked: section.optional("yanked", findings).map(value),
        notes: section.optional("notes", findings).map(value),
        installer: section.optional("installer", findings).map(value),
        import,
        artifacts: read_artifacts(section, findings),
        version: version?.value,
        channel: channel.map_or_else(|| STABLE.to_owned(), value),
        schema: schema?.value,
        reads: reads?.value,
        fingerprint: fingerprint.map(value),
    };
    Some(release)
}

/// A directory of the archive. Nobody comes to it but from another major, and none may that `from` does not name.
fn read_import(section: &Section<'_>, findings: &mut Findings) -> Option<String> {
    let import = section.optional::<String>("import", findings)?;
    let part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\\');
    if !import.value.split('/').all(part) {
        let message =
            format!("`import` must be a directory of the archive such as `import/from-v1`, not `{}`", import.value);
        findings.add(import.at(), message);
    }
    if !section.has("from") {
        findings.add(import.at(), "`import` without `from`, which says the older major's releases that may come by it");
    }
    Some(import.value)
}

fn read_releases(top: &Section<'_>, together: &mut Together, findings: &mut Findings) {
    for section in top.sections("release", "a release", findings) {
        let release = read_release(&section, together, findings);
        together.releases.extend(release);
    }
}

fn read_artifacts(release: &Section<'_>, findings: &mut Findings) -> Vec<Artifact> {
    let sections = release.sections("artifact", "an artifact", findings);
    let mut artifacts: Vec<Artifact> = Vec::with_capacity(sections.len());
    for section in sections {
        section.refuse_unknown(&ARTIFACT, findings);
        let target = section.required::<String>("target", findings);
        let url = section.required::<String>("url", findings);
        let size = section.required("size", findings);
        let sha256 = section.required("sha256", findings);
        if let Some(target) = &target {
            if !is_known(&target.value) {
                let message = format!("`target` must be a known target triple or `any`, not `{}`", target.value);
                findings.add(target.at(), message);
            }
            if artifacts.iter().any(|artifact| artifact.target == target.value) {
                findings.add(target.at(), format!("the release has an artifact for `{}` already", target.value));
            }
        }
        if let Some(url) = &url
            && let Err(expected) = check_url(&url.value)
        {
            findings.add(url.at(), format!("`url` {expected}, not `{}`", url.value));
        }
        if let (Some(target), Some(url), Some(size), Some(sha256)) = (target, url, size, sha256) {
            let (target, url) = (target.value, url.value);
            artifacts.push(Artifact { target, url, size: size.value, sha256: sha256.value });
        }
    }
    artifacts
}

/// A relative address stays below the manifest's directory, so that a mirror of that directory is whole.
fn check_url(url: &str) -> Result<(), &'static str> {
    if url.contains(|letter: char| letter.is_whitespace() || letter == '\\') {
        return Err("must be an address without white space and backslashes");
    }
    if ["https://", "http://", "file://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    let first = url.split('/').next().unwrap_or_default();
    if first.is_empty() || first.contains(':') || url.split('/').any(|part| part == "..") {
        return Err("must stay below the manifest's directory, or begin with https://, http:// or file://");
    }
    Ok(())
}

const NAME: &str = "lower-case letters, digits and dashes";

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
}

fn value<T>(placed: Placed<T>) -> T {
    placed.value
}

#[cfg(test)]
mod tests;
