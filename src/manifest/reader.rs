//! Reads TOML key by key and collects everything that is wrong with it, so that one look shows all of it.

use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::plain::{Plain, Table};
pub(crate) use super::value::{Keys, Value, Wire};
use crate::nearest::nearest;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// The findings in one text.
pub(crate) struct Findings {
    line_ends: Vec<usize>,
    found: Vec<Finding>,
}

impl Findings {
    pub(crate) fn of(text: &str) -> Self {
        Self { line_ends: text.match_indices('\n').map(|(at, _)| at).collect(), found: Vec::new() }
    }

    /// The line of a byte of the text.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }

    pub(crate) fn add(&mut self, at: usize, message: impl Into<String>) {
        let line = self.line(at);
        self.found.push(Finding { line, message: message.into() });
    }

    /// All of them in the order of the text.
    pub(crate) fn sorted(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|finding| finding.line);
        self.found
    }
}

/// A value and where it stands in the text.
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

impl<T> Placed<T> {
    pub(crate) fn at(&self) -> usize {
        self.span.start
    }
}

/// A table of the text.
#[derive(Clone, Copy)]
pub(crate) struct Section<'t> {
    /// What it is, with its article.
    pub(crate) name: &'static str,
    /// Where it begins.
    pub(crate) at: usize,
    keys: Keys<'t>,
}

impl<'t> Section<'t> {
    /// All of a text.
    pub(crate) fn top(name: &'static str, table: &'t DeTable<'t>) -> Self {
        Self { name, at: 0, keys: Keys::Toml(table) }
    }

    /// A text that was read plainly.
    pub(crate) fn plain(name: &'static str, table: &'t Table<'t>) -> Self {
        Self { name, at: 0, keys: Keys::Plain(table) }
    }

    /// Whether it has a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.get(key).is_some()
    }

    /// Its keys.
    pub(crate) fn names(&self) -> Vec<String> {
        self.keys.filter(|_| true).into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    /// Finds every key that is not one of `known`.
    pub(crate) fn refuse_unknown(&self, known: &[&str], findings: &mut Findings) {
        for (name, at) in self.keys.filter(|name| !known.contains(&name)) {
            let meant = nearest(name, known.iter().copied()).unwrap_or_default();
            let expected: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
            let message = format!(
                "unknown key `{name}` in {}, expected one of {}; did you mean `{meant}`?",
                self.name,
                expected.join(", ")
            );
            findings.add(at, message);
        }
    }

    /// The value of a key that must be there.
    pub(crate) fn required<T: Wire>(&self, key: &str, findings: &mut Findings) -> Option<Placed<T>> {
        let found = self.keys.get(key);
        if found.is_none() {
            findings.add(self.at, format!("{} without `{key}`, which must be {}", self.name, T::EXPECTED));
        }
        placed(key, found?, findings)
    }

    /// The value of a key, if it is there and good.
    pub(crate) fn optional<T: Wire>(&self, key: &str, findings: &mut Findings) -> Option<Placed<T>> {
        placed(key, self.keys.get(key)?, findings)
    }

    /// A table of its own, such as `same = { id = "id" }`; none where the key is missing.
    pub(crate) fn section(&self, key: &str, name: &'static str, findings: &mut Findings) -> Option<Section<'t>> {
        let (value, span) = self.keys.get(key)?;
        if let Value::Toml(DeValue::Table(table)) = value {
            return Some(Section { name, at: span.start, keys: Keys::Toml(table) });
        }
        findings.add(span.start, format!("`{key}` must be a table, written `{key} = {{ … }}`"));
        None
    }

    /// The tables of an array, such as `[[release]]`; none where the key is missing.
    pub(crate) fn sections(&self, key: &str, name: &'static str, findings: &mut Findings) -> Vec<Section<'t>> {
        let Some((value, span)) = self.keys.get(key) else { return Vec::new() };
        let wrong = || format!("`{key}` must be tables, written `[[{key}]]`");
        let items = match value {
            Value::Plain(Plain::Tables(tables)) => {
                return tables.iter().map(|table| Section::plain(name, table)).collect();
            }
            Value::Toml(DeValue::Array(items)) => items,
            _ => {
                findings.add(span.start, wrong());
                return Vec::new();
            }
        };
        let mut sections = Vec::new();
        for item in items.iter() {
            if let DeValue::Table(table) = item.get_ref() {
                sections.push(Section { name, at: item.span().start, keys: Keys::Toml(table) });
            } else {
                findings.add(item.span().start, wrong());
            }
        }
        sections
    }
}

fn placed<T: Wire>(key: &str, (value, span): (Value<'_>, Range<usize>), findings: &mut Findings) -> Option<Placed<T>> {
    let read = T::read(value);
    if read.is_none() {
        findings.add(span.start, format!("`{key}` must be {}, not {}", T::EXPECTED, value.described()));
    }
    Some(Placed { value: read?, span })
}
