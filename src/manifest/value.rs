//! A value of a manifest, however its text was read, and what it can be read as.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::plain::{Plain, Table};
use crate::digest::{Fingerprint, Sha256};
use crate::version::{SchemaVersion, Version, VersionRange};

/// One value.
#[derive(Clone, Copy)]
pub(crate) enum Value<'v> {
    Toml(&'v DeValue<'v>),
    Plain(&'v Plain<'v>),
}

/// A table of the text.
#[derive(Clone, Copy)]
pub(crate) enum Keys<'t> {
    Toml(&'t DeTable<'t>),
    /// Where things stand in it is not known.
    Plain(&'t Table<'t>),
}

impl<'t> Keys<'t> {
    /// The value of a key, and where it stands.
    pub(crate) fn get(self, key: &str) -> Option<(Value<'t>, Range<usize>)> {
        match self {
            Self::Toml(table) => table.get(key).map(|value| (Value::Toml(value.get_ref()), value.span())),
            Self::Plain(table) => table.get(key).map(|value| (Value::Plain(value), 0..0)),
        }
    }

    /// Those of its keys that are wanted, and where they stand.
    pub(crate) fn filter(self, wanted: impl Fn(&str) -> bool) -> Vec<(&'t str, usize)> {
        match self {
            Self::Toml(table) => {
                let names = table.keys().map(|key| (key.get_ref().as_ref(), key.span().start));
                names.filter(|(name, _)| wanted(name)).collect()
            }
            Self::Plain(table) => table.names().filter(|name| wanted(name)).map(|name| (name, 0)).collect(),
        }
    }
}

impl<'v> Value<'v> {
    pub(crate) fn text(self) -> Option<&'v str> {
        match self {
            Self::Toml(value) => value.as_str(),
            Self::Plain(Plain::Text(text)) => Some(text),
            Self::Plain(_) => None,
        }
    }

    fn number(self) -> Option<i64> {
        match self {
            Self::Toml(value) => {
                let number = value.as_integer()?;
                i64::from_str_radix(number.as_str(), number.radix()).ok()
            }
            Self::Plain(Plain::Number(number)) => Some(*number),
            Self::Plain(_) => None,
        }
    }

    fn flag(self) -> Option<bool> {
        match self {
            Self::Toml(value) => value.as_bool(),
            Self::Plain(Plain::Flag(flag)) => Some(*flag),
            Self::Plain(_) => None,
        }
    }

    fn list<T: Wire>(self) -> Option<Vec<T>> {
        match self {
            Self::Toml(value) => value.as_array()?.iter().map(|item| T::read(Value::Toml(item.get_ref()))).collect(),
            Self::Plain(Plain::List(items)) => items.iter().map(|item| T::read(Value::Plain(item))).collect(),
            Self::Plain(_) => None,
        }
    }

    /// What is there instead of what was expected.
    pub(crate) fn described(self) -> String {
        match self {
            Self::Toml(DeValue::String(text)) => format!("`{}`", text.escape_debug()),
            Self::Toml(DeValue::Integer(number)) => format!("`{number}`"),
            Self::Toml(other) => format!("a value of type {}", other.type_str()),
            Self::Plain(other) => format!("`{other:?}`"),
        }
    }
}

/// What a TOML value can be read as.
pub(crate) trait Wire: Sized {
    /// What one is, for who wrote something else.
    const EXPECTED: &'static str;

    fn read(value: Value<'_>) -> Option<Self>;
}

impl Wire for String {
    const EXPECTED: &'static str = "text on one line, not empty";

    fn read(value: Value<'_>) -> Option<Self> {
        let text = value.text()?;
        (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
    }
}

impl Wire for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(value: Value<'_>) -> Option<Self> {
        value.flag()
    }
}

impl Wire for u64 {
    const EXPECTED: &'static str = "a whole number from 1 to 9223372036854775807";

    fn read(value: Value<'_>) -> Option<Self> {
        let number = value.number()?;
        u64::try_from(number).ok().filter(|number| *number > 0)
    }
}

impl Wire for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn read(value: Value<'_>) -> Option<Self> {
        value.number()
    }
}

impl Wire for SchemaVersion {
    const EXPECTED: &'static str = "a migration's version: a whole number, or text on one line";

    fn read(value: Value<'_>) -> Option<Self> {
        value.number().map(Self::Number).or_else(|| String::read(value).map(Self::Text))
    }
}

impl Wire for Vec<SchemaVersion> {
    const EXPECTED: &'static str = "a list of migrations' versions such as [4, 6]";

    fn read(value: Value<'_>) -> Option<Self> {
        value.list()
    }
}

impl Wire for Vec<String> {
    const EXPECTED: &'static str = "a list of texts such as [\"rows.sql\"]";

    fn read(value: Value<'_>) -> Option<Self> {
        value.list()
    }
}

macro_rules! written_as_text {
    ($($kind:ty: $expected:literal,)*) => {$(
        impl Wire for $kind {
            const EXPECTED: &'static str = $expected;

            fn read(value: Value<'_>) -> Option<Self> {
                value.text()?.parse().ok()
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
