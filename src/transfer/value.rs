//! A value of a database as JSON, exactly: whatever SQLite can store comes back bit by bit and in its storage class.

use std::borrow::Cow;
use std::fmt;
use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

/// What SQLite stores, by its storage class: <https://sqlite.org/datatype3.html>.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// NULL
    Null,
    /// INTEGER
    Integer(i64),
    /// REAL, which is never a NaN: SQLite stores NULL for one.
    Real(f64),
    /// TEXT, whose bytes are UTF-8 only by agreement.
    Text(Cow<'a, [u8]>),
    /// BLOB
    Blob(Cow<'a, [u8]>),
}

/// A line that is no row.
#[derive(Debug, Error)]
#[error("a row is not a JSON array of values")]
pub struct RowError(#[from] serde_json::Error);

/// Appends a row as one line, without its line feed.
///
/// # Errors
/// A NaN, which JSON has no number for, and no database either.
pub fn write_row<'a>(line: &mut Vec<u8>, row: impl Iterator<Item = Value<'a>>) -> Result<(), RowError> {
    line.push(b'[');
    for (index, value) in row.enumerate() {
        if index > 0 {
            line.push(b',');
        }
        serde_json::to_writer(&mut *line, &value)?;
    }
    line.push(b']');
    Ok(())
}

/// Reads a line, without its line feed.
///
/// # Errors
/// Everything but an array of values.
pub fn read_row(line: &[u8]) -> Result<Vec<Value<'_>>, RowError> {
    Ok(serde_json::from_slice(line)?)
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let said = |serializer: S, key: &str, text: &str| serializer.collect_map([(key, text)]);
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Real(real) if real.is_finite() => serializer.serialize_f64(*real),
            Self::Real(real) if real.is_nan() => Err(serde::ser::Error::custom("a database holds no NaN")),
            Self::Real(real) => said(serializer, REAL, if *real > 0.0 { INFINITE } else { NEGATIVE }),
            Self::Text(bytes) => match str::from_utf8(bytes) {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => said(serializer, TEXT, &STANDARD.encode(bytes)),
            },
            Self::Blob(bytes) => said(serializer, BLOB, &STANDARD.encode(bytes)),
        }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

const REAL: &str = "real";
const TEXT: &str = "text";
const BLOB: &str = "blob";
const INFINITE: &str = "inf";
const NEGATIVE: &str = "-inf";

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a number, a string, or an object with one of the keys `real`, `text` and `blob`")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E: de::Error>(self, integer: i64) -> Result<Self::Value, E> {
        Ok(Value::Integer(integer))
    }

    fn visit_u64<E: de::Error>(self, integer: u64) -> Result<Self::Value, E> {
        i64::try_from(integer).map(Value::Integer).map_err(|_| E::custom(format!("{integer} has more than 64 bits")))
    }

    fn visit_f64<E: de::Error>(self, real: f64) -> Result<Self::Value, E> {
        Ok(Value::Real(real))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(text.as_bytes().to_owned().into()))
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(text.as_bytes().into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((key, text)) = map.next_entry::<Cow<'de, str>, Cow<'de, str>>()? else {
            return Err(de::Error::custom("an object without a key is no value"));
        };
        if map.next_key::<de::IgnoredAny>()?.is_some() {
            return Err(de::Error::custom("an object with more than one key is no value"));
        }
        let bytes = || STANDARD.decode(&*text).map(Cow::Owned).map_err(de::Error::custom);
        match (&*key, &*text) {
            (BLOB, _) => bytes().map(Value::Blob),
            (TEXT, _) => bytes().map(Value::Text),
            (REAL, INFINITE) => Ok(Value::Real(f64::INFINITY)),
            (REAL, NEGATIVE) => Ok(Value::Real(f64::NEG_INFINITY)),
            _ => Err(de::Error::custom(format!("`{key}` with `{text}` is no value"))),
        }
    }
}

/// Equal bit by bit: 0.0 and -0.0 are two values, and 1 and 1.0 too.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Integer(one), Self::Integer(other)) => one == other,
            (Self::Real(one), Self::Real(other)) => one.to_bits() == other.to_bits(),
            (Self::Text(one), Self::Text(other)) | (Self::Blob(one), Self::Blob(other)) => one == other,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transfer::specimens::any_value;

    fn line(values: &[Value<'_>]) -> String {
        let mut line = Vec::new();
        write_row(&mut line, values.iter().cloned()).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_row_is_written_as_the_format_says() {
        let row = [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Real(1.0),
            Value::Real(-0.0),
            Value::Real(f64::NEG_INFINITY),
            Value::Text("a\"\u{0}é".as_bytes().into()),
            Value::Text(b"\xff".as_slice().into()),
            Value::Blob(b"".as_slice().into()),
        ];
        let expected =
            r#"[null,-9223372036854775808,1.0,-0.0,{"real":"-inf"},"a\"\u0000é",{"text":"/w=="},{"blob":""}]"#;
        assert_eq!(line(&row), expected);
    }

    #[test]
    fn a_nan_is_refused() {
        assert!(write_row(&mut Vec::new(), [Value::Real(f64::NAN)].into_iter()).is_err());
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for line in [
            "",
            "{}",
            "[{}]",
            "[true]",
            "[[1]]",
            "[1",
            "[9223372036854775808]",
            r#"[{"real":"nan"}]"#,
            r#"[{"real":1}]"#,
            r#"[{"blob":"?"}]"#,
            r#"[{"blob":"","text":""}]"#,
            r#"[{"integer":"1"}]"#,
            "[1] 2",
            "[1e999]",
        ] {
            assert!(read_row(line.as_bytes()).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back_exactly(row in proptest::collection::vec(any_value(), 0..8)) {
            let line = line(&row);
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(read_row(line.as_bytes()).unwrap(), row);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read_row(&bytes);
        }
    }
}
