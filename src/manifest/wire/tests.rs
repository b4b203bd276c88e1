use proptest::prelude::*;

use super::*;

const HEAD: &str = "format = 1\nproduct = \"gantry\"\nsequence = 17\ncreated = \"2026-11-01T00:00:00Z\"\nexpires = \"2027-06-01T00:00:00Z\"\n";
const RELEASE: &str = "[[release]]\nversion = \"1.4.0\"\nschema = 4\nreads = [4, 6]\n";
const ARTIFACT: &str = "[[release.artifact]]\ntarget = \"any\"\nurl = \"a.tar.gz\"\nsize = 5\nsha256 = \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n";

/// What is wrong with a manifest whose head is five lines.
fn findings(rest: &str) -> Vec<String> {
    let error = parse(&format!("{HEAD}{rest}")).unwrap_err();
    error.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn the_required_keys_alone_give_the_documented_defaults() {
    let manifest = parse(&format!("{HEAD}{RELEASE}{ARTIFACT}")).unwrap();
    let release = &manifest.releases[0];
    assert_eq!((manifest.product.as_str(), manifest.sequence), ("gantry", 17));
    assert_eq!((release.channel.as_str(), release.barrier), ("stable", false));
    assert_eq!(release.reads, [SchemaVersion::Number(4), SchemaVersion::Number(6)]);
    assert!(release.runs_on(&SchemaVersion::Number(6)) && !release.runs_on(&SchemaVersion::Number(5)));
    assert!(release.fingerprint.is_none() && release.from.is_none() && release.yanked.is_none());
    assert_eq!((release.artifacts[0].target.as_str(), release.artifacts[0].size), ("any", 5));
}

#[test]
fn every_optional_key_is_read() {
    let fingerprint = format!("sha256:{}", "ab".repeat(32));
    let more = format!(
        "channel = \"beta\"\nfingerprint = \"{fingerprint}\"\nfrom = \">=1.3.0\"\nbarrier = true\ndeadend = \"a\"\nyanked = \"b\"\nnotes = \"https://n\"\ninstaller = \">=0.3\"\n"
    );
    let manifest = parse(&format!("{HEAD}{RELEASE}{more}")).unwrap();
    let release = &manifest.releases[0];
    assert_eq!((release.channel.as_str(), release.barrier), ("beta", true));
    assert_eq!(release.fingerprint.unwrap().to_string(), fingerprint);
    assert_eq!(release.from.as_ref().unwrap().to_string(), ">=1.3.0");
    assert_eq!((release.deadend.as_deref(), release.yanked.as_deref()), (Some("a"), Some("b")));
    assert_eq!((release.notes.as_deref(), release.installer.is_some()), (Some("https://n"), true));
}

#[test]
fn a_schema_may_be_text_and_releases_are_sorted_by_version() {
    let text = format!(
        "{HEAD}{}{}",
        RELEASE.replace("1.4.0", "1.10.0").replace("[4, 6]", "[\"20260101\"]").replace("= 4", "= \"20260101\""),
        RELEASE.replace("1.4.0", "1.9.0")
    );
    let manifest = parse(&text).unwrap();
    assert_eq!(manifest.releases[0].version.to_string(), "1.9.0");
    assert_eq!(manifest.releases[1].schema, SchemaVersion::Text("20260101".to_owned()));
    assert!(manifest.release(&"1.10.0".parse().unwrap()).is_some());
    assert!(manifest.release(&"1.11.0".parse().unwrap()).is_none());
}

#[test]
fn an_unknown_key_is_refused_with_its_line_what_was_expected_and_the_nearest_one() {
    let found = findings(&format!("{RELEASE}fingreprint = \"\"\n"));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("line 10: unknown key `fingreprint` in a release, expected one of `version`, "));
    assert!(found[0].ends_with("did you mean `fingerprint`?"), "{found:?}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_text() {
    let release = "[[release]]\nversion = \"1.4\"\nschema = true\nbarier = true\n";
    let artifact = "[[release.artifact]]\ntarget = \"x86\"\nurl = \"../a\"\nsize = 0\nsha256 = \"ab\"\n";
    let found = findings(&format!("{release}{artifact}"));
    let lines: Vec<&str> = found.iter().map(|finding| finding.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["line 6", "line 7", "line 8", "line 9", "line 11", "line 12", "line 13", "line 14"]);
    assert_eq!(
        found[0],
        "line 6: a release without `reads`, which must be a list of migrations' versions such as [4, 6]"
    );
    assert_eq!(found[1], "line 7: `version` must be a version such as \"1.5.0\", not `1.4`");
    assert_eq!(found[6], "line 13: `size` must be a whole number from 1 to 9223372036854775807, not `0`");
}

#[test]
fn a_key_that_is_required_is_asked_for() {
    for key in ["product", "sequence", "created", "expires"] {
        let text: String = HEAD.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("line 1: a manifest without `{key}`")), "{error}");
    }
}

#[test]
fn a_newer_format_is_named_and_nothing_else_is_said() {
    let error = parse("format = 2\nsomething = \"new\"\n").unwrap_err().to_string();
    assert_eq!(error, "line 1: format 2 is not known, only 1: a newer installer reads it");
}

#[test]
fn an_import_is_a_directory_of_the_archive_for_those_that_come_from_elsewhere() {
    let with = |import: &str| format!("{RELEASE}from = \">=1.3.0\"\nimport = \"{import}\"\n");
    let manifest = parse(&format!("{HEAD}{}", with("import/from-v1"))).unwrap();
    assert_eq!(manifest.releases[0].import.as_deref(), Some("import/from-v1"));
    for import in ["/import", "import/", "import/../bin", "..", "import\\\\from"] {
        let found = findings(&with(import));
        assert!(found.len() == 1 && found[0].starts_with("line 11: `import` must be a directory"), "{found:?}");
    }
    let alone = findings(&format!("{RELEASE}import = \"import/from-v1\"\n"));
    assert_eq!(alone, ["line 10: `import` without `from`, which says the older major's releases that may come by it"]);
}

#[test]
fn a_release_must_read_its_own_schema() {
    let found = findings(&RELEASE.replace("[4, 6]", "[6]"));
    assert_eq!(found, ["line 9: `reads` must hold the release's own schema, 4"]);
}

#[test]
fn one_schema_has_one_fingerprint() {
    let (one, two) = ("ab".repeat(32), "cd".repeat(32));
    let first = format!("{RELEASE}fingerprint = \"sha256:{one}\"\n");
    let second = format!("{}fingerprint = \"sha256:{two}\"\n", RELEASE.replace("1.4.0", "1.4.1"));
    let found = findings(&format!("{first}{second}"));
    assert_eq!(found, ["line 15: `fingerprint` of schema 4 is another one in line 10"]);
}

#[test]
fn a_version_and_a_target_are_there_once() {
    let found = findings(&format!("{RELEASE}{ARTIFACT}{ARTIFACT}{RELEASE}"));
    assert_eq!(
        found,
        [
            "line 16: the release has an artifact for `any` already",
            "line 21: release `1.4.0` is there already, in line 7"
        ]
    );
}

#[test]
fn a_manifest_expires_after_it_was_created() {
    let text = HEAD.replace("2027-06", "2026-06");
    let error = parse(&text).unwrap_err().to_string();
    assert_eq!(error, "line 5: `expires` must be after `created`, 2026-11-01T00:00:00Z");
}

#[test]
fn an_address_stays_below_the_manifest_or_says_its_scheme() {
    for good in ["a.tar.gz", "1.4.0/a..b.tar.gz", "https://example.org/../a", "http://h/a", "file:///srv/a"] {
        assert_eq!(check_url(good), Ok(()), "{good}");
    }
    for bad in ["../a", "a/../../b", "a/..", "/etc/passwd", "ftp://h/a", "javascript:a", "a b", "a\\..\\b", "//host/a"]
    {
        assert!(check_url(bad).is_err(), "{bad}");
    }
}

#[test]
fn text_that_would_play_tricks_on_a_terminal_is_refused() {
    let found = findings(&format!("{RELEASE}yanked = \"\\u001b[2J\"\nchannel = \"Beta!\"\n"));
    assert_eq!(
        found,
        [
            "line 10: `yanked` must be text on one line, not empty, not `\\u{1b}[2J`",
            "line 11: `channel` must be lower-case letters, digits and dashes, not `Beta!`"
        ]
    );
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_line() {
    let found = findings("[[release]\n");
    assert!(found[0].starts_with("line 6: "), "{found:?}");
    assert!(findings("release = 3\n")[0].ends_with("written `[[release]]`"));
    assert!(findings("release = [3]\n")[0].ends_with("written `[[release]]`"));
}

fn mutilated() -> impl Strategy<Value = String> {
    let text = format!("{HEAD}{RELEASE}{ARTIFACT}");
    let length = text.len();
    (0..length, 0..length, "\\PC{0,6}").prop_map(move |(from, to, put)| {
        let (from, to) = (from.min(to), from.max(to));
        format!("{}{put}{}", &text[..from], &text[to..])
    })
}

/// Pieces of manifests, whole and broken: what a cut may fall into, and what says more than a release.
fn assembled() -> impl Strategy<Value = String> {
    let release = (0..6_u8).prop_map(|patch| RELEASE.replace("1.4.0", &format!("1.4.{patch}")));
    let odd = proptest::sample::select(vec![
        ARTIFACT,
        "notes = \"\"\"\nhttps://n\n[[release]]\n\"\"\"\n",
        "yanked = '''\n",
        "'''\n",
        "reads = [4,\n[[release]]\n]\n",
        "# [[release]]\n",
        "  [[release]]\n",
        "[[ release ]]\n",
        "[release.artifact]\n",
        "[release]\n",
        "[other]\nkey = 1\n",
        "release = []\n",
        "barrier = true\r\n",
        "barrier = true",
        "\u{feff}",
    ]);
    let rest = proptest::collection::vec(prop_oneof![2 => release, 1 => odd.prop_map(str::to_owned)], 0..6);
    rest.prop_map(|rest| format!("{HEAD}{}", rest.concat()))
}

#[test]
fn thousands_of_releases_are_read_some_at_a_time() {
    let releases: String = (0..3000).map(|patch| RELEASE.replace("1.4.0", &format!("1.4.{patch}"))).collect();
    let read = by_pieces(&format!("{HEAD}{releases}"), pieces::ENOUGH).unwrap();
    assert_eq!(read.releases.len(), 3000);
    assert_eq!(read.releases[2999].version.to_string(), "1.4.2999");
}

#[test]
fn halves_that_contradict_each_other_are_left_to_the_whole() {
    let with = |version: &str, letters: &str| {
        format!("{}fingerprint = \"sha256:{}\"\n", RELEASE.replace("1.4.0", version), letters.repeat(32))
    };
    let one = with("1.4.0", "ab");
    assert!(by_pieces(&format!("{HEAD}{one}{}", with("1.4.1", "ab")), 1).is_some());
    for other in [with("1.4.1", "cd"), one.clone()] {
        let text = format!("{HEAD}{one}{other}");
        assert!(by_pieces(&text, 1).is_none() && whole(&text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_read_in_pieces_is_what_the_whole_says(text in prop_oneof![assembled(), mutilated()]) {
        if let Some(manifest) = by_pieces(&text, 1) {
            prop_assert_eq!(whole(&text), Ok(manifest));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![any::<String>(), mutilated()]) {
        if let Err(error) = parse(&text) {
            prop_assert!(!error.findings.is_empty());
        }
    }
}
