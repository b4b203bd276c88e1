//! Writes into the text of a manifest and leaves everything else of it, comments above all, as it is.

use std::fmt::Display;
use std::ops::Range;

use jiff::Timestamp;
use thiserror::Error;
use toml::de::{DeTable, DeValue};

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
         # `gantry-installer manifest add ARCHIVE` adds a release, `manifest check` looks for mistakes, `manifest sign` signs.\n\
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

/// The text with one more archive, with the next sequence, and made `now`. The release is added if it is not there yet.
pub fn add(text: &str, entry: &Entry, now: Timestamp) -> Result<String, WriteError> {
    let manifest = Manifest::parse(text).map_err(WriteError::Before)?;
    if now < manifest.created {
        return Err(WriteError::Clock { now, created: manifest.created });
    }
    let sequence = manifest.sequence;
    let next = sequence.checked_add(1).ok_or(WriteError::Sequence(sequence))?;
    let (at, block) = match manifest.release(&entry.version) {
        Some(release) => {
            same_facts(release, entry)?;
            (end_of_release(text, &entry.version), artifact_block(&entry.artifact))
        }
        None => (text.len(), format!("\n{}\n{}", release_block(entry), artifact_block(&entry.artifact))),
    };
    let start_of_line = if text.get(..at).is_none_or(|before| before.ends_with('\n')) { "" } else { "\n" };
    let mut edits = vec![(at..at, format!("{start_of_line}{block}"))];
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
        block += &format!("fingerprint = {}\n", quoted(fingerprint));
    }
    block
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

/// Applies changes that do not overlap, the last of the text first so that the places of the others stay right.
fn edited(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut written = text.to_owned();
    edits.into_iter().for_each(|(span, put)| written.replace_range(span, &put));
    written
}

fn value_of(text: &str, key: &str) -> Option<Range<usize>> {
    DeTable::parse(text).ok()?.get_ref().get(key).map(|value| value.span())
}

/// Behind the last line of a release. What follows that line, comments too, belongs to the next one.
fn end_of_release(text: &str, version: &Version) -> usize {
    let written = |table: &DeTable<'_>| {
        table.get("version").and_then(|value| value.get_ref().as_str()).is_some_and(|text| text == version.to_string())
    };
    let document = DeTable::parse(text).ok();
    let releases = document.as_ref().and_then(|document| document.get_ref().get("release"));
    let mut releases =
        releases.and_then(|releases| releases.get_ref().as_array()).into_iter().flat_map(|all| all.iter());
    let last = releases
        .find(|release| release.get_ref().as_table().is_some_and(written))
        .map_or(text.len(), |release| last_value(release.get_ref()).unwrap_or(release.span().end));
    let rest = text.get(last..).unwrap_or_default();
    rest.find('\n').map_or(text.len(), |end| last + end + 1)
}

/// The end of the value that stands last in a table and its tables.
fn last_value(value: &DeValue<'_>) -> Option<usize> {
    let inside = |item: &toml::Spanned<DeValue<'_>>| last_value(item.get_ref()).max(Some(item.span().end));
    match value {
        DeValue::Table(table) => table.values().filter_map(inside).max(),
        DeValue::Array(array) => array.iter().filter_map(inside).max(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::version;
    use super::*;
    use crate::digest::Sha256;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn entry(number: &str, target: &str) -> Entry {
        Entry {
            version: version(number),
            channel: STABLE.to_owned(),
            schema: SchemaVersion::Number(4),
            reads: vec![SchemaVersion::Number(4), SchemaVersion::Number(6)],
            fingerprint: Some(Fingerprint(Sha256::of(b"schema"))),
            artifact: Artifact {
                target: target.to_owned(),
                url: format!("gantry-{number}-{target}.tar.gz"),
                size: 5,
                sha256: Sha256::of(b"abc"),
            },
        }
    }

    const NOW: &str = "2026-11-02T00:00:00Z";

    fn started() -> String {
        begin("gantry", time("2026-11-01T00:00:00Z"), time("2027-06-01T00:00:00Z"))
    }

    fn with(entries: &[Entry]) -> String {
        entries.iter().fold(started(), |text, entry| add(&text, entry, time(NOW)).unwrap())
    }

    #[test]
    fn a_manifest_that_begins_is_one() {
        let manifest = Manifest::parse(&started()).unwrap();
        assert_eq!((manifest.sequence, manifest.releases.len()), (1, 0));
    }

    #[test]
    fn what_is_added_is_what_is_read_and_the_sequence_and_the_time_rise() {
        let entry = entry("1.4.0", "any");
        let manifest = Manifest::parse(&with(std::slice::from_ref(&entry))).unwrap();
        let release = manifest.release(&entry.version).unwrap();
        assert_eq!((manifest.sequence, manifest.created), (2, time(NOW)));
        assert_eq!((&release.schema, &release.reads), (&entry.schema, &entry.reads));
        assert_eq!((release.fingerprint, &release.artifacts), (entry.fingerprint, &vec![entry.artifact]));
    }

    #[test]
    fn a_second_archive_joins_its_release_and_every_comment_stays_where_it_is() {
        let text = with(&[entry("1.4.0", "any")]) + "# the last word on 1.4.0\n\n# 1.5.0 rebuilds the index\n";
        let text = add(&text, &entry("1.5.0", "any"), time(NOW)).unwrap() + "# the end";
        let more = add(&text, &entry("1.4.0", "x86_64-unknown-linux-musl"), time(NOW)).unwrap();
        let manifest = Manifest::parse(&more).unwrap();
        let targets = |number: &str| manifest.release(&version(number)).unwrap().artifacts.len();
        assert_eq!((targets("1.4.0"), targets("1.5.0"), manifest.sequence), (2, 1, 4));
        let comments = |text: &str| -> Vec<String> {
            text.lines().filter_map(|line| line.find('#').map(|at| line[at..].to_owned())).collect()
        };
        assert_eq!(comments(&more), comments(&text));
        assert!(more.find("musl").unwrap() < more.find("# the last word").unwrap());
    }

    #[test]
    fn the_same_archive_twice_and_other_facts_are_refused() {
        let text = with(&[entry("1.4.0", "any")]);
        assert!(matches!(add(&text, &entry("1.4.0", "any"), time(NOW)), Err(WriteError::After { .. })));
        let other = Entry { schema: SchemaVersion::Number(6), ..entry("1.4.0", "x86_64-unknown-linux-gnu") };
        assert!(matches!(add(&text, &other, time(NOW)), Err(WriteError::Differs { key: "schema", .. })));
    }

    #[test]
    fn a_clock_that_runs_backwards_is_refused() {
        let error = add(&started(), &entry("1.4.0", "any"), time("2026-10-01T00:00:00Z")).unwrap_err();
        assert!(matches!(error, WriteError::Clock { .. }));
    }

    #[test]
    fn text_is_quoted_so_that_it_stays_text() {
        let strange = Entry { schema: SchemaVersion::Text("a\"b\\c".to_owned()), ..entry("1.4.0", "any") };
        let strange = Entry { reads: vec![strange.schema.clone()], ..strange };
        let manifest = Manifest::parse(&with(std::slice::from_ref(&strange))).unwrap();
        assert_eq!(manifest.releases[0].schema, strange.schema);
    }
}
