//! Whether a script could tell that the ledger was not written yet.

use crate::migration::Script;

/// What tells of the ledger without its name, beside SQLite's own tables.
///
/// * Of all tables: statistics, and how the pages are used.
/// * Of the write before: an engine's row in its ledger counts as one.
/// * The journal mode: SQLite passes over it where something was written in the transaction, and fails at it where nothing was.
const TELLING: [&str; 7] =
    ["analyze", "optimize", "dbstat", "changes", "total_changes", "last_insert_rowid", "journal_mode"];

/// Whether it names the ledger `table`, or anything that tells of it.
pub(super) fn sees_ledger(script: &Script, table: &str) -> bool {
    script.names().any(|name| {
        // Every pragma that answers can be read as a table as well.
        let plain = name.strip_prefix("pragma_").unwrap_or(&name);
        name.eq_ignore_ascii_case(table) || name.starts_with("sqlite_") || TELLING.contains(&plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sees(sql: &str) -> bool {
        sees_ledger(&Script::whole("1_a.sql", sql), "Versions")
    }

    #[test]
    fn a_script_sees_the_ledger_by_its_name_and_by_what_tells_of_every_write() {
        for sql in [
            "SELECT * FROM main.versions",
            "SELECT * FROM [VERSIONS]",
            "SELECT * FROM pragma_table_info('versions')",
            "SELECT seq FROM sqlite_sequence",
            "SELECT name FROM \"sqlite_schema\"",
            "ANALYZE",
            "PRAGMA optimize",
            "SELECT * FROM pragma_optimize",
            "PRAGMA main.journal_mode = wal",
            "SELECT name FROM dbstat",
            "INSERT INTO a SELECT Changes()",
            "INSERT INTO a SELECT total_changes()",
            "INSERT INTO a VALUES (last_insert_rowid())",
        ] {
            assert!(sees(sql), "{sql}");
        }
    }

    #[test]
    fn a_word_that_is_only_part_of_a_name_or_of_a_text_shows_nothing_of_the_ledger() {
        for sql in [
            "CREATE TABLE exchanges (x)",
            "INSERT INTO schema_changes VALUES ('all changes')",
            "CREATE TABLE subversions (analyzed, optimizer)",
            "SELECT 1 -- changes() of versions",
        ] {
            assert!(!sees(sql), "{sql}");
        }
    }
}
