//! Writes an export, member after member, with no more in memory than a few parts of a table.

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use thiserror::Error;

use crate::digest::Sha256;
use crate::transfer::ContentDigest;
use crate::transfer::document::{Extent, INVENTORY, Inventory, OPENING, Opening, Part, Role, SCHEMA, Table, directory};
use crate::transfer::value::{RowError, Value, write_row};

/// Why an export could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The file could not be written.
    #[error("cannot write the export")]
    Output(#[from] io::Error),
    /// A row could not be said.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A document could not be said.
    #[error("cannot write `{0}`")]
    Document(&'static str, #[source] serde_json::Error),
}

type Result<T> = std::result::Result<T, WriteError>;

/// An export under way: the rows that become its parts.
pub struct Writer {
    packer: SyncSender<Packed>,
    tables: Vec<Table>,
    lines: Lines,
}

/// Rows that are not written yet.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    rows: u64,
}

/// A part on its way into the archive.
struct Packed {
    path: String,
    bytes: Vec<u8>,
}

/// What a finished export holds; the caller adds whose it is.
pub struct Contents {
    /// Of `schema.sql`.
    pub schema_sql: Extent,
    /// In the order of the file.
    pub tables: Vec<Table>,
}

/// The length of a part, unless one row alone is longer: half of what the format allows, as a few of them are in memory at
/// once, here and where they are read.
const PART: usize = 4 << 20;

/// Writes an export of a database with this schema (statements, each closed by `;` and a line feed): the rows that `rows`
/// hands to the writer, and the inventory that the caller makes of the contents. Gives the output back, with all of it
/// written and nothing flushed to disk. While rows are read, those before them are added up and compressed.
///
/// # Errors
/// Those of `rows`, and those of the output.
pub fn write<W: Write + Send, E: From<WriteError>>(
    output: W,
    schema: &str,
    rows: impl FnOnce(&mut Writer) -> std::result::Result<(), E>,
    inventory: impl FnOnce(Contents) -> Inventory,
) -> std::result::Result<(W, Inventory), E> {
    let schema_sql = Extent::of(schema.as_bytes());
    thread::scope(|scope| {
        let (packer, parts) = sync_channel::<Packed>(1);
        let packing = scope.spawn(move || pack(output, schema, parts));
        let mut writer = Writer { packer, tables: Vec::new(), lines: Lines::default() };
        let wrote = rows(&mut writer).and_then(|()| Ok(writer.end_part()?));
        let Writer { packer, mut tables, .. } = writer;
        drop(packer);
        // Where the output fails, that is why the rows could not be written.
        let (mut archive, sums) = packing.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        wrote?;
        let mut sums = sums.into_iter();
        for table in &mut tables {
            for (part, (sha256, content)) in table.parts.iter_mut().zip(&mut sums) {
                part.sha256 = sha256;
                table.digest.combine(&content);
            }
        }
        let inventory = inventory(Contents { schema_sql, tables });
        document(&mut archive, INVENTORY, &inventory)?;
        let output = archive.into_inner().and_then(GzEncoder::finish).map_err(WriteError::from)?;
        Ok((output, inventory))
    })
}

impl Writer {
    /// Begins the next table.
    ///
    /// # Errors
    /// Those of the output.
    pub fn table(&mut self, name: &str, role: Role, columns: Vec<String>) -> Result<()> {
        self.end_part()?;
        let digest = ContentDigest::EMPTY;
        self.tables.push(Table { name: name.to_owned(), role, columns, rows: 0, digest, parts: Vec::new() });
        Ok(())
    }

    /// Writes a row of the table that was begun last. What it adds up to is known once it is packed.
    ///
    /// # Errors
    /// Those of the output, and a value that no database holds.
    pub fn row<'a>(&mut self, row: impl Iterator<Item = Value<'a>>) -> Result<()> {
        let start = self.lines.bytes.len();
        write_row(&mut self.lines.bytes, row)?;
        if let Some(table) = self.tables.last_mut() {
            table.rows += 1;
        }
        if start > 0 && self.lines.bytes.len() >= PART {
            let row = self.lines.bytes.split_off(start);
            self.end_part()?;
            self.lines.bytes.extend_from_slice(&row);
        }
        self.lines.bytes.push(b'\n');
        self.lines.rows += 1;
        Ok(())
    }

    fn end_part(&mut self) -> Result<()> {
        let next = Lines { bytes: Vec::with_capacity(self.lines.bytes.len()), rows: 0 };
        let Lines { bytes, rows } = std::mem::replace(&mut self.lines, next);
        let (Some(table), true) = (self.tables.last_mut(), rows > 0) else { return Ok(()) };
        let path = format!("{}{:06}.ndjson", directory(&table.name), table.parts.len() + 1);
        let sha256 = Sha256::from_bytes([0; 32]);
        table.parts.push(Part { path: path.clone(), rows, bytes: bytes.len() as u64, sha256 });
        self.packer.send(Packed { path, bytes }).map_err(|_| WriteError::Output(io::ErrorKind::BrokenPipe.into()))
    }
}

type Packing<W> = tar::Builder<GzEncoder<W>>;

/// Of each part, in their order.
type Sums = Vec<(Sha256, ContentDigest)>;

/// The archive up to its last part, and what each part adds up to, as bytes and as rows.
fn pack<W: Write>(output: W, schema: &str, parts: Receiver<Packed>) -> Result<(Packing<W>, Sums)> {
    // The same content makes the same bytes: no times, and no names of users.
    let mut archive = tar::Builder::new(GzEncoder::new(output, Compression::fast()));
    document(&mut archive, OPENING, &Opening::default())?;
    member(&mut archive, SCHEMA, schema.as_bytes())?;
    let mut sums = Vec::new();
    for Packed { path, bytes } in parts {
        sums.push((Sha256::of(&bytes), ContentDigest::of_lines(&bytes)));
        member(&mut archive, &path, &bytes)?;
    }
    Ok((archive, sums))
}

fn document<W: Write>(archive: &mut Packing<W>, name: &'static str, document: &impl serde::Serialize) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(document).map_err(|source| WriteError::Document(name, source))?;
    bytes.push(b'\n');
    member(archive, name, &bytes)
}

fn member<W: Write>(archive: &mut Packing<W>, path: &str, bytes: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(bytes.len() as u64);
    Ok(archive.append_data(&mut header, path, bytes)?)
}
