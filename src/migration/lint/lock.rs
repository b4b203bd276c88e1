//! The lock file: digests of the migrations that were applied or released. Its lines are those of `sha256sum`, which
//! can check them too.

use std::collections::BTreeMap;

use crate::digest::Sha256;

/// Its name, in the directory of the migrations.
pub const FILE: &str = "migrations.lock";

const HEAD: &str = "\
# Digests of the migrations that were applied or released: they never change again.
# `gantry-installer migrate lint` compares them, and with `--lock` it adds what is new. `sha256sum -c` compares them too.
";

/// What is locked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Its text; none where there is no such file.
    text: Option<String>,
    /// Each locked file.
    pub(super) files: BTreeMap<String, Sha256>,
    /// Lines that say nothing, and why.
    pub(super) faults: Vec<(usize, String)>,
}

impl Lock {
    /// Understands the lock file; `None` where there is none.
    pub fn read(text: Option<&str>) -> Self {
        let mut lock = Self { text: text.map(str::to_owned), ..Self::default() };
        for (number, line) in (1..).zip(text.unwrap_or_default().lines()) {
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // Behind the digest stands a blank, and one for text or `*` for binary.
            let parts =
                line.split_once(' ').map(|(digest, name)| (digest, name.strip_prefix([' ', '*']).unwrap_or(name)));
            match parts.map(|(digest, name)| (digest.parse(), name)) {
                Some((Ok(digest), name)) if !name.is_empty() => {
                    if lock.files.insert(name.to_owned(), digest).is_some() {
                        lock.faults.push((number, format!("`{name}` is locked twice")));
                    }
                }
                _ => lock.faults.push((number, "it is no digest and file".to_owned())),
            }
        }
        lock
    }

    /// Whether there is such a file.
    pub fn is_there(&self) -> bool {
        self.text.is_some()
    }

    /// Whether a migration is locked.
    pub fn has(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    /// The text with these files locked too; what stands there stays, comments included.
    pub fn with(&self, files: &[(&str, Sha256)]) -> String {
        let mut text = self.text.clone().unwrap_or_else(|| HEAD.to_owned());
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        for (file, digest) in files {
            text.push_str(&format!("{digest}  {file}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_locked_is_read_back_and_comments_stay() {
        let (one, two) = (Sha256::of(b"1"), Sha256::of(b"2"));
        let first = Lock::read(None).with(&[("1_a.up.sql", one)]);
        assert!(first.starts_with("# Digests") && first.ends_with(&format!("\n{one}  1_a.up.sql\n")), "{first}");
        let commented = format!("{}# mine", first);
        let lock = Lock::read(Some(&Lock::read(Some(&commented)).with(&[("2 b.up.sql", two)])));
        assert!(lock.has("1_a.up.sql") && lock.has("2 b.up.sql") && !lock.has("3"), "{lock:?}");
        assert_eq!((lock.files["2 b.up.sql"], lock.faults.len()), (two, 0));
        assert!(lock.text.unwrap().contains("# mine\n"));
    }

    #[test]
    fn what_sha256sum_writes_is_taken_and_a_conflict_is_not() {
        let digest = Sha256::of(b"");
        let text = format!("{digest} *1_a\r\n<<<<<<< mine\n{digest}  1_a\n{digest}\n");
        let lock = Lock::read(Some(&text));
        let lines: Vec<_> = lock.faults.iter().map(|(line, _)| *line).collect();
        assert_eq!((lock.files.len(), lines), (1, vec![2, 3, 4]));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([0-9a-f]{64}  a\n|\\PC|\n)*") {
            let lock = Lock::read(Some(&text));
            prop_assert!(Lock::read(Some(&lock.with(&[]))).files == lock.files);
        }
    }
}
