//! Rows per table.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::migration::Ledger;

/// The tables of a database, virtual ones included, without SQLite's own, shadow tables and the ledger.
pub fn tables(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ?1 COLLATE NOCASE ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([&ledger.table], |row| row.get(0))?.collect()
}

/// How many rows each of these tables has.
pub fn rows(connection: &Connection, tables: Vec<String>) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut counts = Vec::with_capacity(tables.len());
    for some in tables.chunks(TOGETHER) {
        let each: Vec<_> = some.iter().map(|table| format!("SELECT count(*) FROM main.{}", quoted(table))).collect();
        let mut statement = connection.prepare(&each.join(" UNION ALL "))?;
        for count in statement.query_map([], |row| row.get::<_, i64>(0))? {
            counts.push(count?.unsigned_abs());
        }
    }
    Ok(tables.into_iter().zip(counts).collect())
}

/// Tables in one statement: each statement costs more than the look at a small table.
const TOGETHER: usize = 100;

/// A name as part of a statement.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Format;

    #[test]
    fn every_table_of_the_product_is_counted_and_no_other() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "CREATE TABLE \"a \"\"b\" (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO \"a \"\"b\" DEFAULT VALUES;
                 CREATE TABLE Schema_Migrations (version, dirty); CREATE VIEW v AS SELECT 1;
                 CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES ('x'), ('y'); CREATE TEMP TABLE t (a);",
            )
            .unwrap();
        let ledger = Ledger::of(Format::GolangMigrate, None).unwrap();
        let names = tables(&connection, &ledger).unwrap();
        let rows = rows(&connection, names).unwrap();
        assert_eq!(rows, BTreeMap::from([("a \"b".to_owned(), 1), ("f".to_owned(), 2)]));
    }
}
