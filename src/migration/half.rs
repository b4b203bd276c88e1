//! One half of a migration, up or down: what a plan needs to know of it, and its script when its turn comes.

use std::sync::Arc;

use super::files::Shelf;
use super::script::{Place, Reason, Script};
use super::{Direction, MigrationError};
use crate::config::{ForeignKeys, Format};
use crate::digest::Sha256;

/// One half of a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Half {
    file: Arc<str>,
    pieces: usize,
    statements: usize,
    /// Why it cannot be in a transaction, and why not even where foreign keys are not enforced.
    reasons: [Option<Reason>; 2],
    /// Whether it has savepoints: without a transaction around them, the outermost is one.
    saves: bool,
    /// Whether it ends the transaction that its engine begins for it.
    ends: bool,
    text: Text,
}

/// Where its text is.
#[derive(Clone, Debug)]
enum Text {
    /// In memory.
    Held(Arc<Script>),
    /// On the shelf, as long as its digest is this one.
    Aside { shelf: Shelf, digest: Sha256, format: Format, direction: Direction },
}

impl Half {
    /// One whose script stays in memory.
    pub(super) fn held(format: Format, file: &Arc<str>, script: Script) -> Self {
        let script = Arc::new(script);
        Self::of(format, file, &script, Text::Held(Arc::clone(&script)))
    }

    /// One whose file is read again when its turn comes. Its content has the digest now.
    pub(super) fn aside(
        file: &Arc<str>,
        script: &Script,
        shelf: &Shelf,
        digest: Sha256,
        format: Format,
        direction: Direction,
    ) -> Self {
        Self::of(format, file, script, Text::Aside { shelf: shelf.clone(), digest, format, direction })
    }

    fn of(format: Format, file: &Arc<str>, script: &Script, text: Text) -> Self {
        // Atlas writes to its ledger before the file.
        let (mut statements, mut reasons, mut writes) = (0, [script.declared(); 2], format == Format::Atlas);
        let mut saves = false;
        for statement in script.statements() {
            statements += 1;
            saves |= statement.begins_with("savepoint");
            // SQLite passes over it in a transaction that has written. Whether golang-migrate begins one its files do not say.
            let Some(reason) = statement.reason().filter(|reason| !(writes && *reason == Reason::JOURNAL_MODE)) else {
                writes |= format != Format::GolangMigrate && statement.writes();
                continue;
            };
            let [any, unenforced] = &mut reasons;
            any.get_or_insert(reason);
            if reason != Reason::Pragma("foreign_keys") {
                unenforced.get_or_insert(reason);
            }
        }
        let (pieces, ends) = (script.pieces.len(), script.ends_engines_transaction());
        Self { file: Arc::clone(file), pieces, statements, reasons, saves, ends, text }
    }

    /// The name of the file that it stands in.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How many pieces its engine hands to SQLite.
    pub fn pieces(&self) -> usize {
        self.pieces
    }

    /// How many statements it has.
    pub fn statements(&self) -> usize {
        self.statements
    }

    /// Whether it ends the transaction that its engine begins for it, as [`Script::ends_engines_transaction`].
    pub fn ends_engines_transaction(&self) -> bool {
        self.ends
    }

    /// Where it can run on a connection that treats foreign keys like this. Where they are not enforced, the pragma for
    /// them does nothing inside a transaction, in its engine's as in ours, and does not cost the file its transaction.
    pub fn place(&self, foreign_keys: ForeignKeys) -> Place {
        let [any, unenforced] = self.reasons;
        let reason = if foreign_keys == ForeignKeys::Enforced { any } else { unenforced };
        reason.map_or(Place::Together, Place::Alone)
    }

    /// The same where its engine begins no transaction for any file: every pragma counts, and savepoints are transactions.
    pub(super) fn place_unwrapped(&self) -> Place {
        match self.place(ForeignKeys::Enforced) {
            Place::Together if self.saves => Place::Alone(Reason::OwnTransaction),
            place => place,
        }
    }

    /// Its script. One that is on a shelf is read anew each time, and kept by nobody but the caller.
    ///
    /// # Errors
    /// A file that cannot be read any more, or that is another one by now.
    pub fn script(&self) -> Result<Arc<Script>, MigrationError> {
        let (shelf, format, direction) = match &self.text {
            Text::Held(script) => return Ok(Arc::clone(script)),
            Text::Aside { shelf, format, direction, .. } => (shelf, *format, *direction),
        };
        let bytes = shelf.read(&self.file)?;
        let changed = || MigrationError::Changed { file: self.file.to_string() };
        if !self.text.is_of(&bytes) {
            return Err(changed());
        }
        let (up, down) = super::set::scripts(format, &self.file, &bytes)?;
        let script = match direction {
            Direction::Up => up,
            Direction::Down => down,
        };
        script.map(Arc::new).ok_or_else(changed)
    }
}

impl Text {
    fn is_of(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Held(_) => true,
            Self::Aside { digest, .. } => Sha256::of(bytes) == *digest,
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Held(one), Self::Held(other)) => one == other,
            (Self::Aside { digest: one, .. }, Self::Aside { digest: other, .. }) => one == other,
            _ => false,
        }
    }
}

impl Eq for Text {}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;
    use crate::migration::Set;

    type Content = Arc<Mutex<HashMap<String, Vec<u8>>>>;

    /// A shelf, and the files on it, which somebody may change.
    fn shelf(files: &[(&str, &str)]) -> (Set, Content) {
        let content: HashMap<_, _> =
            files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        let content = Arc::new(Mutex::new(content));
        let read = Arc::clone(&content);
        let shelf =
            Shelf::new(move |name| read.lock().unwrap().get(name).cloned().ok_or_else(|| "it is gone".to_owned()));
        let names = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        (Set::on_shelf(Format::Goose, names, shelf).unwrap(), content)
    }

    const FILE: &str = "-- +goose Up\nPRAGMA foreign_keys = OFF;\nSELECT 1;\n-- +goose Down\nVACUUM;\n";

    /// More than is kept, each way.
    fn huge() -> String {
        let text = format!("SELECT '{}';\n", "x".repeat(2 << 20));
        FILE.replace("SELECT 1;\n", &format!("SELECT 1;\n{text}")) + &text
    }

    #[test]
    fn a_set_on_a_shelf_is_the_one_in_memory_but_for_where_its_texts_are() {
        let huge = huge();
        let files = [("1_a.sql", huge.as_str()), ("README", "")];
        let (aside, _) = shelf(&files);
        let files = files.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        let held = Set::read(Format::Goose, files.into_iter()).unwrap();
        assert_eq!(aside.remarks(), held.remarks());
        let halves = |set: &Set| {
            let migration = &set.migrations()[0];
            [migration.up.clone().unwrap(), migration.down.clone().unwrap()]
        };
        for (one, other) in halves(&aside).into_iter().zip(halves(&held)) {
            assert_eq!(one.script(), other.script());
            assert_eq!(
                (one.file(), one.pieces(), one.statements()),
                (other.file(), other.pieces(), other.statements())
            );
            for keys in [ForeignKeys::Enforced, ForeignKeys::Ignored] {
                assert_eq!(one.place(keys), other.place(keys));
            }
        }
    }

    #[test]
    fn a_file_that_was_changed_since_it_was_planned_is_refused() {
        let huge = huge();
        let (set, files) = shelf(&[("1_a.sql", &huge)]);
        let script = || set.migrations()[0].up.as_ref().unwrap().script();
        assert!(script().is_ok());
        files.lock().unwrap().insert("1_a.sql".to_owned(), huge.replace("SELECT 1", "SELECT 2").into_bytes());
        assert_eq!(script(), Err(MigrationError::Changed { file: "1_a.sql".to_owned() }));
        files.lock().unwrap().clear();
        let unread = MigrationError::Unread { file: "1_a.sql".to_owned(), reason: "it is gone".to_owned() };
        assert_eq!(script(), Err(unread));
    }

    #[test]
    fn of_a_directory_of_usual_size_what_was_planned_is_run_whatever_its_files_are_by_then() {
        let (set, files) = shelf(&[("1_a.sql", FILE)]);
        files.lock().unwrap().clear();
        let migration = &set.migrations()[0];
        let texts =
            |half: &Half| -> Vec<_> { half.script().unwrap().pieces.iter().map(|piece| piece.sql.clone()).collect() };
        assert_eq!(texts(migration.up.as_ref().unwrap()), ["PRAGMA foreign_keys = OFF;", "SELECT 1;"]);
        assert_eq!(texts(migration.down.as_ref().unwrap()), ["VACUUM;"]);
    }
}
