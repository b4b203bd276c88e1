//! Why a configuration is refused, in words.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;
use toml::de::DeTable;

use crate::nearest::nearest;

/// A configuration that cannot be used. Lines count from 1.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// It is no TOML in UTF-8.
    #[error("line {line}: {message}")]
    Wrong {
        /// Where.
        line: usize,
        /// What, and what was expected.
        message: String,
    },
    /// Keys that are unknown or missing, and those whose values are of a wrong type, cannot be used, or contradict each
    /// other: all of them.
    #[error("{}", in_one_line(.0))]
    Faults(Vec<Fault>),
}

/// One thing that is wrong with what a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key, with its section.
    pub key: Cow<'static, str>,
    /// Where it stands, counted from 1; none where it is not written at all.
    pub line: Option<usize>,
    /// What is wrong with it, and what was expected.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Fault {
    pub(super) fn new(key: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { key: key.into(), line: None, message: message.into() }
    }

    /// The same where it is known where it stands.
    pub(super) fn at(line: usize, key: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::new(key, message) }
    }

    /// A key of a capability that this version does not have.
    pub(super) fn unsupported(key: &'static str, value: &str, default: &str) -> Self {
        Self::new(key, format!("`{key} = {value}` is not supported yet: leave it out, or at `{default}`"))
    }
}

/// The same faults, with their lines.
pub(super) fn placed(text: &str, mut faults: Vec<Fault>) -> ConfigError {
    for fault in &mut faults {
        fault.line = fault.line.or_else(|| line_of(text, &fault.key));
    }
    faults.sort_by_key(|fault| fault.line);
    ConfigError::Faults(faults)
}

/// The line of a key such as `service.start`, or that of its section where the key is missing.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut table = Some(root.get_ref());
    let mut at = None;
    for word in key.split('.') {
        let Some((name, value)) = table.and_then(|table| table.get_key_value(word)) else { break };
        at = Some(name.span().start);
        table = value.get_ref().as_table();
    }
    at.map(|at| line_at(text, at))
}

pub(super) fn line_at(text: &str, at: usize) -> usize {
    text.get(..at.min(text.len())).unwrap_or_default().matches('\n').count() + 1
}

fn in_one_line(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What the reader of TOML found, with its line.
pub(super) fn explain(text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let (line, message) = (line_at(text, start), error.message().to_owned());
    // Words about a value do not name its key.
    let message = match key_in(text, line).filter(|key| !message.contains(&format!("`{key}`"))) {
        Some(key) => format!("`{key}`: {message}"),
        None => message,
    };
    ConfigError::Wrong { line, message }
}

/// The key that a line gives a value to. Of the value nothing is shown: it may be a secret.
fn key_in(text: &str, line: usize) -> Option<&str> {
    let (key, _) = text.lines().nth(line.checked_sub(1)?)?.split_once('=')?;
    let key = key.trim();
    let is_key = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    (!key.is_empty() && key.chars().all(is_key)).then_some(key)
}

/// Adds the nearest known key to serde's words about an unknown one.
pub(super) fn with_nearest(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let meant = match (message.strip_prefix("unknown field"), words.next()) {
        (Some(_), Some(unknown)) => nearest(unknown, words),
        _ => None,
    };
    meant.map_or_else(|| message.to_owned(), |known| format!("{message}; did you mean `{known}`?"))
}
