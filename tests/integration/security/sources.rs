//! What the sources promise of themselves.

use std::path::{Path, PathBuf};

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn what_the_compiler_cannot_check_says_why_it_is_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut places = 0;
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap();
            let words: Vec<&str> = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
            let place = format!("{}:{}", file.display(), number + 1);
            if words.contains(&"unsafe") {
                places += 1;
                let before = &lines[number.saturating_sub(4)..number];
                assert!(before.iter().any(|line| line.trim().starts_with("// SAFETY: ")), "{place}: why is it right?");
            }
            if words.contains(&"unsafe_code") {
                assert!(line.contains("reason = \""), "{place}: no reason");
            }
        }
    }
    assert!(places > 0, "nothing was looked at in {} files", files.len());
}
