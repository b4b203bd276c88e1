//! When two states are the same, also of two worlds: all names, and all bytes but for times, process numbers, the world's
//! own directory, and what SQLite makes up at random. A recovery that is tried from one need not be tried from the other.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use gantry_installer::digest::Sha256;

use crate::frozen::below;
use crate::stage::{PARTS, Stage};

pub fn fingerprint(stage: &Stage) -> u64 {
    let mut hasher = DefaultHasher::new();
    let world = stage.world.path("");
    let own = world.to_str().unwrap();
    for part in PARTS {
        let directory = stage.world.path(part);
        for path in below(&directory) {
            path.hash(&mut hasher);
            file(&directory.join(&path), own, &mut hasher);
        }
    }
    // Which of its releases runs.
    for word in stage.launcher.running().into_iter().flatten() {
        word.to_string_lossy().replace(own, "").hash(&mut hasher);
    }
    hasher.finish()
}

fn file(path: &Path, own: &str, hasher: &mut DefaultHasher) {
    let known = path.symlink_metadata().unwrap();
    if known.is_symlink() {
        return std::fs::read_link(path).unwrap().hash(hasher);
    }
    let name = path.file_name().unwrap().to_string_lossy();
    if !known.is_file() || name == "lock" || name.ends_with("-shm") {
        return;
    }
    // A log has numbers of its own at random, and its bytes are in no file that is kept. What is set aside is empty.
    let is_reserve = path.components().any(|part| part.as_os_str() == ".reserve");
    if name.ends_with("-wal") || is_reserve || crate::classes::is_disposable(path) {
        return known.len().hash(hasher);
    }
    let bytes = std::fs::read(path).unwrap();
    match std::str::from_utf8(&bytes) {
        // Its length hangs on how long a time or a number is.
        Ok(text) if !bytes.contains(&0) => without_times(&without_sums(&name, &text.replace(own, ""))).hash(hasher),
        _ => Sha256::of(&bytes).to_string().hash(hasher),
    }
}

/// The journal's whole lines without the checksums before them, which are of the times in them as well.
fn without_sums(name: &str, text: &str) -> String {
    if name != "journal" {
        return text.to_owned();
    }
    let whole =
        |line: &str| line.ends_with('\n').then(|| line.split_once(' ')).flatten().map(|(_, rest)| rest.to_owned());
    text.split_inclusive('\n').map(|line| whole(line).unwrap_or_else(|| line.to_owned())).collect()
}

/// Times, durations and process numbers become one sign. Other numbers are short, or among letters.
fn without_times(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        masked.push_str(before);
        let is_time = number.get(4..5) == Some("-") && number.get(10..11) == Some("T");
        let part = |letter: char| letter.is_ascii_digit() || (is_time && "-:.TZ".contains(letter));
        let end = number.find(|letter| !part(letter)).unwrap_or(number.len());
        let is_duration = before.trim_end().ends_with("ms\":");
        masked.push_str(if is_time || is_duration || end > 3 { "#" } else { &number[..end] });
        rest = &number[end..];
    }
    masked + rest
}
