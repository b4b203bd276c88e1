//! The rows of a part, understood on one thread and taken on another one: both take about the same time.

use crate::transfer::content::lines;
use crate::transfer::value::{RowError, Value, read_row};

/// All rows up to the first that is none.
pub(super) struct Understood {
    cells: Vec<Cell>,
    /// How many cells each row has.
    lengths: Vec<usize>,
    /// Texts and blobs, one after the other.
    bytes: Vec<u8>,
    refused: Option<RowError>,
}

/// A value, or how many of the bytes are its own.
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(usize),
    Blob(usize),
}

impl Understood {
    pub(super) fn of(part: &[u8]) -> Self {
        let mut rows = Self { cells: Vec::new(), lengths: Vec::new(), bytes: Vec::new(), refused: None };
        for line in lines(part) {
            match read_row(line) {
                Ok(row) => {
                    rows.lengths.push(row.len());
                    row.into_iter().for_each(|value| rows.keep(&value));
                }
                Err(error) => {
                    rows.refused = Some(error);
                    break;
                }
            }
        }
        rows
    }

    fn keep(&mut self, value: &Value<'_>) {
        self.cells.push(match value {
            Value::Null => Cell::Null,
            Value::Integer(integer) => Cell::Integer(*integer),
            Value::Real(real) => Cell::Real(*real),
            Value::Text(text) => Cell::Text(text.len()),
            Value::Blob(blob) => Cell::Blob(blob.len()),
        });
        if let Value::Text(bytes) | Value::Blob(bytes) = value {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Hands every row over, with its line, counted from 1. The last line may be none, and why.
    pub(super) fn each<E>(
        self,
        mut take: impl FnMut(u64, Result<&[Value<'_>], RowError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut cells, mut bytes, mut row) = (self.cells.iter(), self.bytes.as_slice(), Vec::new());
        let mut line = 0;
        for length in self.lengths {
            line += 1;
            row.clear();
            row.extend(cells.by_ref().take(length).map(|cell| cell.value(&mut bytes)));
            take(line, Ok(&row))?;
        }
        self.refused.map_or(Ok(()), |error| take(line + 1, Err(error)))
    }
}

impl Cell {
    fn value<'a>(&self, bytes: &mut &'a [u8]) -> Value<'a> {
        let mut next = |length: usize| {
            let (own, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
            *bytes = rest;
            own.into()
        };
        match self {
            Self::Null => Value::Null,
            Self::Integer(integer) => Value::Integer(*integer),
            Self::Real(real) => Value::Real(*real),
            Self::Text(length) => Value::Text(next(*length)),
            Self::Blob(length) => Value::Blob(next(*length)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transfer::specimens::any_value;
    use crate::transfer::value::write_row;

    proptest! {
        #[test]
        fn rows_are_taken_as_they_were_understood(
            rows in proptest::collection::vec(proptest::collection::vec(any_value(), 0..5), 0..9),
            broken in any::<bool>(),
        ) {
            let mut part = Vec::new();
            for row in &rows {
                write_row(&mut part, row.iter().cloned()).unwrap();
                part.push(b'\n');
            }
            if broken {
                part.extend_from_slice(b"[true]\n[1]\n");
            }
            let (mut taken, mut refused) = (Vec::new(), None);
            let ended = Understood::of(&part).each(|line, row| {
                match row {
                    Ok(row) => taken.push(row.iter().map(owned).collect::<Vec<_>>()),
                    Err(_) => refused = Some(line),
                }
                Ok::<_, ()>(())
            });
            prop_assert_eq!(ended, Ok(()));
            prop_assert_eq!(refused, broken.then(|| rows.len() as u64 + 1));
            prop_assert_eq!(taken, rows);
        }
    }

    fn owned(value: &Value<'_>) -> Value<'static> {
        match value {
            Value::Null => Value::Null,
            Value::Integer(integer) => Value::Integer(*integer),
            Value::Real(real) => Value::Real(*real),
            Value::Text(text) => Value::Text(text.to_vec().into()),
            Value::Blob(blob) => Value::Blob(blob.to_vec().into()),
        }
    }
}
