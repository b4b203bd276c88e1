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

/// As a catalogue is written by hand: without anything that can be computed.
const CATALOGUE: &str =
    "\n[[release]]\nversion = \"1.4.0\"\nschema = 4\nreads = [\n  4, # its own\n  6,\n] # tested\nbarrier = true";

#[test]
fn a_release_without_artifact_and_fingerprint_gets_both_and_keeps_its_own_keys() {
    for end in ["", "\n", "\n\n[[release]]\nversion = \"1.5.0\"\nschema = 6\nreads = [6]\n"] {
        let text = format!("{}{CATALOGUE}{end}", started());
        let entry = entry("1.4.0", "any");
        let written = add(&text, &entry, time(NOW)).unwrap();
        let manifest = Manifest::parse(&written).unwrap();
        let release = manifest.release(&entry.version).unwrap();
        assert_eq!((release.fingerprint, &release.artifacts), (entry.fingerprint, &vec![entry.artifact]), "{written}");
        assert!(release.barrier && written.contains("4, # its own\n"), "{written}");
        assert_eq!(manifest.releases.len(), Manifest::parse(&text).unwrap().releases.len());
    }
}

#[test]
fn a_fingerprint_that_is_there_is_compared_and_never_replaced() {
    let text = with(&[entry("1.4.0", "any")]);
    let other = Some(Fingerprint(Sha256::of(b"another")));
    let other = Entry { fingerprint: other, ..entry("1.4.0", "x86_64-unknown-linux-gnu") };
    assert!(matches!(add(&text, &other, time(NOW)), Err(WriteError::Differs { key: "fingerprint", .. })));
}
