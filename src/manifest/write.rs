//! Writes into the text of a manifest and leaves everything else of it, comments above all, as it is.

use std::fmt::Display;
use std::ops::Range;

use jiff::Timestamp;
use thiserror::Error;

use super::place::{end_of_reads, end_of_release, value_of};
use super::{Artifact, Manifest, Release, STABLE, WireError};
use crate::digest::Fingerprint;
use crate::version::{SchemaVersion, Version};

/// One archive of a release, and what the release says of itself.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The release's version.
    pub version: Version,
    /// Its channel.
    pub channel: String,
    /// What its migrations lead to.
    pub schema: SchemaVersion,
    /// Every schema that its binary runs on.
    pub reads: Vec<SchemaVersion>,
    /// Of the database at `schema`.
    pub fingerprint: Option<Fingerprint>,
    /// The archive.
    pub artifact: Artifact,
}

/// Why nothing was added.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The text that is there is no manifest.
    #[error("the manifest is not one")]
    Before(#[source] WireError),
    /// The text that would come out is none: the entry contradicts it, or its arrays are written inline.
    #[error("with release `{version}` the manifest would be wrong")]
    After {
        /// The release that was to be added.
        version: Version,
        /// What would be wrong, with the lines of the text that would come out.
        source: WireError,
    },
    /// The release is there, with another value.
    #[error("release `{version}` is in the manifest already, with another `{key}`")]
    Differs {
        /// That release.
        version: Version,
        /// What differs.
        key: &'static str,
    },
    /// Time cannot run backwards.
    #[error("it is {now}, which is before {created}, when the manifest was made: is the clock right?")]
    Clock {
        /// What the clock says.
        now: Timestamp,
        /// What the manifest says.
        created: Timestamp,
    },
    /// There is no higher sequence.
    #[error("the manifest's sequence {0} cannot be raised")]
    Sequence(u64),
}

/// A manifest without releases.
pub fn begin(product: &str, created: Timestamp, expires: Timestamp) -> String {
    format!(
        "# Release manifest of {product}. Every release says which schema its migrations lead to, and on which its binary runs.\n\
         # `gantry-installer manifest add ARCHIVE --target TRIPLE` adds a release, `manifest check` looks for mistakes, `manifest sign` signs.\n\
         format = 1\n\
         product = {}\n\
         sequence = 1 # only ever grows: an older manifest is refused\n\
         created = {}\n\
         expires = {} # publish a newer manifest before\n",
        quoted(product),
        quoted(created),
        quoted(expires)
    )
}

/// The text with one more archive, with the next sequence, and made `now`. The release is added if it is not there yet,
/// and gets its fingerprint if it has none.
pub fn add(text: &str, entry: &Entry, now: Timestamp) -> Result<String, WriteError> {
    let manifest = Manifest::parse(text).map_err(WriteError::Before)?;
    if now < manifest.created {
        return Err(WriteError::Clock { now, created: manifest.created });
    }
    let sequence = manifest.sequence;
    let next = sequence.checked_add(1).ok_or(WriteError::Sequence(sequence))?;
    let artifact = artifact_block(&entry.artifact);
    let mut edits = Vec::new();
    match manifest.release(&entry.version) {
        Some(release) => {
            same_facts(release, entry)?;
            edits.push(lines(text, end_of_release(text, &entry.version), &format!("\n{artifact}")));
            if let (None, Some(fingerprint)) = (release.fingerprint, entry.fingerprint) {
                edits.push(lines(text, end_of_reads(text, &entry.version), &fingerprint_line(fingerprint)));
            }
        }
        None => edits.push(lines(text, text.len(), &format!("\n{}\n{artifact}", release_block(entry)))),
    }
    edits.extend(value_of(text, "sequence").map(|span| (span, next.to_string())));
    edits.extend(value_of(text, "created").map(|span| (span, quoted(now))));
    let written = edited(text, edits);
    let after = |source| WriteError::After { version: entry.version.clone(), source };
    Manifest::parse(&written).map_err(after)?;
    Ok(written)
}

fn same_facts(release: &Release, entry: &Entry) -> Result<(), WriteError> {
    let key = if release.schema != entry.schema {
        "schema"
    } else if release.reads != entry.reads {
        "reads"
    } else if release.channel != entry.channel {
        "channel"
    } else if release.fingerprint.is_some() && release.fingerprint != entry.fingerprint {
        "fingerprint"
    } else {
        return Ok(());
    };
    Err(WriteError::Differs { version: entry.version.clone(), key })
}

fn release_block(entry: &Entry) -> String {
    let reads: Vec<String> = entry.reads.iter().map(schema).collect();
    let mut block = format!("[[release]]\nversion = {}\n", quoted(&entry.version));
    if entry.channel != STABLE {
        block += &format!("channel = {}\n", quoted(&entry.channel));
    }
    block += &format!("schema = {}\nreads = [{}]\n", schema(&entry.schema), reads.join(", "));
    if let Some(fingerprint) = entry.fingerprint {
        block += &fingerprint_line(fingerprint);
    }
    block
}

fn fingerprint_line(fingerprint: Fingerprint) -> String {
    format!("fingerprint = {}\n", quoted(fingerprint))
}

fn artifact_block(artifact: &Artifact) -> String {
    let Artifact { target, url, size, sha256 } = artifact;
    format!(
        "[[release.artifact]]\ntarget = {}\nurl = {}\nsize = {size}\nsha256 = {}\n",
        quoted(target),
        quoted(url),
        quoted(sha256)
    )
}

fn schema(version: &SchemaVersion) -> String {
    match version {
        SchemaVersion::Number(number) => number.to_string(),
        SchemaVersion::Text(text) => quoted(text),
    }
}

fn quoted(value: impl Display) -> String {
    toml::Value::String(value.to_string()).to_string()
}

/// Puts whole lines in at `at`, which is the start of a line or the end of a text without a newline.
fn lines(text: &str, at: usize, block: &str) -> (Range<usize>, String) {
    let start_of_line = if text.get(..at).is_none_or(|before| before.ends_with('\n')) { "" } else { "\n" };
    (at..at, format!("{start_of_line}{block}"))
}

/// Applies changes that do not overlap, the last of the text first so that the places of the others stay right. Of two
/// at one place the later one comes to stand before the other.
fn edited(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut written = text.to_owned();
    edits.into_iter().for_each(|(span, put)| written.replace_range(span, &put));
    written
}

#[cfg(test)]
mod tests;
