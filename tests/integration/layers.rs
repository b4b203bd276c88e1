//! The architecture: which room of the house may use which, and how its files look. Read from the sources themselves.

use std::fs;
use std::path::{Path, PathBuf};

/// A room and what it may use besides itself: whole rooms, or one part of a room. Imports go down only.
struct Room {
    name: &'static str,
    may_use: &'static [&'static [&'static str]],
}

const WORDS: &[&str] = &["version", "digest", "causes", "nearest", "layout"];
const DOCUMENTS: &[&str] = &["config", "manifest", "migration", "transfer"];
const DECISION: &[&str] = &["plan"];
const HANDS: &[&str] = &["sys", "verify", "db", "journal"];
const VERBS: &[&str] = &["steps", "observe"];
const MEETING: &[&str] = &["run", "gate", "embedded"];
const FACE: &[&str] = &["cli"];

/// From the bottom to the top.
const HOUSE: [Room; 23] = [
    room("version", &[]),
    room("digest", &[]),
    room("causes", &[]),
    room("nearest", &[]),
    room("layout", &[&["version", "digest"]]),
    // The keys that the configuration believes are those of signatures.
    room("config", &[WORDS, &["manifest::signature"]]),
    room("manifest", &[WORDS]),
    // The formats of migrations are named in the configuration.
    room("migration", &[WORDS, &["config"]]),
    // A mapping is written in TOML as a manifest is, and refused in the same words; its SQL is looked at word by word.
    room("transfer", &[WORDS, &["manifest::reader", "migration::lexer"]]),
    room("plan", &[WORDS, DOCUMENTS]),
    room("sys", &[WORDS, &["config"]]),
    room("verify", &[WORDS, &["sys"]]),
    // Of the decision only the values that the hands bring home; a file that is only read is held to its digest.
    room("db", &[WORDS, DOCUMENTS, &["plan::loss", "sys", "verify::measure"]]),
    room(
        "journal",
        &[
            WORDS,
            DOCUMENTS,
            &["plan::observed", "plan::verdict", "plan::loss", "plan::probation", "plan::step", "plan::Plan", "sys"],
        ],
    ),
    room("steps", &[WORDS, DOCUMENTS, DECISION, HANDS]),
    room("observe", &[WORDS, DOCUMENTS, DECISION, HANDS]),
    room("run", &[WORDS, DOCUMENTS, DECISION, HANDS, VERBS]),
    room("gate", &[WORDS, DOCUMENTS, DECISION, HANDS, VERBS]),
    room("embedded", &[WORDS, DOCUMENTS, DECISION, HANDS]),
    room("cli", &[WORDS, DOCUMENTS, DECISION, HANDS, VERBS, MEETING]),
    room("fuzzing", &[WORDS, DOCUMENTS, DECISION, HANDS, VERBS, MEETING, FACE]),
    // The map of the house, which names every room and uses none.
    room("lib", &[]),
    room("main", &[&["cli", "sys::seam", "sys::service::control"]]),
];

const fn room(name: &'static str, may_use: &'static [&'static [&'static str]]) -> Room {
    Room { name, may_use }
}

impl Room {
    fn may_use(&self, path: &str) -> bool {
        let leads_to = |part: &str| path == part || path.strip_prefix(part).is_some_and(|rest| rest.starts_with("::"));
        leads_to(self.name) || self.may_use.iter().flat_map(|parts| parts.iter()).any(|part| leads_to(part))
    }
}

#[test]
fn every_import_goes_down() {
    let mut wrong = Vec::new();
    for file in sources() {
        let name = file.module.first().map(String::as_str).unwrap_or_default();
        let Some(room) = HOUSE.iter().find(|room| room.name == name) else {
            wrong.push(format!(
                "{}: `{name}` is no room of the house: give it a place in the table",
                file.path.display()
            ));
            continue;
        };
        for import in imports(&file) {
            if !room.may_use(&import.path) {
                wrong.push(format!("{}:{}: `{name}` may not use `{}`", file.path.display(), import.line, import.path));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that the design does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_one_can_read_at_once() {
    const LINES: usize = 300;
    let long: Vec<String> = sources()
        .iter()
        .map(|file| (file.text.lines().count(), &file.path))
        .filter(|(lines, _)| *lines > LINES)
        .map(|(lines, path)| format!("{}: {lines} lines, {LINES} are allowed", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_file_has_a_name_that_says_what_is_in_it() {
    let says_nothing = ["util", "utils", "common", "helper", "helpers", "misc", "shared"];
    for file in sources() {
        assert!(!file.module.iter().any(|part| says_nothing.contains(&part.as_str())), "{}", file.path.display());
    }
}

#[test]
fn unsafe_code_is_in_sys_alone() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| file.module.first().is_none_or(|room| room != "sys")) {
        for (at, line) in file.code.lines().enumerate() {
            if line.split(|letter| !is_word(letter)).any(|word| word == "unsafe") {
                wrong.push(format!("{}:{}: `unsafe` outside of sys", file.path.display(), at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_an_import_leads_to_is_understood_in_every_form() {
    let text = "use crate::{a::B, c::{self, d::E as F}};\n\
                // crate::comment::is_none\n\
                fn f(x: super::g::H) -> Vec<crate::i::J> { crate::k::l() }\n\
                mod tests {\n    use super::*;\n    use super::super::super::m::N;\n}\n";
    let file = Source::new(PathBuf::from("src/room/file.rs"), text.to_owned());
    let found: Vec<String> =
        imports(&file).into_iter().map(|import| format!("{} {}", import.line, import.path)).collect();
    let expected = ["1 a::B", "1 c", "1 c::d::E", "3 i::J", "3 k::l", "3 room::g::H", "5 room::file::*", "6 m::N"];
    assert_eq!(found, expected);
    let db = HOUSE.iter().find(|room| room.name == "db").unwrap();
    assert!(db.may_use("plan::loss::Loss") && !db.may_use("plan::losses") && !db.may_use("plan::Plan"));
}

/// One file of the program.
struct Source {
    path: PathBuf,
    /// Its module, from the root of the crate.
    module: Vec<String>,
    text: String,
    /// The text without comments, line by line.
    code: String,
}

impl Source {
    fn new(path: PathBuf, text: String) -> Self {
        let inside = path.strip_prefix("src").unwrap().with_extension("");
        let mut module: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|name| name == "mod") {
            module.pop();
        }
        let uncommented = |line: &str| line.split("//").next().unwrap_or_default().to_owned() + "\n";
        let code = text.lines().map(uncommented).collect();
        Self { path, module, text, code }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut waiting) = (Vec::new(), vec![root.join("src")]);
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source::new(path.strip_prefix(root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > 100, "the sources were not found");
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

/// What a file uses of its own crate.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Import {
    line: usize,
    /// From the root of the crate.
    path: String,
}

/// Everything behind `crate::`, `super::` and, in main.rs, the crate's name: in imports and in the midst of code.
fn imports(file: &Source) -> Vec<Import> {
    let mut found = Vec::new();
    for root in ["crate::", "super::", "gantry_installer::"] {
        for (at, _) in file.code.match_indices(root) {
            let (before, after) = (&file.code[..at], &file.code[at + root.len()..]);
            // `super::super::` is seen at its first word, and `self::crate::` does not exist.
            if before.ends_with("::") || before.ends_with(is_word) {
                continue;
            }
            let line = before.matches('\n').count() + 1;
            let (base, after) = if root == "super::" { above(file, before, after) } else { (String::new(), after) };
            found.extend(leaves(&base, after).into_iter().map(|path| Import { line, path }));
        }
    }
    found.sort();
    found
}

/// Where `super::` leads from a place in a file, and what follows the last of several.
fn above<'t>(file: &Source, before: &str, mut after: &'t str) -> (String, &'t str) {
    let mut module = file.module.clone();
    // The tests at the end of a file are a module of their own.
    if before.contains("\nmod tests {") || before.starts_with("mod tests {") {
        module.push("tests".to_owned());
    }
    module.pop();
    while let Some(rest) = after.strip_prefix("super::") {
        module.pop();
        after = rest;
    }
    let base = module.iter().map(|part| format!("{part}::")).collect();
    (base, after)
}

/// The paths of a tree such as `a::{b, c::{self, d}}`, each with `base` before it.
fn leaves(base: &str, tree: &str) -> Vec<String> {
    let name: String = tree.chars().take_while(|letter| is_word(*letter) || *letter == '*').collect();
    let rest = &tree[name.len()..];
    if let Some(more) = rest
        .strip_prefix("::")
        .filter(|more| more.starts_with('{') || more.starts_with(is_word) || more.starts_with('*'))
    {
        return leaves(&format!("{base}{name}::"), more);
    }
    if !name.is_empty() {
        return vec![if name == "self" { base.trim_end_matches("::").to_owned() } else { format!("{base}{name}") }];
    }
    let Some(group) = rest.strip_prefix('{') else { return Vec::new() };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                found.extend(leaves(base, group[start..at].trim_start()));
                start = at + 1;
                if letter == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
