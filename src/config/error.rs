//! Why a configuration is refused, in words.

use thiserror::Error;

use crate::nearest::nearest;

/// A configuration that cannot be used. Lines count from 1.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A key is unknown or missing, or a value is of a wrong type or out of its domain.
    #[error("line {line}: {message}")]
    Wrong {
        /// Where.
        line: usize,
        /// What, what was expected, and the nearest known key.
        message: String,
    },
    /// A key of a capability that this version does not have.
    #[error("`{key} = {value}` is not supported yet: leave it out, or at `{default}`")]
    Unsupported {
        /// The key with its section.
        key: &'static str,
        /// What it was set to.
        value: String,
        /// The only value that is accepted.
        default: &'static str,
    },
    /// Two keys contradict each other, or one needs another.
    #[error("{0}")]
    Contradiction(String),
}

/// What the reader of TOML found, with its line.
pub(super) fn explain(text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    ConfigError::Wrong { line, message: with_nearest(error.message()) }
}

/// Adds the nearest known key to serde's words about an unknown one.
fn with_nearest(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let meant = match (message.strip_prefix("unknown field"), words.next()) {
        (Some(_), Some(unknown)) => nearest(unknown, words),
        _ => None,
    };
    meant.map_or_else(|| message.to_owned(), |known| format!("{message}; did you mean `{known}`?"))
}

pub(super) fn contradiction(message: &str) -> ConfigError {
    ConfigError::Contradiction(message.to_owned())
}
