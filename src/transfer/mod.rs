//! The neutral export: the whole content of a database as one `tar.gz`, to be read by any program.
//!
//! Its members, in this order, so that it can be written and read without a seek:
//!
//! * `format.json`: what it is ([`Opening`]).
//! * `schema.sql`: what makes the schema, one statement after the other, each closed by `;` and a line feed.
//! * `tables/NAME/000001.ndjson` and so on: the rows of each table, at most 8 MiB in a part, unless one row alone is
//!   longer. A line is a JSON array with a value for each column of the table.
//! * `export.json`: what all of it adds up to ([`Inventory`]).
//!
//! A value is `null`; an integer of 64 bits without a decimal point; a real with one, or with an exponent, in the fewest
//! digits that lead back to the very same 64 bits; a text as a JSON string; and where JSON cannot say it, an object with
//! one key: `{"real": "inf"}`, `{"real": "-inf"}`, `{"blob": "…"}` in base64, and `{"text": "…"}` in base64 for bytes that
//! SQLite takes for text and that are not UTF-8. See [`value`].
//!
//! The digest of a table's content does not depend on the order of its rows: it is the sum, modulo 2^256, of the SHA-256
//! of every line without its line feed, each read as a big-endian number. See [`ContentDigest`].

pub mod account;
mod content;
mod document;
pub mod mapping;
pub mod reader;
#[cfg(test)]
pub(crate) mod specimens;
pub mod sum;
pub mod value;
pub mod writer;

pub use content::ContentDigest;
pub use document::{Inventory, Opening, Part, Role, SCHEMA, Table, directory};
