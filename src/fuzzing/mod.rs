//! The doors of the fuzzers: one function for everything that reads bytes which come from outside. It is built for them
//! and for the tests, which send every file of `fuzz/corpus` through its door.
//!
//! A door takes any bytes, returns whatever comes of them, and panics where something that must always hold does not.

mod product;
mod records;
mod sql;
mod system;

use crate::version::Version;

/// Takes bytes from outside.
pub type Door = fn(&[u8]);

/// All doors, by the names of their targets in `fuzz/fuzz_targets`.
pub const DOORS: &[(&str, Door)] = &[
    ("address", system::address),
    ("archive", crate::verify::fuzzing::archive),
    ("config", product::config),
    ("database_header", system::database_header),
    ("export", records::export),
    ("health", system::health),
    ("http", system::http),
    ("journal", records::journal),
    ("log", system::log),
    ("manifest", product::manifest),
    ("manifest_edit", product::manifest_edit),
    ("mapping", product::mapping),
    ("migrations", sql::migrations),
    ("proc", system::proc),
    ("public_key", product::public_key),
    ("records", records::records),
    ("schema", sql::schema),
    ("script", sql::script),
    ("secret_key", product::secret_key),
    ("signature", product::signature),
    ("unpack", crate::verify::fuzzing::unpack),
    ("version", product::version),
];

/// Sends bytes through the door of this name; nothing happens where there is none.
pub fn enter(door: &str, bytes: &[u8]) {
    if let Some((_, open)) = DOORS.iter().find(|(name, _)| *name == door) {
        open(bytes);
    }
}

/// A version of the doors' own.
fn version(text: &str) -> Version {
    text.parse().unwrap_or_else(|_| unreachable!("`{text}` is a version"))
}

/// The bytes as text, where they are.
fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test reads the corpora")]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    fn names(directory: &Path) -> BTreeSet<String> {
        let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn fuzz(place: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(place)
    }

    #[test]
    fn every_file_of_the_corpora_passes_its_door() {
        for (door, open) in DOORS {
            let corpus = fuzz("corpus").join(door);
            for name in names(&corpus) {
                open(&std::fs::read(corpus.join(name)).unwrap());
            }
        }
    }

    #[test]
    fn every_door_has_its_target_and_its_corpus_and_no_other_is_there() {
        let doors: BTreeSet<String> = DOORS.iter().map(|(door, _)| (*door).to_owned()).collect();
        assert_eq!(names(&fuzz("corpus")), doors);
        assert_eq!(names(&fuzz("fuzz_targets")), doors.iter().map(|door| format!("{door}.rs")).collect());
        let package = std::fs::read_to_string(fuzz("Cargo.toml")).unwrap();
        assert!(doors.iter().all(|door| package.contains(&format!("name = \"{door}\""))), "{package}");
    }

    #[test]
    fn the_corpora_are_small() {
        let directories = DOORS.iter().map(|(door, _)| fuzz("corpus").join(door));
        let files = directories.flat_map(|corpus| names(&corpus).into_iter().map(move |name| corpus.join(name)));
        let bytes: u64 = files.map(|file| std::fs::metadata(file).unwrap().len()).sum();
        assert!(bytes < 200 * 1024, "{bytes} bytes");
    }
}
