//! Reads TOML key by key and collects everything that is wrong with it, so that one look shows all of it.

use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::digest::{Fingerprint, Sha256};
use crate::nearest::nearest;
use crate::version::{SchemaVersion, Version, VersionRange};

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
    pub(crate) table: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    /// Finds every key that is not one of `known`.
    pub(crate) fn refuse_unknown(&self, known: &[&str], findings: &mut Findings) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let meant = nearest(name, known.iter().copied()).unwrap_or_default();
            let expected: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
            let message = format!(
                "unknown key `{name}` in {}, expected one of {}; did you mean `{meant}`?",
                self.name,
                expected.join(", ")
            );
            findings.add(key.span().start, message);
        }
    }

    /// The value of a key that must be there.
    pub(crate) fn required<T: Wire>(&self, key: &str, findings: &mut Findings) -> Option<Placed<T>> {
        if self.table.get(key).is_none() {
            findings.add(self.at, format!("{} without `{key}`, which must be {}", self.name, T::EXPECTED));
        }
        self.optional(key, findings)
    }

    /// The value of a key, if it is there and good.
    pub(crate) fn optional<T: Wire>(&self, key: &str, findings: &mut Findings) -> Option<Placed<T>> {
        let value = self.table.get(key)?;
        let read = T::read(value.get_ref());
        if read.is_none() {
            let found = match value.get_ref() {
                DeValue::String(text) => format!("`{}`", text.escape_debug()),
                DeValue::Integer(number) => format!("`{number}`"),
                other => format!("a value of type {}", other.type_str()),
            };
            findings.add(value.span().start, format!("`{key}` must be {}, not {found}", T::EXPECTED));
        }
        Some(Placed { value: read?, span: value.span() })
    }

    /// A table of its own, such as `same = { id = "id" }`; none where the key is missing.
    pub(crate) fn section(&self, key: &str, name: &'static str, findings: &mut Findings) -> Option<Section<'t>> {
        let value = self.table.get(key)?;
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Section { name, at: value.span().start, table });
        }
        findings.add(value.span().start, format!("`{key}` must be a table, written `{key} = {{ … }}`"));
        None
    }

    /// The tables of an array, such as `[[release]]`; none where the key is missing.
    pub(crate) fn sections(&self, key: &str, name: &'static str, findings: &mut Findings) -> Vec<Section<'t>> {
        let Some(value) = self.table.get(key) else { return Vec::new() };
        let mut sections = Vec::new();
        for item in value.get_ref().as_array().into_iter().flat_map(|array| array.iter()) {
            if let DeValue::Table(table) = item.get_ref() {
                sections.push(Section { name, at: item.span().start, table });
            } else {
                findings.add(item.span().start, format!("`{key}` must be tables, written `[[{key}]]`"));
            }
        }
        if !value.get_ref().is_array() {
            findings.add(value.span().start, format!("`{key}` must be tables, written `[[{key}]]`"));
        }
        sections
    }
}

/// What a TOML value can be read as.
pub(crate) trait Wire: Sized {
    /// What one is, for who wrote something else.
    const EXPECTED: &'static str;

    fn read(value: &DeValue<'_>) -> Option<Self>;
}

impl Wire for String {
    const EXPECTED: &'static str = "text on one line, not empty";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
    }
}

impl Wire for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl Wire for u64 {
    const EXPECTED: &'static str = "a whole number from 1 to 9223372036854775807";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let number = i64::read(value)?;
        u64::try_from(number).ok().filter(|number| *number > 0)
    }
}

impl Wire for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let number = value.as_integer()?;
        Self::from_str_radix(number.as_str(), number.radix()).ok()
    }
}

impl Wire for SchemaVersion {
    const EXPECTED: &'static str = "a migration's version: a whole number, or text on one line";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        i64::read(value).map(Self::Number).or_else(|| String::read(value).map(Self::Text))
    }
}

impl Wire for Vec<SchemaVersion> {
    const EXPECTED: &'static str = "a list of migrations' versions such as [4, 6]";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_array()?.iter().map(|item| SchemaVersion::read(item.get_ref())).collect()
    }
}

impl Wire for Vec<String> {
    const EXPECTED: &'static str = "a list of texts such as [\"rows.sql\"]";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_array()?.iter().map(|item| String::read(item.get_ref())).collect()
    }
}

macro_rules! written_as_text {
    ($($kind:ty: $expected:literal,)*) => {$(
        impl Wire for $kind {
            const EXPECTED: &'static str = $expected;

            fn read(value: &DeValue<'_>) -> Option<Self> {
                value.as_str()?.parse().ok()
            }
        }
    )*};
}

written_as_text! {
    jiff::Timestamp: "a time such as \"2026-11-01T00:00:00Z\"",
    Version: "a version such as \"1.5.0\"",
    VersionRange: "a range of versions such as \">=1.3.0\"",
    Fingerprint: "a fingerprint: \"sha256:\" and 64 hexadecimal digits",
    Sha256: "64 hexadecimal digits",
}
