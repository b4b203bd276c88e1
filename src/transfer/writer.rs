//! Writes an export, member after member, with no more in memory than one part of a table.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use thiserror::Error;

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

/// An export under way.
pub struct Writer<W: Write> {
    archive: tar::Builder<GzEncoder<W>>,
    schema_sql: Extent,
    tables: Vec<Table>,
    lines: Lines,
}

/// Rows that are not written yet.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    rows: u64,
}

/// What a finished export holds; the caller adds whose it is.
pub struct Contents {
    /// Of `schema.sql`.
    pub schema_sql: Extent,
    /// In the order of the file.
    pub tables: Vec<Table>,
}

/// The length of a part, unless one row alone is longer.
const PART: usize = 8 << 20;

impl<W: Write> Writer<W> {
    /// Begins an export of a database with this schema: statements, each closed by `;` and a line feed.
    ///
    /// # Errors
    /// Those of the output.
    pub fn begin(output: W, schema: &str) -> Result<Self> {
        // The same content makes the same bytes: no times, and no names of users.
        let archive = tar::Builder::new(GzEncoder::new(output, Compression::fast()));
        let schema_sql = Extent::of(schema.as_bytes());
        let mut writer = Self { archive, schema_sql, tables: Vec::new(), lines: Lines::default() };
        writer.document(OPENING, &Opening::default())?;
        writer.member(SCHEMA, schema.as_bytes())?;
        Ok(writer)
    }

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

    /// Writes a row of the table that was begun last.
    ///
    /// # Errors
    /// Those of the output, and a value that no database holds.
    pub fn row<'a>(&mut self, row: impl Iterator<Item = Value<'a>>) -> Result<()> {
        let start = self.lines.bytes.len();
        write_row(&mut self.lines.bytes, row)?;
        let line = self.lines.bytes.get(start..).unwrap_or_default();
        if let Some(table) = self.tables.last_mut() {
            table.digest.add(line);
            table.rows += 1;
        }
        if start > 0 && self.lines.bytes.len() >= PART {
            let row = self.lines.bytes.split_off(start);
            self.end_part()?;
            self.lines.bytes = row;
        }
        self.lines.bytes.push(b'\n');
        self.lines.rows += 1;
        Ok(())
    }

    /// Writes the inventory that the caller makes of the contents, and gives the output back, with all of it written and
    /// nothing flushed to disk.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self, inventory: impl FnOnce(Contents) -> Inventory) -> Result<(W, Inventory)> {
        self.end_part()?;
        let tables = std::mem::take(&mut self.tables);
        let inventory = inventory(Contents { schema_sql: self.schema_sql, tables });
        self.document(INVENTORY, &inventory)?;
        let output = self.archive.into_inner()?.finish()?;
        Ok((output, inventory))
    }

    fn end_part(&mut self) -> Result<()> {
        let Lines { bytes, rows } = std::mem::take(&mut self.lines);
        if let (Some(table), true) = (self.tables.last_mut(), rows > 0) {
            let path = format!("{}{:06}.ndjson", directory(&table.name), table.parts.len() + 1);
            let Extent { bytes: length, sha256 } = Extent::of(&bytes);
            table.parts.push(Part { path: path.clone(), rows, bytes: length, sha256 });
            self.member(&path, &bytes)?;
        }
        Ok(())
    }

    fn document(&mut self, name: &'static str, document: &impl serde::Serialize) -> Result<()> {
        let mut bytes = serde_json::to_vec_pretty(document).map_err(|source| WriteError::Document(name, source))?;
        bytes.push(b'\n');
        self.member(name, &bytes)
    }

    fn member(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(bytes.len() as u64);
        Ok(self.archive.append_data(&mut header, path, bytes)?)
    }
}
