//! What a command answers, and how it is written: data to standard output, everything else to standard error.

use std::error::Error;
use std::io::{self, Write as _};

use serde::Serialize;
use serde_json::{Map, Value};

use super::exit::Outcome;
use super::harmless::harmless;
use super::hints::Hints;
use super::keys;
use crate::causes;
use crate::plan::Refusal;

/// What went wrong, for people and for scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable, for scripts.
    pub code: String,
    /// What was tried, on what.
    pub message: String,
    /// The chain of causes, outermost first.
    pub causes: Vec<String>,
    /// The way out.
    pub remedy: String,
}

impl Problem {
    /// An error and its chain of causes.
    pub fn of(code: &str, error: &dyn Error, remedy: impl Into<String>) -> Self {
        let (message, causes) = (error.to_string(), causes::of(error));
        Self { code: code.to_owned(), message, causes, remedy: remedy.into() }
    }
}

/// The answer to a command.
#[derive(Clone, Debug)]
pub struct Reply {
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong.
    pub error: Option<Problem>,
    /// All reasons against it.
    pub refusals: Vec<Refusal>,
    /// What is worth knowing all the same.
    pub warnings: Vec<String>,
    /// The keys of this command in `--json`.
    pub body: Map<String, Value>,
    /// The same for people.
    pub text: String,
}

impl Reply {
    /// An answer without data.
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, error: None, refusals: Vec::new(), warnings: Vec::new(), body: Map::new(), text: String::new() }
    }

    /// A failure that changed nothing.
    pub fn failed(code: &str, error: &dyn Error, remedy: impl Into<String>) -> Self {
        Self { error: Some(Problem::of(code, error, remedy)), ..Self::new(Outcome::Failed) }
    }

    /// A refusal for an error that was met before anything was done: phases 1 and 2.
    pub fn barred(code: &str, error: &dyn Error, remedy: impl Into<String>) -> Self {
        Self::refused(vec![Refusal::new(code, causes::in_one_line(error), remedy)])
    }

    /// A refusal, with all its reasons.
    pub fn refused(refusals: Vec<Refusal>) -> Self {
        Self { refusals, ..Self::new(Outcome::Refused) }
    }

    /// Adds a key to the JSON object.
    pub fn with(mut self, key: &str, value: impl Serialize) -> Self {
        self.body.insert(key.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// Adds what people read.
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Adds warnings.
    pub fn warning(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Writes the answer. A reader that went away is no reason to fail after the work is done.
    ///
    /// # Errors
    /// Data that could not be written, such as to a file on a full disk; standard error says so.
    #[allow(clippy::explicit_write, reason = "print! panics when the reader is gone")]
    pub(super) fn write(&self, command: &str, json: bool, quiet: bool, hints: &Hints) -> io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        let mut written = Ok(());
        if json {
            let mut object = Map::new();
            object.insert("command".into(), command.into());
            for (key, value) in [
                ("outcome", serde_json::to_value(self.outcome)),
                ("error", serde_json::to_value(&self.error)),
                ("refusals", serde_json::to_value(&self.refusals)),
                ("warnings", serde_json::to_value(&self.warnings)),
            ] {
                object.insert(key.into(), value.unwrap_or(Value::Null));
            }
            object.extend(self.body.clone());
            keys::complete(command, &mut object);
            let mut object = Value::Object(object);
            complete(&mut object, false, hints);
            written = writeln!(stdout, "{object}");
        } else if !self.text.is_empty() {
            written = writeln!(stdout, "{}", harmless(&hints.complete(self.text.trim_end())));
        }
        let written = written.and_then(|()| stdout.flush());
        if !json {
            let _ = write!(std::io::stderr().lock(), "{}", harmless(&hints.complete(&self.words(quiet))));
        }
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let _ =
                    writeln!(std::io::stderr().lock(), "error: cannot write the answer to standard output: {error}");
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Everything that is not data, for people.
    fn words(&self, quiet: bool) -> String {
        let mut words = String::new();
        if !quiet {
            self.warnings.iter().for_each(|warning| words.push_str(&format!("warning: {warning}\n")));
        }
        for refusal in &self.refusals {
            words.push_str(&format!("refused: {}\n", refusal.message));
            if !refusal.remedy.is_empty() {
                words.push_str(&format!("   hint: {}\n", refusal.remedy));
            }
        }
        if let Some(error) = &self.error {
            words.push_str(&format!("error: {}\n", error.message));
            error.causes.iter().for_each(|cause| words.push_str(&format!("  caused by: {cause}\n")));
            if !error.remedy.is_empty() {
                words.push_str(&format!("  hint: {}\n", error.remedy));
            }
        }
        words
    }
}

/// Keys of the JSON object whose words name commands, wherever they stand in it. All others are data.
const ADVICE: [&str; 3] = ["remedy", "instead", "warnings"];

/// Makes the commands complete that the words of a value name, where they are advice.
fn complete(value: &mut Value, advice: bool, hints: &Hints) {
    match value {
        Value::String(words) if advice => *words = hints.complete(words),
        Value::Array(list) => list.iter_mut().for_each(|value| complete(value, advice, hints)),
        Value::Object(object) => {
            for (key, value) in object {
                complete(value, ADVICE.contains(&key.as_str()), hints);
            }
        }
        _ => {}
    }
}
