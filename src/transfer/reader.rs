//! Reads an export, and believes nothing of it that its inventory does not confirm.

use std::io::{self, BufRead, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use flate2::bufread::GzDecoder;
use tar::{Archive, Entry, EntryType};
use thiserror::Error;

use crate::transfer::ContentDigest;
use crate::transfer::document::{
    Extent, FORMAT, INVENTORY, Inventory, OPENING, Opening, Part, SCHEMA, TABLES, Table, VERSION,
};
use crate::transfer::value::{RowError, Value, read_row};

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

/// The longest document.
const LONGEST_DOCUMENT: u64 = 64 << 20;
/// The longest part: one row alone may be as long as SQLite lets it, and base64 makes it longer.
const LONGEST_PART: u64 = 3 << 30;

const USUAL_PART: u64 = 9 << 20;

/// Reads a whole export once, and gives its inventory when every member and every table is what the inventory says.
///
/// # Errors
/// Everything else, by the member that is wrong.
pub fn inspect(export: impl BufRead + Send) -> Result<(Inventory, String)> {
    let mut schema = String::new();
    let mut seen = Vec::new();
    let inventory = walk(export, |member| match member {
        Member::Schema(sql) => {
            schema = sql;
            Ok(())
        }
        Member::Part(path, bytes, extent) => {
            let mut digest = ContentDigest::EMPTY;
            let mut rows = 0;
            for (row, number) in lines(&bytes).zip(1..) {
                read_row(row).map_err(|error| wrong_row(&path, number, Some(error)))?;
                digest.add(row);
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
    let walked = walk(export, |member| {
        let Member::Part(path, bytes, extent) = member else { return Ok(()) };
        let Some((table, part)) = parts.next().filter(|(_, part)| part.path == path) else {
            return Err(ReadError::Unexpected { path });
        };
        same(&path, extent, Extent { bytes: part.bytes, sha256: part.sha256 })?;
        for (line, number) in lines(&bytes).zip(1..) {
            let row = read_row(line).map_err(|error| wrong_row(&path, number, Some(error)))?;
            if row.len() != table.columns.len() {
                return Err(wrong_row(&path, number, None));
            }
            if let Err(error) = take(table, &row) {
                failure = Some(error);
                return Err(ReadError::Unexpected { path });
            }
        }
        Ok(())
    });
    match (failure, walked) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Ok(()),
    }
}

/// A member between the first and the last.
enum Member {
    Schema(String),
    Part(String, Vec<u8>, Extent),
}

/// Goes through an export from its beginning to its very end. While one member is visited the next one is unpacked.
fn walk(export: impl BufRead + Send, mut visit: impl FnMut(Member) -> Result<()>) -> Result<Inventory> {
    thread::scope(|scope| {
        let (ready, members) = sync_channel(1);
        let unpacking = scope.spawn(move || unpack(export, &ready));
        let refused = members.iter().find_map(|member| visit(member).err());
        // Whoever unpacks finds at the next member that nobody takes it any more.
        drop(members);
        let unpacked = unpacking.join().unwrap_or_else(|panic| resume_unwind(panic));
        refused.map_or(unpacked, Err)
    })
}

fn unpack(export: impl BufRead, ready: &SyncSender<Member>) -> Result<Inventory> {
    let mut archive = Archive::new(GzDecoder::new(export));
    let mut after = "the beginning".to_owned();
    let mut inventory = None;
    let hand_over = |member| ready.send(member).map_err(|_| ReadError::Foreign("nobody read it to its end"));
    {
        let entries = archive.entries().map_err(|source| ReadError::Damaged { after: after.clone(), source })?;
        for (entry, index) in entries.zip(0_u64..) {
            let mut entry = entry.map_err(|source| ReadError::Damaged { after: after.clone(), source })?;
            let path = path_of(&entry)?;
            let unexpected = || ReadError::Unexpected { path: path.clone() };
            let part = path.starts_with(TABLES);
            let bytes = content(&mut entry, &path, &after, if part { LONGEST_PART } else { LONGEST_DOCUMENT })?;
            match (index, &*path) {
                (_, _) if inventory.is_some() => return Err(unexpected()),
                (0, OPENING) => check_opening(&bytes)?,
                (0, _) => return Err(ReadError::Foreign("it does not begin with `format.json`")),
                (1, SCHEMA) => hand_over(Member::Schema(String::from_utf8(bytes).map_err(|_| unexpected())?))?,
                (1, _) => return Err(unexpected()),
                (_, INVENTORY) => inventory = Some(document(INVENTORY, &bytes)?),
                _ if part => {
                    let extent = Extent::of(&bytes);
                    hand_over(Member::Part(path.clone(), bytes, extent))?;
                }
                _ => return Err(unexpected()),
            }
            after = path;
        }
    }
    ended(archive.into_inner(), &after)?;
    let missing = || ReadError::Damaged { after, source: io::ErrorKind::UnexpectedEof.into() };
    inventory.ok_or_else(missing)
}

fn path_of(entry: &Entry<'_, impl Read>) -> Result<String> {
    let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    match entry.header().entry_type() {
        EntryType::Regular => Ok(path),
        _ => Err(ReadError::Unexpected { path }),
    }
}

fn content(entry: &mut Entry<'_, impl Read>, path: &str, after: &str, limit: u64) -> Result<Vec<u8>> {
    let bytes = entry.size();
    if bytes > limit {
        return Err(ReadError::TooLong { path: path.to_owned(), bytes, limit });
    }
    // What a header says is not believed beyond what a usual part has.
    let mut content = Vec::with_capacity(usize::try_from(bytes.min(USUAL_PART)).unwrap_or(0));
    let read = entry.read_to_end(&mut content);
    let whole =
        read.and_then(|read| if read as u64 == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) });
    whole.map(|()| content).map_err(|source| ReadError::Damaged { after: after.to_owned(), source })
}

fn check_opening(bytes: &[u8]) -> Result<()> {
    let opening: Opening = document(OPENING, bytes)?;
    match (&*opening.format, opening.version) {
        (FORMAT, VERSION) => Ok(()),
        (FORMAT, found) if found > VERSION => Err(ReadError::Newer { found }),
        _ => Err(ReadError::Foreign("its `format.json` is that of another kind of file")),
    }
}

fn document<T: serde::de::DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|source| ReadError::Document { path: path.to_owned(), source })
}

/// Only padding may follow the last member, and nothing the end of the compressed stream.
fn ended(mut stream: GzDecoder<impl BufRead>, after: &str) -> Result<()> {
    let damaged = |source| ReadError::Damaged { after: after.to_owned(), source };
    let mut chunk = [0; 8192];
    loop {
        let read = stream.read(&mut chunk).map_err(damaged)?;
        if chunk.iter().take(read).any(|byte| *byte != 0) {
            return Err(ReadError::Foreign("something follows its end"));
        }
        if read == 0 {
            break;
        }
    }
    match stream.into_inner().fill_buf().map_err(damaged)? {
        [] => Ok(()),
        _ => Err(ReadError::Foreign("something follows its end")),
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

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    (!bytes.is_empty()).then(|| bytes.split(|byte| *byte == b'\n')).into_iter().flatten()
}

#[cfg(test)]
mod tests;
