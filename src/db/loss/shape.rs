//! Which tables and columns there are to compare.

use crate::db::loss::LossError;
use crate::db::loss::pair::{Pair, Side};

/// Modules whose rows are nowhere else than in the virtual table.
const WHOLE: [&str; 3] = ["rtree", "rtree_i32", "geopoly"];
/// The table in which a full-text index keeps what was written into it.
const CONTENT: &str = "_content";

pub(super) struct Shape {
    pub(super) tables: Vec<Table>,
    /// What is not compared.
    pub(super) notes: Vec<String>,
}

pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    /// Its place in the primary key, from 1.
    key: Option<i64>,
    /// Computed from other columns.
    generated: bool,
}

impl Shape {
    pub(super) fn read(pair: &Pair, side: Side, ledger: &[&str]) -> Result<Self, LossError> {
        let what = || "the tables of the databases".to_owned();
        read(pair, side, ledger).map_err(|source| LossError::Sqlite { what: what(), source })
    }

    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }
}

impl Table {
    /// The columns that hold values of their own.
    pub(super) fn stored(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|column| !column.generated).map(|column| column.name.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The primary key, if both tables have the same columns in it.
    pub(super) fn key_shared_with(&self, other: &Self) -> Option<Vec<&str>> {
        let (own, others) = (self.key(), other.key());
        let shared = own.iter().all(|name| others.iter().any(|other| other.eq_ignore_ascii_case(name)));
        (!own.is_empty() && own.len() == others.len() && shared).then_some(own)
    }

    fn key(&self) -> Vec<&str> {
        let mut key: Vec<_> =
            self.columns.iter().filter_map(|column| Some((column.key?, column.name.as_str()))).collect();
        key.sort_unstable();
        key.into_iter().map(|(_, name)| name).collect()
    }
}

fn read(pair: &Pair, side: Side, ledger: &[&str]) -> rusqlite::Result<Shape> {
    let query = "SELECT name, type FROM pragma_table_list WHERE schema = ?1 ORDER BY name";
    let mut statement = pair.connection.prepare(query)?;
    let listed = statement.query_map([side.schema()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let listed: Vec<(String, String)> = listed.collect::<rusqlite::Result<_>>()?;
    let is_shadow = |name: &str| listed.iter().any(|(other, kind)| kind == "shadow" && other == name);

    let mut shape = Shape { tables: Vec::new(), notes: Vec::new() };
    for (name, kind) in &listed {
        let is_ledger = ledger.iter().any(|ledger| ledger.eq_ignore_ascii_case(name));
        if is_ledger || name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_")) {
            continue;
        }
        let compared = match kind.as_str() {
            "table" => true,
            "shadow" => name.ends_with(CONTENT),
            "virtual" => WHOLE.contains(&module(pair, side, name)?.as_str()),
            _ => false,
        };
        if compared {
            shape.tables.push(Table { name: name.clone(), columns: columns(pair, side, name)? });
        } else if kind == "virtual" && !is_shadow(&format!("{name}{CONTENT}")) {
            shape.notes.push(format!("virtual table `{name}` was not compared"));
        }
    }
    Ok(shape)
}

fn columns(pair: &Pair, side: Side, table: &str) -> rusqlite::Result<Vec<Column>> {
    // Hidden: 1 is a hidden column of a virtual table, 2 and 3 are generated columns.
    let query = "SELECT name, pk, hidden FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> 1 ORDER BY cid";
    let mut statement = pair.connection.prepare(query)?;
    let columns = statement.query_map([table, side.schema()], |row| {
        let (key, hidden): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Column { name: row.get(0)?, key: (key > 0).then_some(key), generated: hidden != 0 })
    })?;
    columns.collect()
}

/// The module of a virtual table: the word after USING.
fn module(pair: &Pair, side: Side, table: &str) -> rusqlite::Result<String> {
    let query = format!("SELECT sql FROM {}.sqlite_schema WHERE type = 'table' AND name = ?1", side.schema());
    let sql: String = pair.connection.query_row(&query, [table], |row| row.get(0))?;
    let words = sql.to_ascii_lowercase();
    let mut words = words.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    Ok(words.by_ref().skip_while(|word| *word != "using").nth(1).unwrap_or_default().to_owned())
}
