//! A value of a row for people.

use rusqlite::types::ValueRef;

/// A value for people, not too long.
pub(super) fn shown(value: ValueRef<'_>) -> String {
    const LONGEST: usize = 60;
    let text = match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(integer) => integer.to_string(),
        ValueRef::Real(real) => real.to_string(),
        ValueRef::Text(text) => format!("'{}'", String::from_utf8_lossy(text).escape_debug()),
        ValueRef::Blob(blob) => format!("a blob of {} bytes", blob.len()),
    };
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}
