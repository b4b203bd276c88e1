//! The documents that name tests: every test that they name exists, and every failure mode has its line and its test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn read(relative: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)).unwrap()
}

/// All sources, those of the tests included.
fn sources() -> Vec<(PathBuf, String)> {
    let mut waiting =
        ["src", "tests", "examples"].map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).to_vec();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// Each test by its name: its text, with the comments before it.
fn tests(sources: &[(PathBuf, String)]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (_, text) in sources {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = line.trim_start().strip_prefix("fn ").and_then(|rest| rest.split('(').next()) else {
                continue;
            };
            let before = lines[..at].iter().rposition(|line| line.trim().is_empty()).map_or(0, |blank| blank + 1);
            if !lines[before..at].iter().any(|line| line.trim() == "#[test]") {
                continue;
            }
            let indent = &line[..line.len() - line.trim_start().len()];
            let end =
                lines[at..].iter().position(|line| *line == format!("{indent}}}")).map_or(at, |length| at + length);
            found.insert(name.to_owned(), lines[before..=end].join("\n"));
        }
    }
    found
}

/// What stands in backticks and has the form of a test's name.
fn named(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| {
        let plain = word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        plain && word.matches('_').count() >= 2
    };
    quoted.filter(is_name).map(str::to_owned).collect()
}

#[test]
fn every_test_that_a_document_names_exists() {
    let tests = tests(&sources());
    let keys: Vec<String> = documented().into_values().flatten().collect();
    let documents = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap();
    let mut checked = 0;
    for document in documents.map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&document).unwrap();
        // What is shown of a session is no name of a test.
        let prose: String = text.split("```").step_by(2).collect();
        // Nor is a key of the configuration.
        for name in named(&prose).into_iter().filter(|name| !keys.contains(name)) {
            checked += 1;
            assert!(tests.contains_key(&name), "{} names `{name}`, and there is no such test", document.display());
        }
    }
    assert!(checked > 100, "only {checked} names were found");
}

#[test]
fn every_situation_of_a_package_is_in_its_table_and_has_its_test() {
    let named = named(&read("packaging/README.md"));
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/package/situations");
    let texts =
        std::fs::read_dir(directory).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let text: String = texts.collect();
    // A function there is a test; see tests/package.sh.
    let tests: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix("() {")).collect();
    assert!(tests.len() > 30, "only {} tests were found", tests.len());
    for test in &tests {
        assert!(named.iter().any(|name| name == test), "packaging/README.md does not name `{test}`");
    }
    for name in &named {
        assert!(tests.contains(&name.as_str()), "packaging/README.md names `{name}`, and there is no such test");
    }
}

/// The rows of each section of `docs/configuration.md`: by the heading, the keys of the first column.
fn documented() -> BTreeMap<String, Vec<String>> {
    let text = read("docs/configuration.md");
    let sections = text.split("\n#").skip(1).map(|section| {
        let heading = section.lines().next().unwrap().trim_matches(['#', ' ', '`', '[', ']']);
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        (heading.to_owned(), rows.map(str::to_owned).collect())
    });
    sections.collect()
}

#[test]
fn every_key_of_a_configuration_and_of_a_manifest_is_documented() {
    let documented = documented();
    let raw = read("src/config/raw.rs");
    let structs = raw.split("struct Raw").skip(1).map(|text| {
        let (name, fields) = text.split_once(" {").unwrap();
        let keys = fields.lines().filter_map(|line| line.trim().strip_prefix("pub(super) ")?.split(':').next());
        // A section is a heading of its own, and no row.
        let keys = keys.filter(|key| !name.is_empty() || *key == "product").map(str::to_owned).collect();
        (if name.is_empty() { "installer.toml".to_owned() } else { name.to_lowercase() }, keys)
    });
    let wire = read("src/manifest/wire.rs");
    let lists = [("MANIFEST", "Release manifest"), ("RELEASE", "release"), ("ARTIFACT", "release.artifact")];
    let lists = lists.map(|(list, heading)| {
        let (_, rest) = wire.split_once(&format!("const {list}: ")).unwrap();
        let (_, rest) = rest.split_once('=').unwrap();
        let (keys, _) = rest.split_once("];").unwrap();
        (heading.to_owned(), keys.split('"').skip(1).step_by(2).map(str::to_owned).collect())
    });
    let known: BTreeMap<String, Vec<String>> = structs.chain(lists).collect();
    let count: usize = known.values().map(Vec::len).sum();
    assert!(known.len() == 12 && count > 50, "only {count} keys were found: {known:?}");
    assert_eq!(documented, known);
}

/// Says of a document that promises nothing, or nothing that a test could show: how such paragraphs, items and rows begin.
const WITHOUT_TEST: [(&str, &[&str]); 2] = [
    (
        "docs/durability.md",
        &[
            "What is there after a kill",
            "OLD is the installed release",
            "**The service** decides",
            "**Nobody else** changes",
            "**The exchange**, with",
            "1. fsync the new file",
            "2. `link(live",
            "3. fsync the work directory",
            "4. `rename(",
            "5. fsync the directory",
            "* **Rows of the last moments**",
            "* **Not tried**",
            "Another build tries other points",
        ],
    ),
    (
        "docs/security.md",
        &[
            "What is believed, on whose word",
            "The names are those of",
            "* The playground's key",
            "* Start, stop and status commands",
            "What a group may do",
            "* `.ci/run` checks",
            "What the fuzzers ran",
            "The advisories of the dependencies",
            "Miri",
            "Report a vulnerability",
        ],
    ),
];

#[test]
fn every_promise_of_durability_and_security_names_what_shows_it() {
    for (document, without) in WITHOUT_TEST {
        let blocks = blocks(&read(document));
        let shown = |block: &str| !named(block).is_empty() || block.contains("he proof") || is_constructed(block);
        for block in &blocks {
            let exempt = without.iter().any(|beginning| block.starts_with(beginning));
            assert!(shown(block) || exempt, "{document}: what shows this? {block}");
        }
        for beginning in without {
            assert!(
                blocks.iter().any(|block| block.starts_with(beginning)),
                "{document} has no `{beginning}` any more"
            );
        }
    }
}

/// Paragraphs, items of lists and rows of tables; neither headings nor tables that have no column for a test.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.starts_with('#')) {
        let lines: Vec<&str> = paragraph.trim().lines().collect();
        if lines.first().is_some_and(|line| line.starts_with('|') || line.starts_with("<!--")) {
            let shows = lines.first().is_some_and(|head| head.contains("shown by"));
            blocks.extend(lines.iter().skip(2).filter(|_| shows).map(|line| (*line).to_owned()));
            continue;
        }
        for line in lines {
            match blocks.last_mut() {
                Some(block) if line.starts_with(' ') => *block = format!("{block} {}", line.trim()),
                _ if begins_item(line) || line == paragraph.lines().next().unwrap_or_default() => {
                    blocks.push(line.to_owned());
                }
                Some(block) => *block = format!("{block} {line}"),
                None => blocks.push(line.to_owned()),
            }
        }
    }
    blocks
}

fn begins_item(line: &str) -> bool {
    line.starts_with("* ") || line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// Whether it says by which source it cannot be otherwise, and that source is there.
fn is_constructed(block: &str) -> bool {
    let files = files_in(block);
    let exists = |file: &String| Path::new(env!("CARGO_MANIFEST_DIR")).join(file).is_file();
    block.contains("by construction") && !files.is_empty() && files.iter().any(exists)
}

#[test]
fn every_failure_mode_has_its_line_and_its_test_names_it() {
    let (sources, document) = (sources(), read("docs/failure-modes.md"));
    let tests = tests(&sources);
    for number in 1..=60 {
        let mode = format!("FM-{number}");
        let lines: Vec<&str> = document.lines().filter(|line| line.starts_with(&format!("| {mode} |"))).collect();
        let [line] = lines[..] else { panic!("{mode} has {} lines", lines.len()) };
        let shown = line.rsplit('|').nth(1).unwrap();
        let (names, files) = (named(shown), files_in(shown));
        let unbuilt = shown.contains("not built yet");
        assert!(unbuilt || !names.is_empty() || !files.is_empty(), "{mode}: what shows it?");
        for name in names {
            let test = tests.get(&name).unwrap_or_else(|| panic!("{mode}: there is no test `{name}`"));
            assert!(unbuilt || says(test, &mode), "`{name}` does not name {mode}");
        }
        for file in files {
            assert!(says(&read(&file), &mode), "`{file}` does not name {mode}");
        }
    }
}

/// Sources that hold to it by the way they are built.
fn files_in(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.contains('/')).map(str::to_owned).collect()
}

/// Whether a text names this failure mode, and not one whose number only begins like it.
fn says(text: &str, mode: &str) -> bool {
    text.match_indices(mode).any(|(at, _)| !text[at + mode.len()..].starts_with(|next: char| next.is_ascii_digit()))
}
