//! Reads an export, and believes nothing of it that its inventory does not confirm.

mod understood;
mod walk;

use std::io::{self, BufRead};

use thiserror::Error;

use crate::transfer::content::{ContentDigest, lines};
use crate::transfer::document::{Extent, Inventory, Part, SCHEMA, Table, VERSION};
use crate::transfer::value::{RowError, Value, read_row};

use understood::Understood;
use walk::{Member, walk};

/// An export that cannot be believed, and why.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is cut off, or damaged, or no archive at all.
    #[error("the export is cut off or damaged: after `{after}` no whole member follows")]
    Damaged {
        /// The last member that could be read.
        after: String,
        /// The cause.
        source: io::Error,
    },
    /// It is another kind of file.
    #[error("it is no export: {0}")]
    Foreign(&'static str),
    /// A newer program wrote it.
    #[error("the export has the format {found}, and this program reads up to {VERSION}")]
    Newer {
        /// Its format.
        found: u32,
    },
    /// A document in it cannot be understood.
    #[error("cannot understand `{path}` of the export")]
    Document {
        /// The member.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A member that should not be there, or not here.
    #[error("`{path}` is not expected in an export at this place")]
    Unexpected {
        /// The member.
        path: String,
    },
    /// A member or a table that is not what the inventory says.
    #[error("`{what}` is not what `export.json` says: it has {found}, and not {expected}")]
    Differs {
        /// The member or table.
        what: String,
        /// What there is.
        found: String,
        /// What there should be.
        expected: String,
    },
    /// A line that is no row.
    #[error("line {line} of `{path}` is no row of its table")]
    Row {
        /// The member.
        path: String,
        /// The line, counted from 1.
        line: u64,
        /// Why; nothing where only the number of values is wrong.
        source: Option<RowError>,
    },
    /// It has more than anything of this kind can have.
    #[error("`{path}` has {bytes} bytes, more than {limit}")]
    TooLong {
        /// The member.
        path: String,
        /// Its length.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
}

type Result<T> = std::result::Result<T, ReadError>;

/// Reads a whole export once, and gives its inventory when every member and every table is what the inventory says.
///
/// # Errors
/// Everything else, by the member that is wrong.
pub fn inspect(export: impl BufRead + Send) -> Result<(Inventory, String)> {
    let mut schema = String::new();
    let mut seen = Vec::new();
    let added_up = |bytes: Vec<u8>| (ContentDigest::of_lines(&bytes), bytes);
    let inventory = walk(export, added_up, |member| match member {
        Member::Schema(sql) => {
            schema = sql;
            Ok(())
        }
        Member::Part(path, extent, (digest, bytes)) => {
            let mut rows = 0;
            for (row, number) in lines(&bytes).zip(1..) {
                read_row(row).map_err(|error| wrong_row(&path, number, Some(error)))?;
                rows = number;
            }
            seen.push((Part { path, rows, bytes: extent.bytes, sha256: extent.sha256 }, digest));
            Ok(())
        }
    })?;
    compare(&inventory, &schema, seen)?;
    Ok((inventory, schema))
}

/// Hands every row of an inspected export over, table after table, and refuses where it is not the file any more that was
/// inspected.
///
/// # Errors
/// Those of `take`, and everything that [`inspect`] would find.
pub fn rows<E: From<ReadError>>(
    export: impl BufRead + Send,
    inventory: &Inventory,
    mut take: impl FnMut(&Table, &[Value<'_>]) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut parts = inventory.tables.iter().flat_map(|table| table.parts.iter().map(move |part| (table, part)));
    let mut failure = None;
    let understood = |bytes: Vec<u8>| Understood::of(&bytes);
    let walked = walk(export, understood, |member| {
        let Member::Part(path, extent, rows) = member else { return Ok(()) };
        let Some((table, part)) = parts.next().filter(|(_, part)| part.path == path) else {
            return Err(ReadError::Unexpected { path });
        };
        same(&path, extent, Extent { bytes: part.bytes, sha256: part.sha256 })?;
        rows.each(|line, row| {
            let row = row.map_err(|error| wrong_row(&path, line, Some(error)))?;
            if row.len() != table.columns.len() {
                return Err(wrong_row(&path, line, None));
            }
            take(table, row).map_err(|error| {
                failure = Some(error);
                ReadError::Unexpected { path: path.clone() }
            })
        })
    });
    match (failure, walked) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Ok(()),
    }
}

fn compare(inventory: &Inventory, schema: &str, seen: Vec<(Part, ContentDigest)>) -> Result<()> {
    same(SCHEMA, Extent::of(schema.as_bytes()), inventory.schema_sql)?;
    let mut seen = seen.into_iter();
    for table in &inventory.tables {
        let (mut digest, mut rows) = (ContentDigest::EMPTY, 0);
        for part in &table.parts {
            let differs = |found: String| differs(&part.path, found, words(part));
            let (found, content) = seen.next().ok_or_else(|| differs("nothing".to_owned()))?;
            if found != *part {
                return Err(differs(words(&found)));
            }
            digest.combine(&content);
            rows += found.rows;
        }
        if (digest, rows) != (table.digest, table.rows) {
            let words = |rows, digest| format!("{rows} rows with the digest {digest}");
            return Err(differs(&table.name, words(rows, digest), words(table.rows, table.digest)));
        }
    }
    seen.next().map_or(Ok(()), |(part, _)| Err(ReadError::Unexpected { path: part.path }))
}

fn same(path: &str, found: Extent, expected: Extent) -> Result<()> {
    let words = |extent: Extent| format!("{} bytes with the SHA-256 {}", extent.bytes, extent.sha256);
    if found == expected { Ok(()) } else { Err(differs(path, words(found), words(expected))) }
}

fn differs(what: &str, found: String, expected: String) -> ReadError {
    ReadError::Differs { what: what.to_owned(), found, expected }
}

fn words(part: &Part) -> String {
    format!("{} rows in {} bytes with the SHA-256 {} in `{}`", part.rows, part.bytes, part.sha256, part.path)
}

fn wrong_row(path: &str, line: u64, source: Option<RowError>) -> ReadError {
    ReadError::Row { path: path.to_owned(), line, source }
}

#[cfg(test)]
mod tests;
