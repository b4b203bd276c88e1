//! The members of an export, one after the other.

use std::io::{self, BufRead, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use flate2::bufread::GzDecoder;
use tar::{Archive, Entry, EntryType};

use super::{ReadError, Result};
use crate::transfer::document::{Extent, FORMAT, INVENTORY, Inventory, OPENING, Opening, SCHEMA, TABLES, VERSION};

/// The longest document.
const LONGEST_DOCUMENT: u64 = 64 << 20;
/// The longest part: one row alone may be as long as SQLite lets it, and base64 makes it longer.
const LONGEST_PART: u64 = 3 << 30;

const USUAL_PART: u64 = 5 << 20;

/// A member between the first and the last.
pub(super) enum Member<T> {
    Schema(String),
    Part(String, Extent, T),
}

/// Goes through an export from its beginning to its very end. While one member is visited the next one is unpacked; of a
/// part is handed over what `look` makes of its bytes meanwhile.
pub(super) fn walk<T: Send>(
    export: impl BufRead + Send,
    look: impl Fn(Vec<u8>) -> T + Send,
    mut visit: impl FnMut(Member<T>) -> Result<()>,
) -> Result<Inventory> {
    thread::scope(|scope| {
        let (ready, members) = sync_channel(1);
        let unpacking = scope.spawn(move || unpack(export, look, &ready));
        let refused = members.iter().find_map(|member| visit(member).err());
        // Whoever unpacks finds at the next member that nobody takes it any more.
        drop(members);
        let unpacked = unpacking.join().unwrap_or_else(|panic| resume_unwind(panic));
        refused.map_or(unpacked, Err)
    })
}

fn unpack<T>(export: impl BufRead, look: impl Fn(Vec<u8>) -> T, ready: &SyncSender<Member<T>>) -> Result<Inventory> {
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
                    hand_over(Member::Part(path.clone(), extent, look(bytes)))?;
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
