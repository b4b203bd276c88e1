//! Reads the written form and goes on past what is wrong with it, so that one look shows all of it.

use std::borrow::Cow;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::error::{ConfigError, Fault, explain, line_at, with_nearest};
use super::raw::Raw;

/// The text of a configuration's bytes.
///
/// # Errors
/// They are not UTF-8, as TOML must be: read in another way a path would become another one.
pub fn text(bytes: &[u8]) -> Result<&str, ConfigError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (before, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = rest.first().map(|byte| format!(": 0x{byte:02x} is no character of it")).unwrap_or_default();
        ConfigError::Wrong { line, message: format!("the file must be text in UTF-8{byte}") }
    })
}

/// Who has more than so many reads some of them again after the first are mended.
const ENOUGH: usize = 100;

/// What has to be there, in the order in which it is named.
const REQUIRED: [(&str, &[&str]); 4] =
    [("product", &[]), ("install", &["root"]), ("manifest", &["url", "keys"]), ("database", &["url", "format"])];

/// What is read in the place of something that is missing or of a wrong type, and has been told of: nothing else is said
/// to be wrong because of it.
const STAND_INS: &str = r#"
product = "x"
[install]
root = "/x"
[manifest]
url = "/x"
keys = []
[database]
url = "sqlite:/x"
format = ""
up = ["x", "{database}"]
version = ["x", "{database}"]
[service]
manager = ""
start = ["x"]
stop = ["x"]
status = ["x"]
"#;

impl Raw {
    /// The written form, and all keys of it that are unknown, missing, or of a wrong type: what is read in their place
    /// means nothing.
    ///
    /// # Errors
    /// It is no TOML.
    pub(super) fn read(text: &str) -> Result<(Self, Vec<Fault>), ConfigError> {
        let mut root = DeTable::parse(text).map_err(|error| explain(text, &error))?;
        let mut faults = Vec::new();
        loop {
            complete(root.get_mut(), &mut faults);
            let error = match Self::deserialize(Deserializer::from(root.clone())) {
                Ok(raw) => return Ok((raw, faults)),
                Err(error) => error,
            };
            let at = error.span().map_or(0, |span| span.start);
            let Some(path) = take(root.get_mut(), at).filter(|_| faults.len() < ENOUGH) else {
                return Err(ConfigError::Faults(vec![Fault::at(line_at(text, at), "", error.message())]));
            };
            let name = path.last().map_or("", |key| key);
            let mut message = with_nearest(error.message());
            // Words about a value do not name its key.
            if !message.contains(&format!("`{name}`")) {
                message = format!("`{name}`: {message}");
            }
            faults.push(Fault::at(line_at(text, at), path.join("."), message));
            stand_in(root.get_mut(), &path);
        }
    }
}

/// Whether `key`, or the section that it is in, has been told of.
pub(super) fn is_told(faults: &[Fault], key: &str) -> bool {
    let covers = |told: &str| key.strip_prefix(told).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    faults.iter().any(|fault| covers(&fault.key))
}

/// Names what is missing, and puts something in its place.
fn complete(root: &mut DeTable<'_>, faults: &mut Vec<Fault>) {
    for (section, keys) in REQUIRED {
        if !root.contains_key(section) {
            if !is_told(faults, section) {
                let words: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
                let there = if keys.is_empty() {
                    ""
                } else {
                    &format!(": a section `[{section}]` with {}", words.join(" and "))
                };
                faults.push(Fault::new(section, format!("missing field `{section}`{there}")));
            }
            stand_in(root, &[section.to_owned()]);
        }
        for key in keys {
            let path = format!("{section}.{key}");
            let there = root.get(section).and_then(|value| value.get_ref().as_table());
            if there.is_some_and(|table| !table.contains_key(*key)) {
                if !is_told(faults, &path) {
                    let message = format!("missing field `{key}` in the section `[{section}]`");
                    faults.push(Fault::new(path, message));
                }
                stand_in(root, &[section.to_owned(), (*key).to_owned()]);
            }
        }
    }
}

/// Takes out the key that is at a byte of the text, or whose value is, and tells its path.
fn take(table: &mut DeTable<'_>, at: usize) -> Option<Vec<String>> {
    for (key, value) in table.iter_mut() {
        if let DeValue::Table(inner) = value.get_mut()
            && let Some(mut path) = take(inner, at)
        {
            path.insert(0, key.get_ref().to_string());
            return Some(path);
        }
    }
    let is_there = |(key, value): &(&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        key.span().contains(&at) || value.span().contains(&at)
    };
    let name = table.iter().find(is_there).map(|(key, _)| key.get_ref().to_string())?;
    table.remove(name.as_str());
    Some(vec![name])
}

/// Puts the stand-in of a key into its section; without one the key stays out.
fn stand_in(root: &mut DeTable<'_>, path: &[String]) {
    let Ok(stand_ins) = DeTable::parse(STAND_INS) else { return };
    let mut known = stand_ins.into_inner();
    let mut table = root;
    let Some((last, sections)) = path.split_last() else { return };
    for section in sections {
        let inner = known.remove(section.as_str()).map(Spanned::into_inner);
        let (Some(DeValue::Table(inner)), Some(DeValue::Table(own))) =
            (inner, table.get_mut(section.as_str()).map(Spanned::get_mut))
        else {
            return;
        };
        (known, table) = (inner, own);
    }
    if let Some(value) = known.remove(last.as_str()) {
        // It stands nowhere in the text.
        let mut value = value.into_inner();
        if let DeValue::Table(inner) = &mut value {
            *inner = DeTable::new();
        }
        table.insert(Spanned::new(0..0, Cow::Owned(last.clone())), Spanned::new(0..0, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_utf_8_are_refused_with_their_line() {
        let wrong = text(b"product = \"g\"\n\n[database]\nurl = \"sqlite:/d\xe4ta.db\"\n").unwrap_err().to_string();
        assert_eq!(wrong, "line 4: the file must be text in UTF-8: 0xe4 is no character of it");
        assert_eq!(text("ä".as_bytes()).unwrap(), "ä");
    }

    #[test]
    fn every_stand_in_is_of_the_right_type() {
        let keys = "on = 1\n[install]\n[manifest]\n[database]\nup = 1\nversion = 1\n[service]\nmanager = 1\nstart = 1\nstop = 1\nstatus = 1\n";
        let (_, faults) = Raw::read(keys).unwrap();
        assert_eq!(faults.len(), 1 + 1 + 1 + 2 + 2 + 2 + 4, "{faults:?}");
    }
}
