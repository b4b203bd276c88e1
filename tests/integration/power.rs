//! The parts of the proof's power cuts that could be wrong in silence: what a disk may keep, and the model of a file
//! system.

#![allow(dead_code, reason = "the proof uses the rest of them")]

#[path = "../proof/power/crashes.rs"]
mod crashes;
#[path = "../proof/power/dice.rs"]
mod dice;
mod disk;
#[path = "../proof/power/model/mod.rs"]
mod model;
mod modelled;

/// Of every sentence of the document a reader finds the test.
#[test]
fn every_test_that_the_document_on_durability_names_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/durability.md")).unwrap();
    let words = text.split('`').skip(1).step_by(2);
    let names: Vec<&str> = words.filter(|word| word.matches('_').count() > 2 && !word.contains(' ')).collect();
    assert!(names.len() > 15, "{names:?}");
    let sources: String = ["src", "tests"].iter().map(|part| functions(&root.join(part))).collect();
    for name in names {
        assert!(sources.contains(&format!("fn {name}(")), "there is no test `{name}`");
    }
}

fn functions(directory: &std::path::Path) -> String {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| match path.extension() {
        None => functions(&path),
        Some(end) if end == "rs" => std::fs::read_to_string(&path).unwrap(),
        Some(_) => String::new(),
    };
    entries.filter(|path| path.is_dir() || path.extension().is_some()).map(text).collect()
}
