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
    let documents = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap();
    let mut checked = 0;
    for document in documents.map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&document).unwrap();
        // What is shown of a session is no name of a test.
        let prose: String = text.split("```").step_by(2).collect();
        for name in named(&prose) {
            checked += 1;
            assert!(tests.contains_key(&name), "{} names `{name}`, and there is no such test", document.display());
        }
    }
    assert!(checked > 100, "only {checked} names were found");
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
