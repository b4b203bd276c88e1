//! What came of trying one migration.

use std::sync::Arc;

use crate::migration::Migration;

/// What came of one migration.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Which one.
    pub migration: Arc<Migration>,
    /// The way up.
    pub up: Answer,
    /// The way back.
    pub down: Answer,
    /// The way up after that.
    pub again: Answer,
    /// What is wrong with rows, in words.
    pub rows: Vec<String>,
    /// References that lead nowhere and did not before.
    pub foreign_keys: Vec<String>,
    /// What SQLite finds wrong with the file.
    pub integrity: Vec<String>,
    /// What is wrong with the schema, in words.
    pub schema: Vec<String>,
    /// The objects of the schema that are wrong, whole: see [`crate::migration::difference::listing`].
    pub difference: Vec<String>,
}

/// How a way ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was gone.
    Done,
    /// The database had it behind it already.
    Applied,
    /// There is no such file or section.
    Missing,
    /// It failed, and why.
    Failed(String),
    /// It was not tried: something before it failed, or does not lead back.
    Skipped,
}

/// What a trial says of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes up, down and up again.
    Good,
    /// It goes up, and nobody wrote how to go back.
    OneWay,
    /// It does not do what it should.
    Bad,
    /// It could not be tried.
    Untried,
}

impl Trial {
    pub(super) fn of(migration: &Arc<Migration>) -> Self {
        let migration = Arc::clone(migration);
        let (up, down, again) = (Answer::Skipped, Answer::Skipped, Answer::Skipped);
        let (rows, foreign_keys, integrity) = (Vec::new(), Vec::new(), Vec::new());
        Self { migration, up, down, again, rows, foreign_keys, integrity, schema: Vec::new(), difference: Vec::new() }
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        let failed = |answer: &Answer| matches!(answer, Answer::Failed(_));
        let found = [&self.rows, &self.foreign_keys, &self.integrity, &self.schema].iter().any(|list| !list.is_empty());
        if found || failed(&self.up) || failed(&self.down) || failed(&self.again) {
            Verdict::Bad
        } else if self.down == Answer::Missing {
            Verdict::OneWay
        } else if self.down == Answer::Done {
            Verdict::Good
        } else {
            Verdict::Untried
        }
    }

    /// Everything that is wrong, in words.
    pub fn findings(&self) -> Vec<String> {
        let ways = [("up", &self.up), ("down", &self.down), ("up again", &self.again)];
        let failed = ways.iter().filter_map(|(way, answer)| match answer {
            Answer::Failed(why) => Some(format!("{way} fails: {why}")),
            _ => None,
        });
        let others = [&self.schema, &self.rows, &self.foreign_keys, &self.integrity];
        failed.chain(others.into_iter().flatten().cloned()).collect()
    }
}
