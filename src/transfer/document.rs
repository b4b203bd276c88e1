//! What stands at the beginning of an export and at its end.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::{Fingerprint, Sha256};
use crate::transfer::ContentDigest;
use crate::version::{SchemaVersion, Version};

/// The member that begins an export.
pub(super) const OPENING: &str = "format.json";
/// The member with what makes the schema.
pub const SCHEMA: &str = "schema.sql";
/// The member that ends an export.
pub(super) const INVENTORY: &str = "export.json";
/// The directory of the parts.
pub(super) const TABLES: &str = "tables/";

/// The format of exports that this program writes, and the newest that it reads.
pub(super) const VERSION: u32 = 1;
/// What [`Opening::format`] says.
pub(super) const FORMAT: &str = "gantry-installer-export";

/// `format.json`: what the file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Always `gantry-installer-export`.
    pub format: String,
    /// The version of the format. Other keys than these two are not looked at before it is known.
    pub version: u32,
}

impl Default for Opening {
    fn default() -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION }
    }
}

/// `export.json`: what was exported, and what it adds up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Always `gantry-installer-export`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// Whose database it is.
    pub product: String,
    /// The release that ran on it; none where none was installed.
    pub release: Option<Version>,
    /// What its ledger names.
    pub schema: Option<SchemaVersion>,
    /// Of its schema.
    pub fingerprint: Fingerprint,
    /// The ledger's table.
    pub ledger: String,
    /// The moment whose content it is.
    pub created: Timestamp,
    /// `PRAGMA encoding` of the database; the export itself is always UTF-8.
    pub encoding: String,
    /// `PRAGMA user_version`.
    pub user_version: i32,
    /// `PRAGMA application_id`.
    pub application_id: i32,
    /// The length and digest of `schema.sql`.
    pub schema_sql: Extent,
    /// All tables with rows of their own, in the order in which they stand in the file.
    pub tables: Vec<Table>,
}

/// Bytes of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// How many.
    pub bytes: u64,
    /// Their digest.
    pub sha256: Sha256,
}

impl Extent {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, sha256: Sha256::of(bytes) }
    }
}

/// A table's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its columns, in the order of the values of a row; generated ones have no values.
    pub columns: Vec<String>,
    /// How many rows it has.
    pub rows: u64,
    /// Of all rows, in any order.
    pub digest: ContentDigest,
    /// Where they are.
    pub parts: Vec<Part>,
}

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The product's own.
    Table,
    /// The account of migrations.
    Ledger,
    /// Where a virtual table, such as one of FTS5, keeps its content.
    Shadow,
    /// SQLite's own `sqlite_sequence`, with the numbers that `AUTOINCREMENT` has used up.
    Sequence,
}

/// Some rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The member, such as `tables/buckets/000001.ndjson`.
    pub path: String,
    /// How many rows.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Their digest.
    pub sha256: Sha256,
}

/// The directory of a table's parts. Of the table's name everything but ASCII letters, digits, `_` and `-` is written as
/// `%` and two hexadecimal digits a byte; of a name that is too long for a file system only the beginning, and a digest.
pub fn directory(table: &str) -> String {
    const LONGEST: usize = 150;
    let mut name = String::new();
    for byte in table.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            _ => {
                let _ = write!(name, "%{byte:02x}");
            }
        }
    }
    if name.len() > LONGEST {
        name.truncate(LONGEST);
        let _ = write!(name, "~{}", Sha256::of(table.as_bytes()));
    }
    format!("{TABLES}{name}/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_table_has_a_directory_whatever_its_name() {
        assert_eq!(directory("buckets_2"), "tables/buckets_2/");
        assert_eq!(directory("../é"), "tables/%2e%2e%2f%c3%a9/");
        assert_eq!(directory(&"x".repeat(400)).len(), "tables//".len() + 150 + 1 + 64);
    }

    proptest! {
        #[test]
        fn two_tables_never_share_a_directory(one in "\\PC{0,80}", other in "\\PC{0,80}") {
            prop_assert_eq!(directory(&one) == directory(&other), one == other);
        }
    }
}
