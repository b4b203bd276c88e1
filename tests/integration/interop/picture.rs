//! A database as text: two that mean the same to an engine have the same picture.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::programs::ended;

/// Ledgers, whose times and durations differ from run to run.
const LEDGERS: [&str; 4] = ["schema_migrations", "goose_db_version", "gorp_migrations", "atlas_schema_revisions"];

/// The whole schema, and all rows of all tables in their order, with the type of every value.
pub fn picture(database: &Path) -> String {
    let connection = Connection::open(database).unwrap();
    let mut text = settings(&connection) + &schema(&connection);
    for table in tables(&connection) {
        text += &format!("-- {table}\n");
        for row in rows(&connection, &table) {
            text += &format!("{}\n", row.join(" | "));
        }
    }
    text
}

/// Those that the file keeps.
fn settings(connection: &Connection) -> String {
    let names = ["user_version", "journal_mode", "page_size", "auto_vacuum", "encoding"];
    let value = |name: &str| -> String {
        let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    names.map(|name| format!("{name} {}\n", value(name))).concat()
}

fn schema(connection: &Connection) -> String {
    let sql =
        "SELECT type || ' ' || name || ' ' || tbl_name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    let lines: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    lines.join("\n") + "\n"
}

/// Without those in which a full-text index keeps itself, and without samples: how they look depends on the release of SQLite.
fn tables(connection: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
               AND name NOT IN ('sqlite_schema', 'sqlite_stat4') ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn rows(connection: &Connection, table: &str) -> Vec<Vec<String>> {
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let value = |(index, name): (usize, &String)| {
            let value = row.get_ref(index).unwrap();
            if LEDGERS.contains(&table) { masked(name, value) } else { shown(value) }
        };
        found.push(names.iter().enumerate().map(value).collect());
    }
    found
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => format!("integer {number}"),
        ValueRef::Real(number) => format!("real {number:?}"),
        ValueRef::Text(text) => format!("text {:?}", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => format!("blob {bytes:02x?}"),
    }
}

/// A time by its form, a duration by its type, and not who wrote it.
fn masked(column: &str, value: ValueRef<'_>) -> String {
    match (column, value) {
        ("tstamp" | "applied_at" | "executed_at", ValueRef::Text(text)) => {
            let text = String::from_utf8_lossy(text);
            // The engines drop the last zeros of a fraction, which may be all of it.
            let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
            let zone = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
            let form: String =
                (whole.to_owned() + zone).chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
            format!("time {form}")
        }
        ("execution_time", ValueRef::Integer(time)) => format!("duration, {}", if time > 0 { "taken" } else { "none" }),
        ("operator_version", value) => format!("operator, {:?}", value.data_type()),
        (_, value) => shown(value),
    }
}

/// The statements that make such a database again.
pub fn dump(database: &Path) -> String {
    let connection = Connection::open(database).unwrap();
    let mut text = String::new();
    let mut statement = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY type = 'trigger', rowid")
        .unwrap();
    let made: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let (triggers, others): (Vec<_>, Vec<_>) = made.into_iter().partition(|sql| sql.starts_with("CREATE TRIGGER"));
    others.iter().for_each(|sql| text += &format!("{}\n", ended(sql)));
    for table in tables(&connection) {
        if table == "sqlite_sequence" {
            // It stays when the last table that numbers its rows has gone.
            text += "CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT);\nDROP TABLE numbered;\n";
            text += "DELETE FROM sqlite_sequence;\n";
        }
        for values in quoted(&connection, &table) {
            text += &format!("INSERT INTO \"{table}\" VALUES ({values});\n");
        }
    }
    triggers.iter().for_each(|sql| text += &format!("{}\n", ended(sql)));
    text
}

fn quoted(connection: &Connection, table: &str) -> Vec<String> {
    let columns = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let columns: Vec<String> = columns.column_names().map(|name| format!("quote(\"{name}\")")).collect();
    let sql = format!("SELECT {} FROM \"{table}\"", columns.join(" || ', ' || "));
    let mut statement = connection.prepare(&sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
